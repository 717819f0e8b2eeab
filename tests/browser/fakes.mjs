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
export function settle() {
	return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** Sockets that were opened, and what was requested; `answer` says how. */
export class Network {
	sockets = [];
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
			this.requests.push(request);
			const [status, body] = await this.answer(request);
			return new Response(JSON.stringify(body), { status });
		};
	}

	get socket() {
		return this.sockets.at(-1);
	}
}
