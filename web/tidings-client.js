/**
 * The client of a tidings server: one WebSocket for what happens, fetch for
 * what is asked. It touches no page, so it runs in any browser and in Node 20
 * and later (give it a WebSocket where there is no global one).
 *
 *	const client = new TidingsClient({ token: () => askMyServerForAToken() });
 *	client.addEventListener("notification", (event) => show(event.detail.notification));
 *	client.start();
 *
 * Two numbers keep it from gap and drift. `applied` is how far the stream of
 * changes was followed; only the stream moves it, and it is what a resumed
 * connection names. Counts remember the number they are true for on their own,
 * since the answer to a request may be ahead of the stream.
 */

const OPEN_TIMEOUT = 15000; // from connecting to `connected`
const REQUEST_TIMEOUT = 15000;
const IDLE_BEFORE_PING = 60000;
const PONG_TIMEOUT = 10000;
const BACKOFF_FIRST = 500;
const BACKOFF_MOST = 30000;
const HINT_MOST = 600000;
const STABLE_AFTER = 10000; // a connection that lasted so long forgets earlier failures

const CLOSE_GOING_AWAY = 1001;
const CLOSE_UNAUTHORIZED = 4401;
const CLOSE_FORBIDDEN = 4403;
const CLOSE_REPLACED = 4409;
const CLOSE_TOO_MANY = 4429;

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

