/**
 * <tidings-list>: a user's notifications, newest first, a page at a time, kept
 * in step with the server. A click reads one; buttons mark unread and delete.
 *
 *	<tidings-list token-url="/my/token"></tidings-list>
 *
 * Attributes: `base`, `token-url` (see TidingsElement), `page` (how many are
 * fetched at a time, 1 to 100). Property: `client`. Slots: heading,
 * empty. Parts: the names of the classes. The head stays in place where the page
 * gives the element a height.
 */

import { TidingsElement } from "./tidings-element.js";
import { css } from "./tidings-style.js";
import { emptyNote, failedNote, icon, make, plainButton, renderRows, word } from "./tidings-view.js";

const PAGE = 20;
const PAGE_MOST = 100;

const sheet = css`
	:host {
		display: flex;
		flex-direction: column;
		min-height: 0;
		overflow: hidden;
		background: var(--_surface);
	}
	.scroll {
		flex: 1;
		min-height: 0;
		overflow-y: auto;
	}
	.scroll:focus {
		outline: none;
	}
	.more {
		display: flex;
		justify-content: center;
		padding: 10px;
	}
	ul {
		border-block-end: 1px solid var(--_line);
	}
	ul:empty {
		border: 0;
	}
	.more .plain {
		margin: 0;
	}
	.bone {
		display: grid;
		grid-template-columns: 32px 1fr;
		gap: 12px;
		padding: 14px 16px;
	}
	.bone::before,
	.bone::after {
		content: "";
		border-radius: 8px;
		background: var(--_hover);
	}
	.bone::before {
		height: 32px;
		border-radius: 50%;
	}
	@media (prefers-reduced-motion: no-preference) {
		.bone {
			animation: tidings-pulse 1.4s ease-in-out infinite;
		}
	}
`;

export class TidingsList extends TidingsElement {
	constructor() {
		super(sheet);
		this.#buildHead();
		this.list = make("ul.list", { "aria-labelledby": "heading" });
		this.failed = failedNote(() => this.inbox.load());
		this.empty = emptyNote();
		this.bones = make("div", { hidden: true }, ...this.#bones(3));
		this.moreButton = plainButton("more", () => this.#more());
		this.foot = make("div.more", { hidden: true }, this.moreButton);
		this.scroll = make(
			"div.scroll",
			{ tabindex: "-1" },
			this.list,
			this.bones,
			this.failed,
			this.empty,
			this.foot,
		);
		this.shadowRoot.append(this.head, this.scroll, this.live);
	}

	#buildHead() {
		this.count = make("span.count");
		this.readAll = plainButton("markAllRead", this.actions.readAll, icon("checks"));
		const heading = make("slot", { name: "heading" }, word("notifications"));
		this.head = make(
			"div.head",
			{},
			make("h2.heading", { id: "heading" }, heading),
			this.count,
			this.readAll,
		);
	}

	#bones(count) {
		return Array.from({ length: count }, () => make("div.bone"));
	}

	// --- What TidingsElement asks for ---------------------------------------

	get page() {
		const asked = Number.parseInt(this.getAttribute("page"), 10) || PAGE;
		return Math.min(Math.max(asked, 1), PAGE_MOST);
	}

	bind() {
		this.inbox.load();
	}

	render() {
		const { items, state, hasMore } = this.inbox;
		const { unread } = this.client;
		const empty = items.length === 0;
		renderRows(this.list, this.rows, items, this);
		this.count.textContent = unread ? this.words.say("unread", { n: unread }) : "";
		this.readAll.hidden = empty;
		this.readAll.disabled = unread === 0;
		this.bones.hidden = !(empty && state === "loading");
		this.list.setAttribute("aria-busy", String(state === "loading"));
		this.failed.hidden = state !== "failed";
		this.empty.hidden = !(empty && state === "ready");
		this.foot.hidden = !hasMore;
		this.moreButton.disabled = state === "loading";
	}

	/** Focus goes on with what was asked for. */
	async #more() {
		const before = this.inbox.items.length;
		await this.inbox.more();
		const after = this.inbox.items;
		if (after.length > before) this.rows.get(after[before].id)?.mark.focus();
	}
}

customElements.define("tidings-list", TidingsList);
