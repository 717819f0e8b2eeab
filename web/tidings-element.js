/**
 * The base of both elements: the client and the inbox that an element has, what
 * its rows do, and the style in its shadow root.
 */

import { TidingsClient } from "./tidings-client.js";
import { Inbox } from "./tidings-inbox.js";
import { baseSheet } from "./tidings-style.js";
import { make, strings } from "./tidings-view.js";

const TICK = 30000; // how often relative times are said anew

const shared = new Map(); // attributes to {client, users}

/** Elements of one page with the same attributes share one connection. */
function acquire(element) {
	const given = (name) => element.getAttribute(name) ?? undefined;
	const options = {
		base: given("base"),
		tokenUrl: given("token-url"),
		user: given("user"),
		transports: given("transports")?.split(/\s+/).filter(Boolean),
	};
	const key = JSON.stringify(options);
	if (!shared.has(key)) {
		const client = new TidingsClient(options);
		shared.set(key, { client, users: 0 });
		client.start();
	}
	const entry = shared.get(key);
	entry.users++;
	return {
		client: entry.client,
		release() {
			if (--entry.users > 0) return;
			entry.client.stop();
			shared.delete(key);
		},
	};
}

/**
 * An element with a client: the one that the page sets as `.client` (the page
 * starts it), else one made from the attributes `base` and `token-url` (an
 * address of this site that answers {"token": …}; without it, the cookie).
 * With neither it waits for `.client`.
 *
 * A subclass has render() and `page`, and may have bind(client) and unbind().
 * While there is a client there is an inbox; without one nothing is rendered.
 */
export class TidingsElement extends HTMLElement {
	inbox = null;
	rows = new Map(); // id to Row
	live = make("div", { class: "spoken", role: "status" });

	#given = null;
	#client = null;
	#release = null;
	#listening = null;
	#clock;

	constructor(...sheets) {
		super();
		this.attachShadow({ mode: "open" }).adoptedStyleSheets = [baseSheet, ...sheets];
	}

	/** The client in use, or null while the element is in no page. */
	get client() {
		return this.#client ?? this.#given;
	}

	set client(client) {
		this.#given = client;
		if (!this.isConnected) return;
		this.#detach();
		this.#attach();
	}

	connectedCallback() {
		this.#attach();
		this.#clock = setInterval(() => this.rows.forEach((row) => row.tick()), TICK);
	}

	disconnectedCallback() {
		clearInterval(this.#clock);
		this.#detach();
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
				this.say(strings.deleted);
			}),
		readAll: () => this.attempt(() => this.client.markAllRead()),
	};

	/** Runs what the user asked for and says so when it failed. */
	async attempt(action) {
		try {
			await action();
		} catch {
			this.say(strings.actionFailed);
		}
	}

	/** To those who listen, when they have heard the rest. */
	say(text) {
		this.live.textContent = text;
	}

	/** Adds a listener that goes when the element or its client does. */
	listen(target, type, listener = () => this.render()) {
		target.addEventListener(type, listener, { signal: this.#listening.signal });
	}

	#attach() {
		const named = this.hasAttribute("base") || this.hasAttribute("token-url");
		if (!this.#given && !named) return;
		const { client, release } = this.#given
			? { client: this.#given }
			: acquire(this);
		this.#client = client;
		this.#release = release;
		this.#listening = new AbortController();
		this.inbox = new Inbox(client, this.page);
		this.listen(this.inbox, "update");
		this.listen(client, "status");
		this.listen(client, "change");
		this.bind?.(client);
		this.render();
	}

	#detach() {
		if (!this.#client) return;
		this.#listening.abort();
		this.unbind?.();
		this.inbox.close();
		this.#release?.();
		this.inbox = this.#client = this.#release = null;
	}
}
