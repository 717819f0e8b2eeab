/**
 * A network and a clock that a test moves by hand, for the client module.
 */

/** Replaces timers, time and chance until restore(). */
export class Clock {
	now = 1_000_000;
	#timers = new Map();
	#next = 1;
	#real = {
		setTimeout: globalThis.setTimeout,
		clearTimeout: globalThis.clearTimeout,
		dateNow: Date.now,
		random: Math.random,
	};

	constructor(random = 0.5) {
		globalThis.setTimeout = (action, delay = 0) => {
			this.#timers.set(this.#next, { action, at: this.now + delay });
			return this.#next++;
		};
		globalThis.clearTimeout = (id) => this.#timers.delete(id);
		Date.now = () => this.now;
		Math.random = () => random;
	}

	restore() {
		globalThis.setTimeout = this.#real.setTimeout;
		globalThis.clearTimeout = this.#real.clearTimeout;
		Date.now = this.#real.dateNow;
		Math.random = this.#real.random;
	}

	/** Milliseconds to the timers that are set, soonest first. */
	get pending() {
		return [...this.#timers.values()]
			.map(({ at }) => at - this.now)
			.sort((a, b) => a - b);
	}

	async advance(delay) {
		this.now += delay;
		for (const [id, { action, at }] of [...this.#timers]) {
			if (at > this.now || !this.#timers.delete(id)) continue;
			action();
		}
		await settle();
	}
}

/** Lets all that is awaited and ready go on. */
export async function settle() {
	for (let round = 0; round < 8; round++) await new Promise(setImmediate);
}

/** A stream of events that was asked for. */
class Stream {
	#controller;

	constructor(request) {
		this.request = request;
		const body = new ReadableStream({
			start: (controller) => (this.#controller = controller),
			cancel: () => (this.wasClosed = true),
		});
		request.signal.addEventListener("abort", () => {
			this.wasClosed = true;
			this.#controller.error(request.signal.reason);
		});
		this.response = new Response(body);
	}

	/** Messages, or text as it is on the line. */
	async receive(...messages) {
		for (const message of messages)
			this.#controller.enqueue(
				new TextEncoder().encode(
					typeof message === "string"
						? message
						: `event: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`,
				),
			);
		await settle();
	}

	async end() {
		this.#controller.close();
		await settle();
	}
}

/**
 * Sockets and streams that were opened, and what else was requested: `answer` gives status,
 * body and headers. Where `streams` is null there are none.
 */
export class Network {
	sockets = [];
	streams = [];
	requests = [];
	answer = () => [200, {}];

	constructor() {
		const network = this;
		this.WebSocket = class {
			readyState = 0;
			sent = [];
			wasClosed = false;

			constructor(url, protocol) {
				Object.assign(this, { url, protocol });
				network.sockets.push(this);
			}

			send(text) {
				this.sent.push(JSON.parse(text));
			}

			close() {
				this.wasClosed = true;
				this.readyState = 3;
			}

			open() {
				this.readyState = 1;
				this.onopen?.({});
			}

			receive(...messages) {
				for (const message of messages)
					this.onmessage?.({
						data:
							typeof message === "string"
								? message
								: JSON.stringify(message),
					});
			}

			async end(code, reason = "") {
				this.readyState = 3;
				this.onclose?.({ code, reason });
				await settle();
			}
		};
		this.fetch = async (url, options) => {
			const { pathname, search } = new URL(url);
			const request = { ...options, path: pathname + search };
			if (this.streams && pathname.endsWith("/stream")) {
				this.streams.push(new Stream(request));
				return this.stream.response;
			}
			this.requests.push(request);
			const [status, body, headers] = await this.answer(request);
			const text = status === 304 ? null : JSON.stringify(body);
			return new Response(text, { status, headers });
		};
	}

	get stream() {
		return this.streams.at(-1);
	}

	get socket() {
		return this.sockets.at(-1);
	}
}

/**
 * A browser with tabs: locks, channels and what a page hears of, until restore(). What begins
 * to listen does so at the `page` of that moment, since all tabs are in one process here.
 */
export class Browser {
	document = { visibilityState: "visible" };
	page = new EventTarget();
	navigator = { onLine: true, locks: { request: (...given) => this.#request(...given) } };
	channels = new Set();
	#queues = new Map(); // of a lock, whoever holds it first
	#real = new Map();

	constructor() {
		const { channels } = this;
		class BroadcastChannel {
			constructor(name) {
				this.name = name;
				channels.add(this);
			}

			postMessage(data) {
				for (const other of channels) {
					if (other === this || other.name !== this.name) continue;
					const copy = structuredClone(data);
					setImmediate(
						() => channels.has(other) && other.onmessage({ data: copy }),
					);
				}
			}

			close() {
				channels.delete(this);
			}
		}
		this.#set("navigator", this.navigator);
		this.#set("document", this.document);
		this.#set("BroadcastChannel", BroadcastChannel);
		for (const name of ["addEventListener", "removeEventListener"])
			this.#set(name, (...given) => this.page[name](...given));
	}

	#set(name, value) {
		this.#real.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
		Object.defineProperty(globalThis, name, { value, configurable: true });
	}

	locate(origin) {
		this.#set("location", { origin, href: `${origin}/` });
	}

	restore() {
		for (const [name, descriptor] of this.#real) {
			delete globalThis[name];
			if (descriptor) Object.defineProperty(globalThis, name, descriptor);
		}
	}

	/** The names of the locks that are held. */
	get held() {
		return [...this.#queues].filter(([, queue]) => queue.length).map(([name]) => name);
	}

	#request(name, { signal }, action) {
		const queue = this.#queues.get(name) ?? [];
		this.#queues.set(name, queue);
		return new Promise((resolve, reject) => {
			const place = { action, resolve, held: false };
			signal.addEventListener("abort", () => {
				if (place.held) return;
				queue.splice(queue.indexOf(place), 1);
				reject(signal.reason);
			});
			queue.push(place);
			setImmediate(() => this.#grant(queue));
		});
	}

	async #grant(queue) {
		const [place] = queue;
		if (!place || place.held) return;
		place.held = true;
		await place.action();
		queue.shift();
		place.resolve();
		this.#grant(queue);
	}
}