function refusal({ status }, { error, code = "unexpected", details }) {
	const message = error ?? `The server answered ${status}`;
	return new TidingsError(message, { status, code, details });
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isHidden = () => globalThis.document?.visibilityState === "hidden";
const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * Events, each with its `detail`:
 *  - `notification` {notification, seq}: one was created;
 *  - `change` {seq, changes, notification?, latest?, reset?, baseline?, own?}:
 *    something changed, if only the counts. `changes` is [{op, id?}], absent
 *    when it is not known what changed. `reset`: fetch again what is held.
 *    `baseline`: the stream begins at `seq`, what was fetched before may be older;
 *  - `status` {state, reason?, delay?}, also at `client.status`: state is
 *    `connecting`, `connected`, `waiting` (for `delay` ms) or `stopped`; reason
 *    is `offline`, `server`, `blocked` (requests work, the socket does not),
 *    `unauthorized`, `forbidden` or `replaced` (by a newer connection);
 *  - `frame`: every message of the server as it came.
 */
export class TidingsClient extends EventTarget {
	/** Exact counts, as of the newest answer or frame. */
	unread = 0;
	unseen = 0;

	#base;
	#source; // what the application gave: a token, a function, or nothing (cookie)
	#Socket;
	#fetch;

	#token; // the last one a function supplied
	#asking = null; // its answer while it is awaited
	#used; // the token of this connection
	#refused; // a token that the server would not have

	#status = { state: "stopped" };
	#running = false;
	#turn = 0; // tells late answers of an earlier attempt from this one's
	#timer; // of one thing at a time: opening, silence, pong or the next attempt
	#held = false; // the server said how long to wait
	#attempt = 0;
	#socket = null;
	#opened = false;
	#since = 0; // when this connection was accepted

	#epoch; // of this connection
	#applied = null; // {epoch, seq}
	#countsSeq = -1;
	#life = 0; // answers from before a reset say nothing about the counts after it

	/**
	 * @param {object} [options]
	 * @param {string} [options.base] where the server is mapped; absolute outside a page
	 * @param {string|function(): (string|Promise<string>)} [options.token] a token, or a
	 *	function that supplies a fresh one each time it is called; without it, the cookie
	 * @param {typeof globalThis.WebSocket} [options.WebSocket]
	 * @param {typeof globalThis.fetch} [options.fetch]
	 */
	constructor({ base = "/api/notifications", token, WebSocket, fetch } = {}) {
		super();
		const page = globalThis.document?.baseURI ?? globalThis.location?.href;
		this.#base = new URL(base, page).href.replace(/\/+$/, "");
		this.#source = token;
		this.#Socket = WebSocket ?? globalThis.WebSocket;
		this.#fetch = fetch ?? globalThis.fetch.bind(globalThis);
	}

	get status() {
		return this.#status;
	}

	/** The last change applied, `{epoch, seq}`, or null. */
	get position() {
		return this.#applied && { ...this.#applied };
	}

	/** Replaces the token: of the same user. Another user is another client. */
	set token(token) {
		this.#source = token;
		this.#token = this.#refused = undefined;
		if (this.#status.state === "connected") this.#renew();
		else if (this.#running) this.#connect();
	}

	/** Connects, and stays connected until stop(). Resumes where a stop() left off. */
	start() {
		if (this.#status.state !== "stopped") return;
		this.#running = true;
		this.#refused = undefined;
		this.#attempt = 0;
		this.#listen("addEventListener");
		this.#connect();
	}

	stop() {
		if (!this.#running) return;
		this.#running = false;
		this.#listen("removeEventListener");
		this.#halt();
	}

	// --- Requests ---------------------------------------------------------

	/**
	 * Any request below the base, with the token: `request("POST", "/", body)`.
	 * @returns {Promise<object>} the answer; counts in it are taken over
	 * @throws {TidingsError}
	 */
	async request(method, path, body) {
		const life = this.#life;
		const token = await this.#currentToken();
		let response = await this.#send(method, path, body, token);
		if (response.status === 401 && typeof this.#source === "function") {
			const fresh = await this.#currentToken(token);
			if (fresh && fresh !== token)
				response = await this.#send(method, path, body, fresh);
		}
		const answer = await response.json().catch(() => ({}));
		if (!response.ok) throw refusal(response, answer);
		if (life === this.#life && this.#takeCounts(answer))
			this.#emitChange(answer.seq, []);
		return answer;
	}

	/** @param {object} [query] limit, cursor, offset, unread, type, category */
	list(query = {}) {
		const given = Object.entries(query).filter(([, value]) => value != null);
		const search = given.length ? `?${new URLSearchParams(given)}` : "";
		return this.request("GET", `/${search}`);
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

	/** A change of this client's own is told at once, without awaiting its frame. */
	async #change(method, path, op, id) {
		const answer = await this.request(method, path);
		const changes = [id === undefined ? { op } : { op, id }];
		const { notification } = answer;
		this.#emitChange(answer.seq, changes, { notification, own: true });
		return answer;
	}

	async #send(method, path, body, token) {
		const headers = { Accept: "application/json" };
		if (token) headers.Authorization = `Bearer ${token}`;
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

	/** A supplier is asked once for all who wait, and again when its token was refused. */
	#currentToken(refused = this.#refused) {
		if (typeof this.#source !== "function") return this.#source;
		if (this.#token && this.#token !== refused) return this.#token;
		const supply = this.#source;
		this.#asking ??= (async () => {
			try {
				return (this.#token = await supply());
			} finally {
				this.#asking = null;
			}
		})();
		return this.#asking;
	}

	// --- Connection -------------------------------------------------------

	async #connect() {
		const turn = this.#drop();
		this.#setStatus("connecting");
		let token;
		try {
			token = await this.#currentToken();
		} catch {
			if (turn === this.#turn) this.#retry();
			return;
		}
		if (turn !== this.#turn) return;
		const missing = !token && this.#source !== undefined;
		if (missing || (token && token === this.#refused)) this.#halt("unauthorized");
		else this.#open(token);
	}

	#open(token) {
		this.#used = token;
		try {
			this.#socket = new this.#Socket(this.#socketUrl(), "tidings.v1");
		} catch {
			this.#retry("blocked");
			return;
		}
		this.#arm(OPEN_TIMEOUT, () => this.#closed());
		this.#socket.onopen = () => (this.#opened = true);
		this.#socket.onmessage = (event) => this.#receive(event.data);
		this.#socket.onclose = (event) => this.#closed(event.code, event.reason);
		this.#socket.onerror = () => {}; // a close follows
	}

	/** The position stands here for a connection that a cookie authenticates. */
	#socketUrl() {
		const url = new URL(`${this.#base}/ws`);
		url.protocol = url.protocol.replace("http", "ws");
		for (const [name, value] of Object.entries(this.#resume()))
			url.searchParams.set(name, value);
		return url.href;
	}

	#resume() {
		const { seq, epoch } = this.#applied ?? {};
		return seq === undefined ? {} : { since: seq, ...(epoch && { epoch }) };
	}

	/** Lets go of socket and timer. What was awaited for them is void from here. */
	#drop() {
		clearTimeout(this.#timer);
		const socket = this.#socket;
		this.#socket = null;
		this.#opened = this.#held = false;
		if (socket) {
			socket.onopen = socket.onmessage = socket.onclose = null;
			socket.close();
		}
		return ++this.#turn;
	}

	/** The connection ended: by the server, the network or our own time limit. */
	#closed(code, reason) {
		const { state } = this.#status;
		if (state === "connected" && Date.now() - this.#since >= STABLE_AFTER)
			this.#attempt = 0;
		const opened = this.#opened;
		this.#drop();
		if (code === CLOSE_FORBIDDEN) this.#halt("forbidden");
		else if (code === CLOSE_UNAUTHORIZED) this.#unauthorized();
		else if (!opened) this.#diagnose();
		else if (code === CLOSE_GOING_AWAY && /^\d{1,9}$/.test(reason))
			this.#wait(Math.min(Number(reason), HINT_MOST), "server", true);
		else if (code === CLOSE_REPLACED || code === CLOSE_TOO_MANY)
			this.#waitLong(code === CLOSE_REPLACED ? "replaced" : "server");
		else this.#retry();
	}

	/** A page cannot see why an upgrade was refused; a plain request can. */
	async #diagnose() {
		const turn = this.#turn;
		let reason = "blocked";
		try {
			await this.request("GET", "/unread-count");
		} catch ({ status }) {
			reason = { 401: "unauthorized", 403: "forbidden" }[status] ?? "server";
		}
		if (turn !== this.#turn) return;
		if (reason === "unauthorized") this.#unauthorized();
		else this.#retry(reason);
	}

	/** Only a fresh token opens the door again; a fixed one or a cookie is not. */
	#unauthorized() {
		this.#refused = this.#used;
		if (typeof this.#source === "function") this.#retry("unauthorized");
		else this.#halt("unauthorized");
	}

	/** Exponential backoff, full jitter: clients that failed together return apart. */
	#retry(reason = "server") {
		const most = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** this.#attempt++);
		this.#wait(Math.random() * most, reason);
	}

	/** Returning soon would only push another connection of the user out. */
	#waitLong(reason) {
		this.#wait(BACKOFF_MOST * (1 + Math.random()), reason, reason !== "replaced");
	}

	#wait(delay, reason, held = false) {
		this.#held = held;
		this.#arm(delay, () => this.#connect());
		this.#setStatus("waiting", isOffline() ? "offline" : reason, Math.round(delay));
	}

	#halt(reason) {
		this.#drop();
		this.#setStatus("stopped", reason);
	}

	// --- Liveness ---------------------------------------------------------

	#listen(verb) {
		globalThis[verb]?.("online", this.#wake);
		globalThis[verb]?.("offline", this.#wake);
		globalThis.document?.[verb]("visibilitychange", this.#wake);
	}

	/** Network or user came back: look whether the line holds, or return now. */
	#wake = () => {
		const { state, reason } = this.#status;
		if (isHidden()) return;
		if (state === "connected") this.#probe();
		else if (isOffline()) return;
		else if (state === "waiting" && !this.#held) this.#connect();
		else if (reason === "unauthorized" && typeof this.#source === "function")
			this.#connect();
	};

	/** The server's pings do not reach a page's code, so silence is tested from here. */
	#watch() {
		this.#arm(IDLE_BEFORE_PING, () => (isHidden() ? this.#watch() : this.#probe()));
	}

	#probe() {
		this.#arm(PONG_TIMEOUT, () => this.#closed());
		this.#tell({ type: "ping" });
	}

	#arm(delay, action) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(action, delay);
	}

	#tell(message) {
		if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
	}

	// --- Messages ---------------------------------------------------------

	#handlers = {
		__proto__: null,
		auth_required: () => this.#authenticate(),
		connected: (message) => this.#accepted(message),
		unread_count: (message) => this.#counted(message),
		new_notification: (message) => this.#apply(message),
		notification_update: (message) => this.#apply(message),
		token_expiring: () => this.#renew(),
		ping: () => this.#tell({ type: "pong" }),
	};

	/** What is not understood is left alone: the contract grows by adding. */
	#receive(text) {
		let message;
		try {
			message = JSON.parse(text);
		} catch {
			return;
		}
		if (typeof message?.type !== "string") return;
		if (this.#status.state === "connected") this.#watch();
		this.#emit("frame", message);
		this.#handlers[message.type]?.(message);
	}

	#authenticate() {
		if (this.#used)
			this.#tell({ type: "auth", token: this.#used, ...this.#resume() });
		else this.#unauthorized();
	}

	async #renew() {
		const turn = this.#turn;
		if (typeof this.#source === "function") this.#token = undefined;
		const token = await Promise.resolve(this.#currentToken()).catch(() => null);
		if (turn !== this.#turn || !token || token === this.#used) return;
		this.#used = token;
		this.#tell({ type: "auth", token });
	}

	/** Applies nothing: only what follows moves the position. */
	#accepted({ epoch }) {
		this.#epoch = epoch;
		this.#since = Date.now();
		this.#watch();
		this.#setStatus("connected");
	}

	/** The first one ever is where the stream begins. */
	#counted(message) {
		const { seq } = message;
		if (!isCount(seq)) return;
		if (this.#applied && this.#applied.epoch !== this.#epoch)
			return this.#apply({ ...message, reset: true });
		const baseline = !this.#applied;
		if (baseline) this.#applied = { epoch: this.#epoch, seq };
		if (this.#takeCounts(message) || baseline)
			this.#emitChange(seq, [], { baseline });
	}

	#apply(message) {
		const {
			type,
			seq,
			notification,
			changes,
			latestNotifications: latest,
		} = message;
		const reset = message.reset === true;
		if (!isCount(seq) || (!reset && this.#isApplied(seq))) return;
		this.#applied = { epoch: this.#epoch, seq };
		if (reset) this.#forgetCounts();
		this.#takeCounts(message);
		if (type === "new_notification" && notification) {
			this.#emit("notification", { notification, seq });
			this.#emitChange(seq, [{ op: "created", id: notification.id }], {
				notification,
			});
		} else {
			this.#emitChange(seq, changes, { latest, reset });
		}
	}

	#forgetCounts() {
		this.#countsSeq = -1;
		this.#life++;
	}

	#isApplied(seq) {
		return this.#applied?.epoch === this.#epoch && seq <= this.#applied.seq;
	}

	/** @returns {boolean} whether a count changed; older ones than those held are not taken */
	#takeCounts({ unreadCount, unseenCount, seq }) {
		if (!isCount(unreadCount) || !isCount(unseenCount) || !isCount(seq))
			return false;
		if (seq < this.#countsSeq) return false;
		const changed = this.unread !== unreadCount || this.unseen !== unseenCount;
		Object.assign(this, { unread: unreadCount, unseen: unseenCount });
		this.#countsSeq = seq;
		return changed;
	}

	#setStatus(state, reason, delay) {
		this.#status = { state, reason, delay };
		this.#emit("status", this.#status);
	}

	#emitChange(seq, changes, more) {
		this.#emit("change", { seq, changes, ...more });
	}

	#emit(type, detail) {
		this.dispatchEvent(new TidingsEvent(type, detail));
	}
}
