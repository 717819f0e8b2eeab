/**
 * <tidings-list>: a user's notifications, newest first, a page at a time, kept
 * in step with the server. A click reads one; buttons mark unread and delete.
 *
 *	<tidings-list token-url="/my/token"></tidings-list>
 *
 * Attributes: `base`, `token-url` (see TidingsElement), `page` (how many are
 * fetched at a time, 1 to 100). Property: `client`. Slot: `heading`. Parts:
 * head, list, item, icon, title, message, link, mark, remove, more. The head
 * stays in place where the page gives the element a height.
 */

import { TidingsElement } from "./tidings-element.js";
import { css } from "./tidings-style.js";
import {
	emptyNote,
	failedNote,
	icon,
	make,
	plainButton,
	renderRows,
	strings,
} from "./tidings-view.js";

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
		this.list = make("ul", { part: "list", "aria-labelledby": "heading" });
		this.note = make("div", { class: "note", hidden: true });
		this.bones = make("div", { hidden: true }, ...this.#bones(3));
		this.moreButton = plainButton(strings.more, () => this.#more());
		this.moreButton.part = "more";
		this.foot = make("div", { class: "more", hidden: true }, this.moreButton);
		this.scroll = make(
			"div",
			{ class: "scroll", tabindex: "-1" },
			this.list,
			this.bones,
			this.note,
			this.foot,
		);
		this.shadowRoot.append(this.head, this.scroll, this.live);
	}

	#buildHead() {
		this.count = make("span", { class: "count" });
		this.readAll = plainButton(
			strings.markAllRead,
			this.actions.readAll,
			icon("checks"),
		);
		const heading = make("slot", { name: "heading" }, strings.notifications);
		this.head = make(
			"div",
			{ class: "head", part: "head" },
			make("h2", { id: "heading" }, heading),
			this.count,
			this.readAll,
		);
	}

	#bones(count) {
		return Array.from({ length: count }, () => make("div", { class: "bone" }));
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
		if (!this.inbox) return;
		const { items, state, hasMore } = this.inbox;
		const empty = items.length === 0;
		renderRows(this.list, this.rows, items, this.actions);
		this.count.textContent = this.client.unread
			? strings.unreadCount(this.client.unread)
			: "";
		this.readAll.hidden = empty;
		this.readAll.disabled = this.client.unread === 0;
		this.bones.hidden = !(empty && state === "loading");
		this.list.setAttribute("aria-busy", String(state === "loading"));
		this.#renderNote(empty, state);
		this.foot.hidden = !hasMore;
		this.moreButton.disabled = state === "loading";
	}

	#renderNote(empty, state) {
		this.note.hidden = !(state === "failed" || (empty && state === "ready"));
		if (state === "failed")
			this.note.replaceChildren(...failedNote(() => this.inbox.load()));
		else if (state === "ready") this.note.replaceChildren(...emptyNote());
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
