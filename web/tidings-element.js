/**
 * The base of both elements: the client and the inbox that an element has, the
 * language that it speaks, what its rows do, and the style in its shadow root.
 */

import { TidingsClient } from "./tidings-client.js";
import { Inbox } from "./tidings-inbox.js";
import { baseSheet } from "./tidings-style.js";
import { make } from "./tidings-view.js";
import { loadWords, vocabulary, Words } from "./tidings-words.js";

const TICK = 30000; // how often relative times are said anew

const shared = new Map(); // options, as JSON, to {client, users}

/** Elements of one page with the same options share one client. */
function acquire(key) {
	if (!shared.has(key)) {
		const client = new TidingsClient(JSON.parse(key));
		shared.set(key, { client, users: 0 });
		client.start();
	}
	const entry = shared.get(key);
	entry.users++;
	return entry.client;
}

function release(key) {
	const entry = shared.get(key);
	if (!entry || --entry.users > 0) return;
	entry.client.stop();
	shared.delete(key);
}

/** That of the nearest element which has one, also out of a shadow tree. */
function languageOf(node) {
	const { host } = node.getRootNode();
	return node.closest("[lang]")?.lang ?? (host ? languageOf(host) : "");
}

/**
 * An element with a client: the one that the page sets as `.client` (the page
 * starts it), else one made from the attributes `base`, `token-url` (an address
 * of this site that answers {"token": …}; without it, the cookie), `user` and
 * `transports`. With none of them it waits for `.client`. All of this may change
 * at any time, and the element may be moved.
 *
 * A subclass has render() and `page`, and may have bind(client) and unbind().
 * While there is a client there is an inbox; without one nothing is rendered.
 *
 * Event: `follow` {notification}, when a link is about to be followed in this
 * window. A page that shows its target by itself prevents the default.
 */
export class TidingsElement extends HTMLElement {
	static get observedAttributes() {
		return ["base", "token-url", "user", "transports"];
	}

	inbox = null;
	rows = new Map(); // id to Row
	words = new Words();
	live = make("div.spoken", { role: "status" });

	#given = null;
	#client = null;
	#source = null; // where #client is from: the one given, or a key of `shared`
	#listening = null;
	#clock;
	#language; // as the page has it
	#observer = new MutationObserver(() => this.#hear());

	constructor(...sheets) {
		super();
		const root = this.attachShadow({ mode: "open" });
		root.adoptedStyleSheets = [baseSheet, ...sheets];
	}

	/** The client in use, or null while the element is in no page. */
	get client() {
		return this.#client ?? this.#given;
	}

	set client(client) {
		this.#given = client;
		this.#settleSoon();
	}

	connectedCallback() {
		this.#clock = setInterval(() => {
			for (const row of this.rows.values()) row.tick();
			if (this.inbox) this.render(); // a day may have ended
		}, TICK);
		vocabulary.addEventListener("change", this.#speak);
		const lang = { attributeFilter: ["lang"], subtree: true };
		for (const root of [document, this.getRootNode()])
			this.#observer.observe(root, lang);
		this.#hear();
		this.#settleSoon();
	}

	disconnectedCallback() {
		clearInterval(this.#clock);
		vocabulary.removeEventListener("change", this.#speak);
		this.#observer.disconnect();
		this.#settleSoon();
	}

	attributeChangedCallback() {
		this.#settleSoon();
	}

	/** What a row's buttons do. */
	actions = {
		toggle: ({ id, read }) =>
			this.attempt(() =>
				read ? this.client.markUnread(id) : this.client.markRead(id),
			),
		remove: ({ id }) =>
			this.attempt(async () => {
				await this.client.remove(id);
				this.say(this.words.say("deleted"));
			}),
		readAll: () => this.attempt(() => this.client.markAllRead()),
	};

	/** @returns {boolean} whether the browser is to follow the notification's link */
	follow(notification) {
		const detail = { notification };
		const more = { bubbles: true, composed: true, cancelable: true };
		return this.dispatchEvent(new CustomEvent("follow", { detail, ...more }));
	}

	/** Runs what the user asked for and says so when it failed. */
	async attempt(action) {
		try {
			await action();
		} catch {
			this.say(this.words.say("actionFailed"));
		}
	}

	/** To those who listen, when they have heard the rest; the same again is news. */
	say(text) {
		this.live.replaceChildren(make("p", {}, text));
	}

	/** Adds a listener that goes when the element or its client does. */
	listen(target, type, listener = () => this.render()) {
		const { signal } = this.#listening;
		target.addEventListener(type, listener, { signal, capture: true });
	}

	/** Says every word() anew. */
	translate() {
		for (const node of this.shadowRoot.querySelectorAll("[data-word]"))
			node.textContent = this.words.say(node.dataset.word);
	}

	// --- The client -----------------------------------------------------------

	/** A move and several attributes set in a row are one change. */
	#settleSoon() {
		queueMicrotask(() => this.#settle());
	}

	#settle() {
		const given = (name) => this.getAttribute(name) || undefined;
		const options = JSON.stringify({
			base: given("base"),
			tokenUrl: given("token-url"),
			user: given("user"),
			transports: given("transports")?.trim().split(/\s+/),
		});
		const key = options === "{}" ? null : options;
		const source = this.isConnected ? (this.#given ?? key) : null;
		if (source !== this.#source) {
			this.#detach();
			this.#source = source;
			if (source) this.#attach(source);
		}
		if (source) this.render();
	}

	#attach(source) {
		const client = typeof source === "string" ? acquire(source) : source;
		this.#client = client;
		this.#listening = new AbortController();
		this.inbox = new Inbox(client, this.page);
		this.listen(this.inbox, "update");
		this.listen(client, "status");
		this.listen(client, "change");
		this.bind?.(client);
	}

	#detach() {
		if (!this.#client) return;
		this.#listening.abort();
		this.unbind?.();
		this.inbox.close();
		release(this.#source);
		this.inbox = this.#client = null;
	}

	// --- The language ---------------------------------------------------------

	#hear() {
		const language = languageOf(this);
		if (language === this.#language) return;
		this.#language = language;
		this.#speak();
	}

	#speak = () => {
		this.words = new Words(this.#language);
		loadWords(this.words.language);
		this.translate();
		for (const { node } of this.rows.values()) node.remove();
		this.rows.clear();
		if (this.inbox) this.render();
	};
}
