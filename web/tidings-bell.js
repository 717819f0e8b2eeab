/**
 * <tidings-bell>: a button with an exact badge of what is unseen, and a panel
 * with the latest notifications. Opening the panel makes all seen, none read.
 *
 *	<tidings-bell token-url="/my/token" href="/notifications"></tidings-bell>
 *
 * Attributes: `base`, `token-url` (see TidingsElement), `href` (the page with
 * all of them, linked at the foot). Property: `client`. Parts: button, badge,
 * panel, item, icon, title, message, link, mark, remove.
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
	safeLink,
	statusText,
	strings,
} from "./tidings-view.js";

const PAGE = 10;
const BADGE_MOST = 99;
const SAY_AFTER = 800; // arrivals within it are announced together

const sheet = css`
	:host {
		display: inline-block;
		position: relative;
	}
	.bell {
		position: relative;
		display: grid;
		place-items: center;
		width: 40px;
		height: 40px;
		border-radius: 10px;
	}
	.bell:hover,
	.bell[aria-expanded="true"] {
		background: var(--_hover);
	}
	.bell > svg {
		width: 23px;
		height: 23px;
		stroke-width: 1.6;
	}
	.badge {
		position: absolute;
		inset-block-start: 1px;
		inset-inline-start: 21px;
		min-width: 18px;
		height: 18px;
		padding: 0 5px;
		border-radius: 9px;
		background: var(--_badge);
		color: #fff;
		font-size: 11px;
		font-weight: 700;
		line-height: 18px;
		text-align: center;
		font-variant-numeric: tabular-nums;
		box-shadow: 0 0 0 2px var(--_surface);
	}
	.bell > .dot {
		position: absolute;
		inset-block-end: 6px;
		inset-inline-end: 6px;
		box-shadow: 0 0 0 2px var(--_surface);
	}
	.panel {
		position: absolute;
		z-index: 1000;
		inset-block-start: calc(100% + 8px);
		inset-inline-end: 0;
		display: flex;
		flex-direction: column;
		width: var(--tidings-panel-width, 392px);
		max-height: min(560px, 80vh);
		overflow: hidden;
		border: 1px solid var(--_line);
		border-radius: var(--_radius);
		background: var(--_surface);
		box-shadow:
			0 2px 6px rgb(10 15 30 / 8%),
			0 16px 40px rgb(10 15 30 / 18%);
	}
	.panel.start {
		inset-inline: 0 auto;
	}
	.panel:focus {
		outline: none;
	}
	.scroll {
		flex: 1;
		overflow-y: auto;
		overscroll-behavior: contain;
	}
	.head .count {
		display: inline-flex;
		align-items: center;
		gap: 6px;
	}
	.foot {
		padding: 10px;
		border-block-start: 1px solid var(--_line);
		text-align: center;
	}
	.foot a {
		color: var(--_accent);
		font-weight: 550;
		text-decoration: none;
	}
	.foot a:hover {
		text-decoration: underline;
	}
	@media (max-width: 480px) {
		.panel,
		.panel.start {
			position: fixed;
			inset: auto 8px 8px;
			width: auto;
			max-height: 72vh;
		}
	}
	@media (prefers-reduced-motion: no-preference) {
		.panel {
			animation: tidings-open 0.14s ease-out;
		}
		.badge.bump {
			animation: tidings-bump 0.35s ease-out;
		}
	}
	@keyframes tidings-open {
		from {
			opacity: 0;
			translate: 0 -6px;
		}
	}
	@keyframes tidings-bump {
		40% {
			scale: 1.3;
		}
	}
`;

export class TidingsBell extends TidingsElement {
	static observedAttributes = ["href"];

	#arrived = []; // titles not announced yet
	#sayTimer;
	#asking = false; // a request that makes all seen is on its way

	constructor() {
		super(sheet);
		this.#buildButton();
		this.#buildPanel();
		this.shadowRoot.append(this.button, this.panel, this.live);
		this.shadowRoot.addEventListener("keydown", (event) => this.#key(event));
	}

	#buildButton() {
		this.spoken = make("span", { class: "spoken" });
		this.badge = make("span", {
			class: "badge",
			part: "badge",
			"aria-hidden": "true",
			hidden: true,
		});
		this.dot = make("span", { class: "dot", part: "dot" });
		this.button = make(
			"button",
			{
				type: "button",
				class: "bell",
				part: "button",
				"aria-haspopup": "dialog",
				"aria-expanded": "false",
				"aria-controls": "panel",
				onclick: () => (this.open ? this.close() : this.show()),
			},
			icon("bell"),
			this.spoken,
			this.badge,
			this.dot,
		);
	}

	#buildPanel() {
		this.list = make("ul");
		this.note = make("div", { class: "note" });
		this.foot = make("div", { class: "foot", hidden: true });
		this.panelDot = make("span", { class: "dot" });
		this.panelStatus = make("span");
		this.readAll = plainButton(
			strings.markAllRead,
			this.actions.readAll,
			icon("checks"),
		);
		this.panel = make(
			"div",
			{
				id: "panel",
				class: "panel",
				part: "panel",
				role: "dialog",
				tabindex: "-1",
				hidden: true,
			},
			make(
				"div",
				{ class: "head" },
				make("h2", { id: "heading" }, strings.notifications),
				make(
					"span",
					{ class: "count" },
					this.panelDot,
					this.panelStatus,
				),
				this.readAll,
			),
			make("div", { class: "scroll" }, this.list, this.note),
			this.foot,
		);
		this.panel.setAttribute("aria-labelledby", "heading");
	}

	get open() {
		return !this.panel.hidden;
	}

	/** Opens the panel, fetches what it shows and tells the server that it was seen. */
	show() {
		if (this.open || !this.client) return;
		this.panel.hidden = false;
		this.button.setAttribute("aria-expanded", "true");
		this.#place();
		this.panel.focus();
		if (this.inbox.state === "idle" || this.inbox.state === "failed")
			this.inbox.load();
		document.addEventListener("pointerdown", this.#outside);
		this.#makeSeen();
		this.render();
	}

	/** Closes the panel; focus goes back to the button if it was inside. */
	close() {
		if (!this.open) return;
		const inside = this.panel.contains(this.shadowRoot.activeElement);
		this.panel.hidden = true;
		this.button.setAttribute("aria-expanded", "false");
		document.removeEventListener("pointerdown", this.#outside);
		if (inside) this.button.focus();
	}

	// --- What TidingsElement asks for ---------------------------------------

	get page() {
		return PAGE;
	}

	bind(client) {
		this.listen(document, "visibilitychange");
		this.listen(client, "notification", ({ detail }) =>
			this.#announce(detail.notification),
		);
	}

	unbind() {
		this.close();
		clearTimeout(this.#sayTimer);
		this.#sayTimer = undefined;
	}

	attributeChangedCallback() {
		const href = safeLink(this.getAttribute("href"));
		this.foot.hidden = !href;
		this.foot.replaceChildren(...(href ? [make("a", { href }, strings.all)] : []));
	}

	render() {
		if (!this.inbox) return;
		this.#renderButton();
		if (!this.open) return;
		const { items, hasMore, state } = this.inbox;
		if (state === "ready" && hasMore && items.length < PAGE) this.inbox.more();
		renderRows(this.list, this.rows, items.slice(0, PAGE), this.actions);
		this.readAll.disabled = this.client.unread === 0;
		this.panelDot.className = `dot ${this.client.status.state}`;
		this.panelStatus.textContent = statusText(this.client.status);
		this.#renderNote(items.length === 0);
		if (this.client.unseen > 0) this.#makeSeen();
	}

	#renderButton() {
		const { unseen, status } = this.client;
		const shown = unseen > BADGE_MOST ? `${BADGE_MOST}+` : String(unseen);
		if (this.badge.textContent !== shown) {
			this.badge.textContent = shown;
			this.#bump();
		}
		this.badge.hidden = unseen === 0;
		this.dot.className = `dot ${status.state}`;
		this.dot.title = statusText(status);
		const parts = [strings.notifications];
		if (unseen > 0) parts.push(strings.newCount(unseen));
		this.spoken.textContent = `${parts.join(", ")}. ${statusText(status)}`;
	}

	#bump() {
		this.badge.classList.remove("bump");
		requestAnimationFrame(() => this.badge.classList.add("bump"));
	}

	#renderNote(empty) {
		const { state } = this.inbox;
		const failed = state === "failed";
		this.note.hidden = !empty && !failed;
		if (failed) this.note.replaceChildren(...failedNote(() => this.inbox.load()));
		else if (state === "ready") this.note.replaceChildren(...emptyNote());
		else this.note.replaceChildren(strings.loading);
	}

	// --- Behaviour ----------------------------------------------------------

	/** What arrives while the panel is open is seen as well. */
	async #makeSeen() {
		if (this.#asking || this.client.unseen === 0 || document.hidden) return;
		this.#asking = true;
		try {
			await this.client.seen();
		} catch {
			// the badge keeps saying what the server holds
		}
		this.#asking = false;
	}

	/** Many at once are said as a number: a screen reader is not to be flooded. */
	#announce({ title }) {
		this.#arrived.push(title);
		this.#sayTimer ??= setTimeout(() => {
			const count = this.#arrived.length;
			this.say(
				count > 1
					? strings.arrivedMany(count)
					: strings.arrived(this.#arrived[0]),
			);
			this.#arrived = [];
			this.#sayTimer = undefined;
		}, SAY_AFTER);
	}

	/** Hangs from the button's end, or from its start where there is no room. */
	#place() {
		this.panel.classList.remove("start");
		const { left, right } = this.panel.getBoundingClientRect();
		const rtl = getComputedStyle(this).direction === "rtl";
		const over = rtl ? right > document.documentElement.clientWidth : left < 0;
		this.panel.classList.toggle("start", over);
	}

	#key(event) {
		if (event.key !== "Escape" || !this.open) return;
		event.stopPropagation();
		this.close();
		this.button.focus();
	}

	#outside = (event) => {
		if (!event.composedPath().includes(this)) this.close();
	};
}

customElements.define("tidings-bell", TidingsBell);
