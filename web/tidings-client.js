/**
 * The client of a tidings server: one connection for what happens, fetch for
 * what is asked. It touches no page, so it runs in any browser and in Node 20
 * and later. Where there is no WebSocket it takes a stream of events.
 *
 *	const client = new TidingsClient({ token: () => askMyServerForAToken() });
 *	client.addEventListener("notification", (event) => show(event.detail.notification));
 *	client.start();
 *
 * Of the tabs with one user's notifications one leads and has the connection.
 * The others hear from it what the server says, with the position before: who
 * is not there has missed something, and asks.
 */

import { Connection } from "./client/connection.js";
import { Ledger } from "./client/ledger.js";
import { Tabs } from "./client/tabs.js";
import { Tokens, askAt } from "./client/token.js";
import { bearer, query } from "./client/transport.js";

const REQUEST_TIMEOUT = 15000;

/** An event that bears a `detail`; CustomEvent is not in every runtime. */
class TidingsEvent extends Event {
	constructor(type, detail) {
		super(type);
		this.detail = detail;
	}
}

/** A request that failed: `status` (0 without an answer), `code`, `details`. */
export class TidingsError extends Error {
	constructor(message, { status = 0, code = "network", details, cause } = {}) {
		super(message, { cause });
		this.name = "TidingsError";
		Object.assign(this, { status, code, details });
	}
}

const pageEvents = "online offline visibilitychange pagehide freeze pageshow resume".split(" ");
const isHidden = () => globalThis.document?.visibilityState === "hidden";

/**
 * Events, each with its `detail`:
 *  - `notification` {notification, seq}: one was created;
 *  - `change` {seq, changes, notification?, latest?, reset?, forget?, baseline?, own?}:
 *    something changed, if only the counts. `changes` is [{op, id?}], absent
 *    when it is not known what changed. `reset`: fetch again what is held.
 *    `forget`: and show none of it, it was another user's.
 *    `baseline`: the stream begins at `seq`, what was fetched before may be older;
 *  - `status` {state, reason?, delay?, transport?}, also at `client.status`: state is
 *    `connecting`, `connected` (by `transport`), `waiting` (for `delay` ms) or
 *    `stopped`; for the reasons see client/connection.js;
 *  - `frame`: every message of the server as it came; while polling those of type
 *    `polled`, a page of the list.
 */
export class TidingsClient extends EventTarget {
	#base;
	#user;
	#shared;
	#fetch;
	#tokens = new Tokens(() => this.#forget());
	#ledger = new Ledger((type, detail) => this.#emit(type, detail));
	#tabs;
	#connection;
	#status = { state: "stopped" };
	#running = false;
	#away = false; // put away with the page, which may come back as it was

	/**
	 * @param {object} [options]
	 * @param {string} [options.base] where the server is mapped; absolute outside a page
	 * @param {string|function} [options.token] a token, or a function that supplies a
	 *	fresh one each time it is called, null if the user is signed out
	 * @param {string} [options.tokenUrl] an address of this site that does, as JSON
	 *	{token, expiresAt?} or by 401; with neither, the cookie
	 * @param {string} [options.user] tells the tabs of different users apart; needed only
	 *	where no token does
	 * @param {string[]} [options.transports] in the order in which they are tried
	 * @param {boolean} [options.shared] whether tabs share a connection
	 * @param {typeof globalThis.WebSocket} [options.WebSocket]
	 * @param {typeof globalThis.fetch} [options.fetch]
	 */
	constructor({
		base = "/api/notifications",
		token,
		tokenUrl,
		user,
		transports = ["socket", "stream", "poll"],
		shared = true,
		WebSocket = globalThis.WebSocket,
		fetch = globalThis.fetch.bind(globalThis),
	} = {}) {
		super();
		const page = globalThis.document?.baseURI ?? globalThis.location?.href;
		this.#base = new URL(base, page).href.replace(/\/+$/, "");
		this.#user = user;
		this.#shared = shared;
		this.#fetch = fetch;
		this.#tokens.source = token ?? (tokenUrl && askAt(tokenUrl, fetch));
		this.#tabs = new Tabs(this.#heard);
		this.#connection = new Connection(this.#host({ transports, WebSocket, fetch }));
	}

	/** Exact counts, as of the newest answer or message. */
	get unread() {
		return this.#ledger.unread;
	}

	get unseen() {
		return this.#ledger.unseen;
	}

	get status() {
		return this.#status;
	}

	/** The last change applied, `{epoch, seq}`, or null. */
	get position() {
		const { position } = this.#ledger;
		return position && { ...position };
	}

	/** Whether this tab has the connection, for itself or for all. */
	get leading() {
		return this.#tabs.leading;
	}

