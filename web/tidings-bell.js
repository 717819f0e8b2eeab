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
 * footer. Parts: bell, badge, dot, panel, head, heading, count, markAllRead, close,
 * trouble, retry, list, note, desktop, foot, state, all, and those of a row: row,
 * unread, kind and the type, text, title, message, time, tools, mark, remove.
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
const SEEN_MOST = 3; // requests in a row, should arrivals outrun them
const RESTLESS = 2000; // a connection that is back sooner is not worth a word

export class TidingsBell extends TidingsElement {
	static get observedAttributes() {
		return [...super.observedAttributes, "href", "desktop"];
	}

	#arrived = 0; // not announced yet
	#sayTimer;
	#said = 0; // when
	#isAsking = false; // that all be seen
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
				popover: "manual", // above all, whatever the page clips
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
		const { readAll } = this.actions;
		const text = make("slot", { name: "heading" }, word("notifications"));
		const heading = make("h2.heading", { id: "heading" }, text);
		this.count = make("span.count");
		this.readAll = plainButton("markAllRead", readAll, icon("checks"));
		const close = make(
			"button.tool.close",
			{ onclick: () => this.close() },
			icon("close"),
			word("close", "span.spoken"),
		);
		const texts = make("div", {}, heading, this.count);
		return make("div.head", {}, texts, this.readAll, close);
	}

	/** Why it is not live, and what can be done. */
	#buildTrouble() {
		this.why = make("p");
		this.retry = plainButton("retry", () => this.#tryAgain());
		this.trouble = make("div.trouble", { hidden: true }, this.why, this.retry);
		return this.trouble;
	}

	#buildBody() {
		this.list = make("ul.list", { "aria-labelledby": "heading" });
		this.loading = note(word("loading"));
		this.failed = failedNote(() => this.#tryAgain());
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
		const inside = this.#hasFocus();
		this.panel.hidePopover?.();
		this.panel.hidden = true;
		this.button.ariaExpanded = "false";
		if (inside) this.button.focus();
	}

	#hasFocus() {
		return this.panel.contains(this.shadowRoot.activeElement);
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
		const { unread, status } = this.client;
		const hadFocus = this.#hasFocus();
		if (state === "ready" && hasMore && items.length < PAGE) this.inbox.more();
		renderRows(this.list, this.rows, items.slice(0, PAGE), this);
		this.count.hidden = unread === 0;
		this.count.textContent = this.words.say("unread", { n: unread });
		this.readAll.hidden = unread === 0;
		this.failed.hidden = state !== "failed";
		this.loading.hidden = items.length > 0 || state !== "loading";
		this.empty.hidden = items.length > 0 || state !== "ready";
		this.#renderStatus(status);
		const href = safeLink(this.getAttribute("href"));
		this.all.hidden = !href;
		this.all.href = href ?? "";
		if (hadFocus && !this.shadowRoot.activeElement?.getClientRects().length)
			this.panel.focus(); // what had it is gone
		this.#makeSeen();
	}

	#renderButton() {
		const { words, client } = this;
		const { unseen: n, status } = client;
		this.badge.hidden = n === 0;
		this.badge.textContent =
			n > BADGE_MOST
				? words.say("badgeMost", { n: BADGE_MOST })
				: words.number(n);
		this.dot.className = `dot ${status.state}`;
		const values = { n, status: words.status(status) };
		const name = words.say(n > 0 ? "bellNew" : "bell", values);
		this.spoken.textContent = this.button.title = name;
	}

	/** While it tries again the reason stays: it is known anew when that failed. */
	#renderStatus(status) {
		const { state, reason, delay } = status;
		this.stateDot.className = `dot ${state}`;
		this.state.textContent = this.words.status(status);
		if (state === "connecting") return;
		const isSaid = reason !== "server" || delay >= RESTLESS;
		const why = this.words.say(`why.${reason}`);
		this.why.textContent = why;
		this.trouble.hidden = !why || !isSaid;
		const isFinal = /forbidden|origin/.test(reason);
		this.retry.hidden = isFinal || !this.failed.hidden; // which has one, too
	}

	#tryAgain() {
		if (/waiting|stopped/.test(this.client.status.state)) {
			this.client.stop();
			this.client.start();
		}
		if (this.inbox.state === "failed") this.inbox.load();
	}

	// --- Behaviour ----------------------------------------------------------

	/** What arrives while the panel is open, or while this is asked, is seen as well. */
	async #makeSeen() {
		if (this.#isAsking) return;
		this.#isAsking = true;
		try {
			for (let left = SEEN_MOST; left > 0 && this.#hasUnseen(); left--)
				await this.client.seen();
		} catch {
			// the badge keeps saying what the server holds
		}
		this.#isAsking = false;
	}

	#hasUnseen() {
		return this.open && !document.hidden && this.client.unseen > 0;
	}

	/** Many at once are said as a number: a screen reader is not to be flooded. */
	#announce({ title }) {
		this.#arrived++;
		const pause = this.#said + SAY_PAUSE - Date.now();
		this.#sayTimer ??= setTimeout(
			() => {
				const n = this.#arrived;
				const key = n > 1 ? "arrivedMany" : "arrived";
				this.#quiet();
				this.#said = Date.now();
				this.say(this.words.say(key, { n, title }));
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
		if (!this.#hasDesktop || this.#desktop || inbox !== this.inbox) return;
		this.#desktop = new Desktop(this);
	}

	/** Below the button's end, or above it; always inside the window. */
	#place() {
		if (!this.open) return;
		const { top, bottom, left, right } = this.button.getBoundingClientRect();
		const { style, offsetWidth } = this.panel;
		const height = document.documentElement.clientHeight;
		const below = height - bottom;
		const above = below < ROOM && top > below;
		const x = this.matches(":dir(rtl)") ? left : right - offsetWidth;
		style.inset = "auto";
		if (above) style.bottom = `${height - top + GAP}px`;
		else style.top = `${bottom + GAP}px`;
		style.left = `clamp(${GAP}px, ${x}px, 100% - ${offsetWidth + GAP}px)`;
		style.maxHeight = `min(${TALL}px, ${(above ? top : below) - 2 * GAP}px)`;
	}

	#key(event) {
		if (!this.open) return;
		if (event.key !== "Escape") return this.#step(event);
		event.stopPropagation();
		this.close();
		this.button.focus();
	}

	/** From row to row: to its link, or to what marks it. */
	#step(event) {
		const { key, target } = event;
		const rows = [...this.list.children];
		const at = rows.indexOf(target.closest(".row"));
		const end = rows.length - 1;
		const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: end };
		if (!(key in steps) || (at < 0 && target !== this.panel)) return;
		const row = rows[Math.max(0, Math.min(steps[key], end))];
		row?.querySelector("a, .mark").focus();
		event.preventDefault();
	}
}

customElements.define("tidings-bell", TidingsBell);
