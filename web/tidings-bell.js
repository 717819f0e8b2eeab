/**
 * <tidings-bell>: a button with an exact badge of what is unseen, and a panel
 * with the latest notifications. Opening the panel makes all seen, none read.
 *
 *	<tidings-bell token-url="/my/token" href="/notifications"></tidings-bell>
 *
 * Attributes: `base`, `token-url`, `user`, `transports` (see TidingsElement),
 * `href` (the page with all of them, linked at the foot), `desktop` (the panel
 * offers to show arrivals on the desktop). Property: `client`. Methods: show(),
 * close(). Event: `follow` (see TidingsElement). Slots: icon, heading, empty,
 * footer. Parts: bell, badge, dot, panel, head, heading, count, read-all, close,
 * trouble, retry, list, note, desktop, foot, state, all, and those of a row: row,
 * unread, kind and the type, text, title, message, tools, mark, remove.
 */

import { TidingsElement } from "./tidings-element.js";
import { bellSheet } from "./tidings-style.js";
import {
	emptyNote,
	failedNote,
	icon,
	make,
	note,
	plainButton,
	renderRows,
	safeLink,
	word,
} from "./tidings-view.js";

const PAGE = 10;
const BADGE_MOST = 99;
const SAY_AFTER = 800; // arrivals within it are announced together
const SAY_PAUSE = 5000; // between two announcements
const GAP = 8; // between button, panel and the edges of the window
const ROOM = 360; // a panel that has less below the button goes where there is more
const TALL = 600;
const RESTLESS = 2000; // a connection that is back sooner is not worth a word
const STEPS = {
	ArrowDown: (index) => index + 1,
	ArrowUp: (index) => Math.max(index - 1, 0),
	Home: () => 0,
	End: () => PAGE,
};

export class TidingsBell extends TidingsElement {
	static observedAttributes = [...super.observedAttributes, "href", "desktop"];

	#arrived = 0; // not announced yet
	#sayTimer;
	#said = 0; // when
	#asking = null; // the request that makes all seen
	#hasDesktop = false;
	#desktop = null;

	constructor() {
		super(bellSheet);
		this.#buildButton();
		this.panel = make(
			"div.panel",
			{
				role: "dialog",
				tabindex: "-1",
				popover: "manual", // above all else, whatever the page clips
				hidden: true,
				"aria-labelledby": "heading",
			},
			this.#buildHead(),
			this.#buildTrouble(),
			this.#buildBody(),
			(this.offer = make("div.desktop", { hidden: true })),
			this.#buildFoot(),
		);
		this.shadowRoot.append(this.button, this.panel, this.live);
		this.shadowRoot.addEventListener("keydown", (event) => this.#key(event));
		this.addEventListener("focusout", ({ relatedTarget }) => {
			if (relatedTarget && !this.contains(relatedTarget)) this.close();
		});
	}

	#buildButton() {
		this.spoken = make("span.spoken");
		this.badge = make("span.badge", { "aria-hidden": "true", hidden: true });
		this.dot = make("span.dot");
		this.button = make(
			"button.bell",
			{
				"aria-haspopup": "dialog",
				"aria-expanded": "false",
				onclick: () => (this.open ? this.close() : this.show()),
			},
			make("slot", { name: "icon" }, icon("bell")),
			this.spoken,
			this.badge,
			this.dot,
		);
	}