	/** Replaces the token, or what supplies it. */
	set token(token) {
		this.#tokens.source = token;
		if (!this.#running) return;
		if (this.leading && this.#status.state === "connected")
			this.#connection.renew();
		else this.#connection.start();
	}

	/** Connects, and stays connected until stop(). Resumes where a stop() left off. */
	start() {
		if (this.#status.state !== "stopped") return;
		this.#running = true;
		this.#listen("addEventListener");
		this.#connection.start();
	}

	stop() {
		if (!this.#running) return;
		this.#running = false;
		this.#listen("removeEventListener");
		this.#connection.halt();
	}

	// --- Requests ---------------------------------------------------------

	/**
	 * Any request below the base, with the token: `request("POST", "/", body)`.
	 * @returns {Promise<object>} the answer; counts in it are taken over
	 * @throws {TidingsError}
	 */
	async request(method, path, body) {
		const { life } = this.#ledger;
		const token = await this.#tokens.get();
		const { user } = this.#tokens;
		let response = await this.#send(method, path, body, token);
		if (response.status === 401 && this.#tokens.renewable) {
			const fresh = await this.#tokens.get(token);
			if (fresh && fresh !== token)
				response = await this.#send(method, path, body, fresh);
		}
		const answer = await response.json().catch(() => ({}));
		if (user !== this.#tokens.user)
			throw new TidingsError("The user has changed", {
				code: "user_changed",
			});
		if (!response.ok) {
			const { status } = response;
			const { error, code = "unexpected", details } = answer;
			const message = error ?? `The server answered ${status}`;
			throw new TidingsError(message, { status, code, details });
		}
		if (life === this.#ledger.life) this.#ledger.take(answer);
		return answer;
	}

	/** @param {object} [values] limit, cursor, offset, unread, type, category */
	list(values = {}) {
		const given = Object.entries(values).filter(([, value]) => value != null);
		return this.request("GET", `/${query(given)}`);
	}

	async get(id) {
		return (await this.request("GET", `/${encodeURIComponent(id)}`)).notification;
	}

	markRead(id) {
		return this.#change("PATCH", `/${encodeURIComponent(id)}/read`, "read", id);
	}

	markUnread(id) {
		return this.#change("PATCH", `/${encodeURIComponent(id)}/unread`, "unread", id);
	}

	markAllRead() {
		return this.#change("POST", "/read-all", "all_read");
	}

	/** The user has looked: the unseen count becomes 0, nothing becomes read. */
	seen() {
		return this.#change("POST", "/seen", "seen");
	}

	remove(id) {
		return this.#change("DELETE", `/${encodeURIComponent(id)}`, "deleted", id);
	}

	/** A change of this client's own is told at once, without awaiting its message. */
	async #change(method, path, op, id) {
		const answer = await this.request(method, path);
		const { seq, notification } = answer;
		const changes = [id === undefined ? { op } : { op, id }];
		this.#emit("change", { seq, changes, notification, own: true });
		return answer;
	}

	async #send(method, path, body, token) {
		const headers = { Accept: "application/json", ...bearer(token) };
		if (body !== undefined) headers["Content-Type"] = "application/json";
		try {
			return await this.#fetch(this.#base + path, {
				method,
				headers,
				body: body === undefined ? undefined : JSON.stringify(body),
				keepalive: method !== "GET", // a click on a link leaves the page
				signal: AbortSignal.timeout(REQUEST_TIMEOUT),
			});
		} catch (cause) {
			throw new TidingsError("The server cannot be reached", { cause });
		}
	}

	// --- Connection -------------------------------------------------------

	/** What connection and transports have of the client. */
	#host(options) {
		return {
			...options,
			base: this.#base,
			tokens: this.#tokens,
			ledger: this.#ledger,
			join: () => this.#tabs.join(this.#name()),
			watched: () => !isHidden() || this.#tabs.followed,
			message: (message) => this.#pass(message),
			status: (status) => this.#report(status),
		};
	}

	/** Whoever follows has the leader's status, unless it is to stop. */
	#report(status) {
		const { state, reason } = status;
		const stopped = state === "stopped";
		if (this.#tabs.following && !stopped) return;
		this.#setStatus(status);
		if (!stopped) return this.#sayState();
		if (reason === "forbidden") this.#tabs.say("end", {});
		this.#tabs.leave(); // a tab with a better token may lead
	}

	#setStatus(status) {
		this.#status = status;
		this.#emit("status", status);
	}

	#receive(message) {
		this.#emit("frame", message);
		this.#ledger.receive(message);
	}

	#emit(type, detail) {
		this.dispatchEvent(new TidingsEvent(type, detail));
	}

	/** Nothing of the user before may stay. */
	#forget() {
		this.#tabs.leave();
		this.#ledger.forget();
		if (this.#running) this.#connection.start();
	}

	// --- Tabs -------------------------------------------------------------

	/** By which those of one user meet; none where that is not to be, or not known. */
	#name() {
		const user = [this.#user, this.#tokens.user];
		const share = this.#shared && user.some((name) => name !== undefined);
		return share ? JSON.stringify([this.#base, ...user]) : undefined;
	}

	#pass(message) {
		const after = this.position;
		this.#receive(message);
		this.#tabs.say("message", { message, after });
	}

	#sayState() {
		this.#tabs.say("state", { ...this.#ledger.state, status: this.#status });
	}

	#greet() {
		this.#tabs.say("hello", {});
	}

	#heard = {
		lead: () => {
			this.#tabs.say("who", {});
			this.#connection.start();
		},
		who: () => this.#greet(),
		hello: () => {
			this.#sayState();
			this.#connection.wake();
		},
		state: (state) => {
			this.#ledger.adopt(state);
			if (typeof state.status?.state === "string")
				this.#setStatus(state.status);
		},
		end: () => this.#connection.halt("forbidden"),
		message: ({ message, after }) => {
			if (typeof message?.type !== "string") return;
			if (this.#ledger.isAt(after)) this.#receive(message);
			else this.#greet();
		},
	};

	// --- The page ---------------------------------------------------------

	#listen(verb) {
		for (const type of pageEvents) globalThis[verb]?.(type, this.#onPage, true);
	}

	/** A page that is kept for the way back holds neither connection nor lock. */
	#onPage = ({ type }) => {
		if (type === "pagehide" || type === "freeze") {
			this.#away = this.#status.state !== "stopped";
			this.#connection.rest();
			this.#tabs.leave();
		} else if (type === "pageshow" || type === "resume") {
			if (this.#away) this.#connection.start();
			this.#away = false;
		} else if (isHidden()) return;
		else if (this.#tabs.following) this.#greet();
		else this.#connection.wake(type === "online");
	};
}
