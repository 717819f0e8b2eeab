/**
 * The connection to the server: by which transport, when again after it ended, and when
 * not. A client has one, which is at rest while another tab leads.
 */

import { bearer, retryAfter, transports } from "./transport.js";

const TIMEOUT = 15000; // from connecting to `connected`, and of a request
const IDLE_BEFORE_PING = 60000;
const PONG_TIMEOUT = 10000;
const BACKOFF_FIRST = 500;
const BACKOFF_MOST = 30000;
const HINT_MOST = 600000;
const STABLE_AFTER = 10000; // a connection that lasted so long forgets earlier failures
const BETTER_AFTER = 600000; // until a transport that was blocked is tried again
const PATIENCE = 3; // failures of a transport that has worked before
const RENEW_LEAST = 15000; // between two renewals: a token may live too short for them

/** What to do about each reason for not being connected, said once on the console. */
const advice = {
	__proto__: null,
	offline: "The network is gone; waiting for it.",
	server: "No answer from the server. On it, run `tidings doctor`.",
	unauthorized: "Token or cookie is missing or refused. Try `tidings token --verify`.",
	forbidden: "The server has ended the connections of this user.",
	origin: "This origin is refused. Add it to allowed-origins.",
	blocked: "A proxy stops sockets or streams. See tidings-webserver(7).",
	replaced: "Too many connections. See max-connections-per-user.",
};

const isOffline = () => globalThis.navigator?.onLine === false;
const isForeign = (base) => globalThis.location && new URL(base).origin !== location.origin;
const long = () => BACKOFF_MOST * (1 + Math.random());

export class Connection {
	#host;
	#names;
	#advised = new Set();

	#status = {};
	#turn = 0; // tells late answers of an earlier attempt from this one's
	#timer; // of one thing at a time: opening, silence, pong or the next attempt
	#held = false; // the server said how long to wait
	#attempt = 0;
	#line = null; // the transport in use
	#accepted = false;
	#since; // when it was

	#at = 0; // which transport
	#first = 0; // the best that is not blocked
	#until = 0; // when those before it are tried again
	#worked; // the last that was accepted

	#used; // the token of this connection
	#refused; // a token that the server would not have
	#renewed = 0;

	/**
	 * @param {object} host base, transports, WebSocket, fetch, tokens, ledger; join() tells
	 *	whether this tab leads, watched() whether anybody looks; takes message(object)
	 *	and status(object)
	 */
	constructor(host) {
		const { transports: names, WebSocket } = host;
		this.#host = host;
		this.#names = names.filter(
			(name) => transports[name] && (name !== "socket" || WebSocket),
		);
		if (!this.#names.length) throw new TypeError(`No transport of "${names}"`);
	}