	#buildHead() {
		const heading = make("slot", { name: "heading" }, word("notifications"));
		this.count = make("span.count");
		this.readAll = plainButton("markAllRead", this.actions.readAll, icon("checks"));
		return make(
			"div.head",
			{},
			make("div", {}, make("h2.heading", { id: "heading" }, heading), this.count),
			this.readAll,
			make(
				"button.tool.close",
				{ onclick: () => this.close() },
				icon("close"),
				word("close", "span.spoken"),
			),
		);
	}

	/** Why it is not live, and what can be done. */
	#buildTrouble() {
		this.why = make("p");
		this.retry = plainButton("retry", () => this.#retry());
		return (this.trouble = make("div.trouble", {}, this.why, this.retry));
	}

	#buildBody() {
		this.list = make("ul.list", { "aria-labelledby": "heading" });
		this.loading = note(word("loading"));
		this.failed = failedNote(() => this.#retry());
		this.empty = emptyNote();
		const notes = [this.loading, this.failed, this.empty];
		return make("div.scroll", {}, this.list, ...notes);
	}

	#buildFoot() {
		this.stateDot = make("span.dot");
		this.state = make("span.state");
		this.all = word("all", "a.all");
		const slot = make("slot", { name: "footer" }, this.all);
		return make("div.foot", {}, this.stateDot, this.state, slot);
	}

	get open() {
		return !this.panel.hidden;
	}

	/** Opens the panel, fetches what it shows and tells the server that it was seen. */
	show() {
		if (this.open || !this.inbox) return;
		this.panel.hidden = false;
		this.panel.showPopover?.();
		this.button.ariaExpanded = "true";
		this.#place();
		this.panel.focus();
		if (/idle|failed/.test(this.inbox.state)) this.inbox.load();
		this.render();
	}

	/** Closes the panel; focus goes back to the button if it was inside. */
	close() {
		if (!this.open) return;
		const inside = this.panel.contains(this.shadowRoot.activeElement);
		this.panel.hidePopover?.();
		this.panel.hidden = true;
		this.button.ariaExpanded = "false";
		if (inside) this.button.focus();
	}

	// --- What TidingsElement asks for ---------------------------------------

	get page() {
		return PAGE;
	}

	bind(client) {
		this.listen(document, "visibilitychange");
		this.listen(globalThis, "resize", () => this.#place());
		this.listen(globalThis, "scroll", () => this.#place());
		this.listen(globalThis, "pointerdown", (event) => {
			if (!event.composedPath().includes(this)) this.close();
		});
		this.listen(client, "notification", ({ detail }) =>
			this.#announce(detail.notification),
		);
	}

	unbind() {
		this.close();
		this.#quiet();
		this.#desktop?.close();
		this.#desktop = null;
		this.#hasDesktop = false;
	}

	disconnectedCallback() {
		this.close(); // a panel does not move
		super.disconnectedCallback();
	}

	follow(notification) {
		this.close();
		return super.follow(notification);
	}

	render() {
		this.#renderButton();
		this.#offerDesktop();
		if (!this.open) return;
		const { items, hasMore, state } = this.inbox;
		const { unread, unseen, status } = this.client;
		const hadFocus = this.panel.contains(this.shadowRoot.activeElement);
		if (state === "ready" && hasMore && items.length < PAGE) this.inbox.more();
		renderRows(this.list, this.rows, items.slice(0, PAGE), this);
		this.count.textContent = unread ? this.words.say("unread", { n: unread }) : "";
		this.readAll.hidden = unread === 0;
		this.failed.hidden = state !== "failed";
		this.loading.hidden = items.length > 0 || state !== "loading";
		this.empty.hidden = items.length > 0 || state !== "ready";
		this.#renderStatus(status);
		const href = safeLink(this.getAttribute("href"));
		this.all.hidden = !href;
		this.all.href = href;
		if (hadFocus && !this.shadowRoot.activeElement?.getClientRects().length)
			this.panel.focus(); // what had it is gone
		if (unseen > 0) this.#makeSeen();
	}

	#renderButton() {
		const { words, client } = this;
		const { unseen: n, status } = client;
		this.badge.hidden = n === 0;
		this.badge.textContent =
			n > BADGE_MOST ? words.say("badgeMost", { n: BADGE_MOST }) : words.number(n);
		this.dot.className = `dot ${status.state}`;
		this.spoken.textContent = this.button.title = words.say(n ? "bellNew" : "bell", {
			n,
			status: words.status(status),
		});
	}

	/** While it tries again the reason stays: it is known anew when that failed. */
	#renderStatus(status) {
		const { state, reason, delay } = status;
		this.stateDot.className = `dot ${state}`;
		this.state.textContent = this.words.status(status);
		if (state === "connecting") return;
		const why = this.words.say(`why.${reason}`);
		this.why.textContent = why;
		this.trouble.hidden = !why || (reason === "server" && delay < RESTLESS);
		this.retry.hidden = /forbidden|origin/.test(reason) || !this.failed.hidden;
	}

	#retry() {
		if (/waiting|stopped/.test(this.client.status.state)) {
			this.client.stop();
			this.client.start();
		}
		if (this.inbox.state === "failed") this.inbox.load();
	}

	// --- Behaviour ----------------------------------------------------------

	/** What arrives while the panel is open is seen as well. */
	#makeSeen() {
		if (document.hidden) return;
		this.#asking ??= this.client
			.seen()
			.catch(() => {}) // the badge keeps saying what the server holds
			.finally(() => (this.#asking = null));
	}

	/** Many at once are said as a number: a screen reader is not to be flooded. */
	#announce({ title }) {
		this.#arrived++;
		const pause = this.#said + SAY_PAUSE - Date.now();
		this.#sayTimer ??= setTimeout(
			() => {
				const n = this.#arrived;
				this.#quiet();
				this.#said = Date.now();
				this.say(this.words.say(n > 1 ? "arrivedMany" : "arrived", { n, title }));
			},
			Math.max(SAY_AFTER, pause),
		);
	}

	#quiet() {
		clearTimeout(this.#sayTimer);
		this.#sayTimer = undefined;
		this.#arrived = 0;
	}

	/** Its module is loaded where it is asked for. */
	async #offerDesktop() {
		const { inbox } = this;
		const wanted = this.hasAttribute("desktop") && "Notification" in globalThis;
		if (wanted === this.#hasDesktop) return;
		this.#hasDesktop = wanted;
		this.#desktop?.close();
		this.#desktop = null;
		if (!wanted) return;
		const { Desktop } = await import("./tidings-desktop.js");
		if (this.#hasDesktop && inbox === this.inbox) this.#desktop = new Desktop(this);
	}

	/** Below the button's end, or above it; always inside the window. */
	#place() {
		if (!this.open) return;
		const { top, bottom, left, right } = this.button.getBoundingClientRect();
		const { clientWidth, clientHeight } = document.documentElement;
		const { style, offsetWidth } = this.panel;
		const x = this.matches(":dir(rtl)") ? left : right - offsetWidth;
		const below = clientHeight - bottom;
		const above = below < ROOM && top > below;
		style.left = `${Math.max(GAP, Math.min(x, clientWidth - offsetWidth - GAP))}px`;
		style.top = above ? "auto" : `${bottom + GAP}px`;
		style.bottom = above ? `${clientHeight - top + GAP}px` : "auto";
		style.maxHeight = `${Math.min(TALL, (above ? top : below) - 2 * GAP)}px`;
	}

	#key(event) {
		if (!this.open) return;
		if (event.key === "Escape") {
			event.stopPropagation();
			this.close();
			this.button.focus();
		} else if (Object.hasOwn(STEPS, event.key)) this.#step(event);
	}

	/** From row to row: to its link, or to what marks it. */
	#step(event) {
		const { key, target } = event;
		if (target !== this.panel && !this.list.contains(target)) return;
		const rows = [...this.list.children];
		const index = STEPS[key](rows.indexOf(target.closest(".row")));
		rows[Math.min(index, rows.length - 1)]?.querySelector("a, .mark").focus();
		event.preventDefault();
	}
}

customElements.define("tidings-bell", TidingsBell);
