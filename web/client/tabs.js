/**
 * The tabs of one browser that show the same user's notifications: one of them leads, by
 * holding a lock, and has the connection; it passes on what the server says. The others
 * wait for the lock, which is free as soon as the leader is gone, in whatever way.
 *
 * Among them is said [kind, body]. The name bears the version, so that pages of different
 * versions have a connection each:
 *
 *	who	by a leader: who is there? Answered by
 *	hello	by one that follows, or is looked at again: how do things stand? Answered by
 *	state	what must be known to follow
 *	message	one of the server's, and the position before it
 *	end	by a leader: nobody is to go on
 */

const VERSION = 1;

/** Who heeds what; anything else is not understood. */
const heeded = {
	__proto__: null,
	who: "following",
	hello: "leading",
	state: "following",
	message: "following",
	end: "joined",
};

export class Tabs {
	/** Whether this one has the connection, for itself or for all. */
	leading = false;
	/** Whether another one follows, and so may be what is looked at. */
	followed = false;

	#hear;
	#channel;
	#abort;
	#release;

	/** @param {object} hear what to do by kind, and `lead()` */
	constructor(hear) {
		this.#hear = hear;
	}

	get joined() {
		return Boolean(this.#channel);
	}

	get following() {
		return this.joined && !this.leading;
	}

	/**
	 * @param {string|undefined} name by which the tabs find each other
	 * @returns {boolean} whether this one leads: at once where nothing is shared
	 */
	join(name) {
		if (this.joined || this.leading) return this.leading;
		try {
			if (name) this.#share(`tidings ${VERSION} ${name}`);
			else this.leading = true;
		} catch {
			this.leading = true; // a runtime, or a page, that has no such thing
		}
		return this.leading;
	}

	say(kind, body) {
		this.#channel?.postMessage([kind, body]);
	}

	leave() {
		this.#abort?.abort();
		this.#release?.();
		this.#channel?.close();
		this.#channel = undefined;
		this.leading = this.followed = false;
	}

	/** Throws where there are no locks or no channels. */
	#share(name) {
		const { locks } = globalThis.navigator;
		const { signal } = (this.#abort = new AbortController());
		this.#channel = locks && new BroadcastChannel(name);
		this.#channel.onmessage = ({ data }) => this.#receive(data);
		const lead = () => {
			if (signal.aborted) return;
			this.leading = true;
			this.#hear.lead();
			return new Promise((resolve) => (this.#release = resolve));
		};
		locks.request(name, { signal }, lead).catch(lead);
		this.say("hello", {});
	}

	#receive(data) {
		const [kind, body] = Array.isArray(data) ? data : [];
		if (!this[heeded[kind]] || !body) return;
		this.followed ||= this.leading;
		this.#hear[kind](body);
	}
}