	get #name() {
		return this.#names[this.#at];
	}

	/** Begins afresh: what was refused or failed before counts no more. */
	start() {
		this.#status = {};
		this.#refused = undefined;
		this.#attempt = this.#renewed = 0;
		this.connect();
	}

	/** From a connection that works to a better one it goes without a word. */
	async connect(reason) {
		const turn = this.rest();
		if (this.#status.state !== "connected") this.#report("connecting", reason);
		let token;
		try {
			token = await this.#host.tokens.get(this.#refused);
		} catch {
			if (turn === this.#turn) this.#retry();
			return;
		}
		if (turn !== this.#turn) return;
		const good = token === undefined || (token && token !== this.#refused);
		if (!good) this.halt("unauthorized");
		else if (this.#host.join()) this.#open(token);
	}

	/** Lets go of transport and timer. What was awaited for them is void from here. */
	rest() {
		clearTimeout(this.#timer);
		this.#line?.close();
		this.#line = null;
		this.#accepted = this.#held = false;
		return ++this.#turn;
	}

	halt(reason) {
		this.rest();
		this.#report("stopped", reason);
	}

	/** Network or user came back: look whether the line holds, or return now. */
	wake(online) {
		const { state, reason } = this.#status;
		if (online) this.#until = 0;
		if (state === "connected") {
			if (this.#line?.tell({ type: "ping" })) this.#expectPong();
			else if (online) this.connect();
		} else if (isOffline()) return;
		else if (state === "waiting" && !this.#held) this.connect();
		else if (reason === "unauthorized" && this.#host.tokens.renewable)
			this.connect();
	}

	/** A socket takes another token of the same user; other connections begin anew. */
	async renew() {
		const turn = this.#turn;
		const token = await this.#host.tokens.get(this.#used).catch(() => null);
		if (turn !== this.#turn || !token || token === this.#used) return;
		this.#used = token;
		if (!this.#line?.tell({ type: "auth", token })) this.connect();
	}

	#open(token) {
		const turn = this.#turn;
		const during =
			(action) =>
			(...given) =>
				turn === this.#turn && action(...given);
		if (Date.now() >= this.#until) this.#first = 0;
		this.#at = this.#first;
		this.#used = token;
		this.#arm(TIMEOUT, () => this.#closed());
		try {
			const Transport = transports[this.#name];
			this.#line = new Transport(
				{ ...this.#host, token },
				{
					message: during((message) => this.#receive(message)),
					alive: during(() => this.#alive()),
					closed: during((code, hint) =>
						this.#closed(code, hint),
					),
				},
			);
		} catch {
			this.#closed();
		}
	}

	#receive(message) {
		if (typeof message?.type !== "string") return;
		const turn = this.#turn;
		this.#host.message(message);
		if (turn === this.#turn) this.#answers[message.type]?.();
	}

	#answers = {
		__proto__: null,
		auth_required: () => this.#authenticate(),
		connected: () => this.#welcome(),
		token_expiring: () => this.#expiring(),
		ping: () => this.#line.tell({ type: "pong" }),
	};

	#authenticate() {
		if (!this.#used) return this.#unauthorized();
		const { resume } = this.#host.ledger;
		this.#line.tell({ type: "auth", token: this.#used, ...resume });
	}

	#expiring() {
		if (Date.now() - this.#renewed < RENEW_LEAST) return;
		this.#renewed = Date.now();
		this.renew();
	}

	#welcome() {
		this.#accepted = true;
		this.#since = Date.now();
		this.#worked = this.#at;
		this.#alive();
		this.#report("connected");
	}

	// --- The end of a connection --------------------------------------------

	/** By close code or HTTP status. */
	#endings = {
		__proto__: null,
		401: () => this.#unauthorized(),
		403: () => this.#retry("forbidden"),
		503: (hint) => this.#later(hint),
		1001: (hint) => this.#later(hint),
		1013: (hint) => this.#later(hint),
		4401: () => this.#unauthorized(),
		4403: () => this.halt("forbidden"),
		// Returning soon would only push another connection of the user out
		4409: (hint) => this.#wait(Number(hint) || long(), "replaced"),
		4429: () => this.#wait(long(), "server", true),
	};

	/** The connection ended: by the server, the network or our own time limit. */
	#closed(code, hint) {
		const accepted = this.#accepted;
		if (accepted && Date.now() - this.#since >= STABLE_AFTER) this.#attempt = 0;
		this.rest();
		const broken = code >= 500 && code < 600; // the server itself, no transport's fault
		if (broken) this.#until = 0;
		if (this.#endings[code]) this.#endings[code](hint);
		else if (accepted || broken) this.#retry();
		else this.#diagnose();
	}

	/** A page cannot see why it was refused; a plain request can. */
	async #diagnose() {
		const turn = this.#turn;
		const { base, fetch } = this.#host;
		const ask = (path, options) =>
			fetch(base + path, {
				...options,
				signal: AbortSignal.timeout(TIMEOUT),
			});
		const no = () => null;
		const headers = bearer(this.#used);
		const response = await ask("/unread-count", { headers }).catch(no);
		const foreign = !response && isForeign(base);
		const reached =
			foreign && (await ask("/healthz", { mode: "no-cors" }).catch(no));
		if (turn !== this.#turn) return;
		if (response?.ok) this.#blocked();
		else if (this.#endings[response?.status])
			this.#endings[response.status](retryAfter(response));
		else this.#retry(reached ? "origin" : "server");
	}

	/** What has worked may have failed for a moment; else the next transport has its turn. */
	#blocked() {
		const patient = this.#at === this.#worked && this.#attempt < PATIENCE;
		if (patient || this.#at === this.#names.length - 1)
			return this.#retry("blocked");
		this.#first = this.#at + 1;
		this.#until = Date.now() + BETTER_AFTER;
		this.connect("blocked");
	}

	/** Only a fresh token opens the door again; a fixed one or a cookie is not. */
	#unauthorized() {
		this.#refused = this.#used;
		if (this.#host.tokens.renewable) this.#retry("unauthorized");
		else this.halt("unauthorized");
	}

	/** Exponential backoff, full jitter: clients that failed together return apart. */
	#retry(reason = "server") {
		const most = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** this.#attempt++);
		this.#wait(Math.random() * most, reason);
	}

	/** As the server said. */
	#later(hint) {
		if (!/^\d{1,9}$/.test(hint)) return this.#retry();
		this.#wait(Math.min(Number(hint), HINT_MOST), "server", true);
	}

	#wait(delay, reason, held = false) {
		this.rest();
		this.#held = held;
		this.#arm(delay, () => this.connect());
		this.#report("waiting", isOffline() ? "offline" : reason, Math.round(delay));
	}

	// --- Liveness -----------------------------------------------------------

	/** The server's pings do not reach a page's code, so silence is tested from here. */
	#alive() {
		if (!this.#accepted) return;
		const late = this.#at > 0 && Date.now() >= this.#until;
		if (late && this.#name === "poll") return this.connect();
		this.#arm(IDLE_BEFORE_PING, () => {
			const unseen = !this.#host.watched();
			if (unseen && this.#name === "socket") return this.#alive();
			this.#line.tell({ type: "ping" });
			this.#expectPong();
		});
	}

	#expectPong() {
		this.#arm(PONG_TIMEOUT, () => this.#closed());
	}

	#arm(delay, action) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(action, delay);
	}

	#report(state, reason, delay) {
		const transport = state === "connected" ? this.#name : undefined;
		this.#status = { state, reason, delay, transport };
		if (advice[reason] && !this.#advised.has(reason))
			console.warn(`${this.#host.base}: ${advice[reason]}`);
		this.#advised.add(reason);
		this.#host.status(this.#status);
	}
}
