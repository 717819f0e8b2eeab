/**
 * The ways by which messages come from the server, best first. Each is a class with
 *
 *	new Transport(way, on)	`way` is what the connection has of the client, and the token
 *	tell(message)		whether it could be sent
 *	close()			ends it, without another word
 *
 * and tells `on`
 *
 *	message(object)		what the server says
 *	alive()			that it is there
 *	closed(code, hint)	by a close code of the protocol, or the HTTP status of a
 *				refusal, or none; and the milliseconds to wait, if it said so
 */

const POLL_VISIBLE = 15000;
const POLL_HIDDEN = 60000;
const POLL_LIMIT = 20;
const POLL_TIMEOUT = 15000;

export const bearer = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

export function query(values) {
	const text = String(new URLSearchParams(values));
	return text && `?${text}`;
}

/** What `Retry-After` asks for, in milliseconds, spread over those who were told the same. */
export function retryAfter({ headers }) {
	const seconds = Number(headers.get("Retry-After"));
	return seconds > 0 ? Math.round(seconds * 1000 * (1 + Math.random() / 2)) : undefined;
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

class SocketTransport {
	#socket;

	/** The position stands in the address for a connection that a cookie authenticates. */
	constructor({ base, ledger, WebSocket }, on) {
		const address = base.replace("http", "ws") + "/ws" + query(ledger.resume);
		this.#socket = new WebSocket(address, "tidings.v1");
		this.#socket.onmessage = ({ data }) => {
			on.alive();
			on.message(parse(data));
		};
		this.#socket.onclose = ({ code, reason }) => on.closed(code, reason);
		this.#socket.onerror = () => {}; // a close follows
	}

	tell(message) {
		const open = this.#socket.readyState === 1;
		if (open) this.#socket.send(JSON.stringify(message));
		return open;
	}

	close() {
		this.#socket.close();
	}
}

/** What the server ends a stream with, as the close code of a socket. */
const endings = {
	__proto__: null,
	auth_failed: 4401,
	going_away: 1001,
	unavailable: 1013,
	forgotten: 4403,
	disconnected: 4403,
	token_revoked: 4403,
	too_many_connections: 4409,
};

class StreamTransport {
	#abort = new AbortController();

	constructor(way, on) {
		this.#run(way, on).then(
			(end) => on.closed(...end),
			() => on.closed(),
		);
	}

	async #run({ base, token, ledger, fetch }, on) {
		const response = await fetch(`${base}/stream${query(ledger.resume)}`, {
			headers: { Accept: "text/event-stream", ...bearer(token) },
			cache: "no-store",
			signal: this.#abort.signal,
		});
		if (!response.ok) return [response.status, retryAfter(response)];
		const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
		let rest = "";
		let retry;
		let end = [];
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return end;
			on.alive(); // the heartbeat is a comment
			const events = (rest + value).split("\n\n");
			rest = events.pop();
			for (const event of events) {
				retry = /^retry: (\d+)/m.exec(event)?.[1] ?? retry;
				const message = parse(/^data: (.*)/m.exec(event)?.[1]);
				if (!message) continue;
				const { type, code } = message;
				const ending = endings[type === "error" ? code : type];
				if (ending) end = [ending, retry];
				on.message(message);
			}
		}
	}

	tell() {
		return false;
	}

	close() {
		this.#abort.abort();
	}
}

/** Asks for the newest page now and then, and makes messages of what is new in it. */
class PollTransport {
	#way;
	#on;
	#timer;
	#etag; // of the last answer
	#busy = false;
	#closed = false;

	constructor(way, on) {
		this.#way = way;
		this.#on = on;
		this.#poll();
	}

	/** To be asked for a sign of life is to ask the server. */
	tell() {
		this.#poll();
		return false;
	}

	close() {
		this.#closed = true;
		clearTimeout(this.#timer);
	}

	async #poll() {
		if (this.#busy) return;
		clearTimeout(this.#timer);
		this.#busy = true;
		const end = await this.#ask().catch(() => []);
		this.#busy = false;
		if (this.#closed) return;
		if (end) return this.#on.closed(...end);
		const pause = this.#way.watched() ? POLL_VISIBLE : POLL_HIDDEN;
		this.#timer = setTimeout(
			() => this.#poll(),
			pause * (0.75 + Math.random() / 2),
		);
	}

	/** @returns {Promise<Array|undefined>} why it ended, if it did */
	async #ask() {
		const { base, fetch, tokens } = this.#way;
		const known = this.#etag && { "If-None-Match": this.#etag };
		const response = await fetch(`${base}/?limit=${POLL_LIMIT}`, {
			headers: { ...bearer(await tokens.get()), ...known },
			cache: "no-store",
			signal: AbortSignal.timeout(POLL_TIMEOUT),
		});
		if (response.ok) {
			const answer = await response.json();
			const first = this.#etag === undefined;
			this.#etag = response.headers.get("ETag");
			if (first) this.#on.message({ type: "connected" });
			this.#on.message({ ...answer, type: "polled" });
		} else if (response.status !== 304)
			return [response.status, retryAfter(response)];
		this.#on.alive();
	}
}

export const transports = {
	__proto__: null,
	socket: SocketTransport,
	stream: StreamTransport,
	poll: PollTransport,
};
