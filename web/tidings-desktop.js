/**
 * Notifications on the user's desktop, for a bell with the attribute `desktop`;
 * loaded by such a bell alone. Off until the user turns the panel's switch on,
 * which is when the browser asks for permission, and remembered for the site.
 *
 * The tab that has the connection shows them, and only while no tab of the site
 * is visible: who looks at one of them sees the badge change. Each visible tab
 * therefore holds a lock, which the browser lets go of with the tab. The tag is
 * the notification's id, so none is there twice; what is read, deleted, withdrawn
 * or expired, here or elsewhere, goes. They go with the page that shows them, too:
 * nobody would answer a click.
 */

import { css } from "./tidings-style.js";
import { make, safeLink, word } from "./tidings-view.js";

const REMEMBERED = "tidings-desktop";
const VISIBLE = "tidings-visible";
const SHOWN_MOST = 5; // the oldest makes room
const ENDING = /^(read|deleted|withdrawn|expired|all_read|all_deleted)$/;

const sheet = css`
	.desktop {
		padding: 6px 16px;
		border-block-start: 1px solid var(--_line);
	}
	.switch {
		display: flex;
		align-items: center;
		justify-content: space-between;
		gap: 12px;
		width: 100%;
		min-height: 32px;
		text-align: start;
	}
	.switch::after {
		content: "";
		width: 34px;
		height: 20px;
		flex: none;
		border: 2px solid var(--_muted);
		border-radius: 10px;
		--_knob: radial-gradient(circle, var(--_muted) 6px, transparent 6.5px);
		background: var(--_knob) 0 / 16px no-repeat;
	}
	.switch[aria-checked="true"]::after {
		border-color: var(--_accent);
		background-color: var(--_accent);
		--_knob: radial-gradient(circle, var(--_surface) 6px, transparent 6.5px);
		background-position-x: 100%;
	}
	.switch:dir(rtl)::after {
		scale: -1 1;
	}
	@media (forced-colors: active) {
		.switch::after {
			forced-color-adjust: none;
			--_muted: ButtonText;
			--_accent: Highlight;
			--_surface: HighlightText;
		}
	}
	.denied {
		color: var(--_muted);
		font-size: 0.92em;
	}
`;

function isRemembered() {
	try {
		return localStorage.getItem(REMEMBERED) === "on";
	} catch {
		return false; // where nothing may be stored it stays off
	}
}

function remember(isOn) {
	try {
		localStorage.setItem(REMEMBERED, isOn ? "on" : "off");
	} catch {
		// see above
	}
}

async function isAnyVisible() {
	const { held } = await navigator.locks.query();
	return held.some(({ name }) => name === VISIBLE);
}

export class Desktop {
	#bell;
	#shown = new Map(); // id to what is shown, or null while that is decided
	#listening = new AbortController();
	#leave = null; // lets go of the lock

	/** @param {import("./tidings-bell.js").TidingsBell} bell with a client */
	constructor(bell) {
		this.#bell = bell;
		const onclick = () => this.#toggle();
		const role = "switch";
		this.switch = make("button.switch", { role, onclick }, word("desktop"));
		this.denied = word("desktopDenied", "span.denied");
		const { adoptedStyleSheets: sheets } = bell.shadowRoot;
		if (!sheets.includes(sheet)) sheets.push(sheet);
		bell.offer.replaceChildren(this.switch, this.denied);
		bell.offer.hidden = false;
		bell.translate();
		this.#listen(bell.client);
		this.#look();
		this.#render();
	}

	#listen(client) {
		const { signal } = this.#listening;
		for (const [target, type, listener] of [
			[client, "notification", (event) => this.#arrived(event.detail)],
			[client, "change", (event) => this.#changed(event.detail)],
			[globalThis, "storage", () => this.#render()],
			[globalThis, "pagehide", () => this.#withdrawAll()],
			[document, "visibilitychange", () => this.#look()],
		])
			target.addEventListener(type, listener, { signal });
	}

	close() {
		this.#listening.abort();
		this.#leave?.();
		this.#withdrawAll();
		this.#bell.offer.hidden = true;
	}

	get #isOn() {
		return Notification.permission === "granted" && isRemembered();
	}

	async #toggle() {
		const turnOn = !this.#isOn;
		if (turnOn) await Notification.requestPermission();
		else this.#withdrawAll();
		remember(turnOn);
		this.#render();
	}

	#render() {
		this.switch.ariaChecked = String(this.#isOn);
		this.denied.hidden = Notification.permission !== "denied";
	}

	/** Says to the other tabs whether this one is visible. */
	#look() {
		this.#leave?.();
		this.#leave = null;
		if (document.hidden) return;
		const left = new Promise((resolve) => (this.#leave = resolve));
		navigator.locks?.request(VISIBLE, { mode: "shared" }, () => left);
	}

	async #arrived({ notification }) {
		if (!this.#isOn || this.#bell.client.leading === false) return;
		const { id } = notification;
		this.#shown.set(id, null);
		const unwanted = await isAnyVisible();
		if (unwanted || !this.#shown.has(id)) this.#withdraw(id);
		else this.#show(notification);
	}

	#show(notification) {
		const { id, title, message } = notification;
		try {
			const shown = new Notification(title, { body: message, tag: id });
			shown.onclick = () => this.#clicked(notification);
			shown.onclose = () => this.#shown.delete(id);
			this.#shown.set(id, shown);
		} catch {
			this.close(); // a browser in which only a service worker may
		}
		const [oldest] = this.#shown.keys();
		if (this.#shown.size > SHOWN_MOST) this.#withdraw(oldest);
	}

	#clicked(notification) {
		const bell = this.#bell;
		const href = safeLink(notification.link);
		globalThis.focus();
		this.#withdraw(notification.id);
		bell.actions.toggle(notification);
		if (!href) bell.show();
		else if (bell.follow(notification)) location.assign(href);
	}

	#changed({ changes, reset }) {
		if (reset || !changes) this.#withdrawAll(); // it is not known which are left
		for (const { op, id } of changes ?? [])
			if (ENDING.test(op)) id ? this.#withdraw(id) : this.#withdrawAll();
	}

	#withdraw(id) {
		this.#shown.get(id)?.close();
		this.#shown.delete(id);
	}

	#withdrawAll() {
		for (const id of [...this.#shown.keys()]) this.#withdraw(id);
	}
}
