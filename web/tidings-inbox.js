/**
 * The notifications that an element shows: pages fetched on request, kept in
 * step with the stream of changes. No page is touched here.
 *
 * Fetched pages and the stream race. Each entry therefore knows the change
 * number it is true for: an older change leaves it alone, and what came in
 * while a page was on its way is applied again once the page is there.
 */

const PAGE_MOST = 100;
const REMOVING = new Set(["deleted", "withdrawn", "expired"]);

export class Inbox extends EventTarget {
	/** Newest first. Read only. */
	items = [];
	/** `idle` until load(), then `loading`, `ready` or `failed` (see `error`). */
	state = "idle";
	error = null;

	#client;
	#page;
	#entries = new Map(); // id to {notification, seq}
	#cursor = null;
	#asOf = -1; // the first page was fetched at this change
	#busy = false;
	#again = false; // what is held must be fetched anew
	#late = []; // changes that came while a page was on its way

	/**
	 * @param {import("./tidings-client.js").TidingsClient} client
	 * @param {number} page how many notifications are fetched at a time
	 */
	constructor(client, page) {
		super();
		this.#client = client;
		this.#page = page;
		client.addEventListener("change", this.#onChange);
		client.addEventListener("status", this.#onStatus);
	}

	close() {
		this.#client.removeEventListener("change", this.#onChange);
		this.#client.removeEventListener("status", this.#onStatus);
	}

	get hasMore() {
		return this.#cursor !== null;
	}

	/** Fetches the newest page, and again as many as are held. */
	load() {
		this.#again = true;
		return this.#run();
	}

	/** Fetches the page after the last one held. */
	more() {
		return this.hasMore ? this.#run() : Promise.resolve();
	}

	async #run() {
		if (this.#busy) return;
		this.#busy = true;
		this.#setState("loading");
		try {
			do await this.#fetch();
			while (this.#again);
			this.#setState("ready");
		} catch (error) {
			this.error = error;
			this.#setState("failed");
		} finally {
			this.#busy = false;
		}
	}

	/** Changes from before the request are in its answer, later ones are not. */
	async #fetch() {
		const anew = this.#again;
		this.#late = [];
		const limit = anew ? Math.max(this.#page, this.items.length) : this.#page;
		const answer = await this.#client.list({
			limit: Math.min(limit, PAGE_MOST),
			cursor: anew ? null : this.#cursor,
		});
		if (anew) this.#begin(answer.seq);
		this.#cursor = answer.nextCursor ?? null;
		for (const notification of answer.notifications)
			this.#put(notification, answer.seq);
		for (const change of this.#late) this.#apply(change);
		this.#sort();
	}

	#begin(seq) {
		this.#again = false;
		this.#asOf = seq;
		this.#entries.clear();
	}

	#put(notification, seq) {
		const held = this.#entries.get(notification.id);
		if (!held || held.seq <= seq)
			this.#entries.set(notification.id, { notification, seq });
	}

	// --- The stream -------------------------------------------------------

	#onChange = ({ detail }) => {
		if (this.state === "idle") return;
		if (this.#busy) this.#late.push(detail);
		this.#apply(detail);
		this.#sort();
		this.dispatchEvent(new Event("update"));
		if (this.#again) this.#run();
	};

	#onStatus = ({ detail }) => {
		if (this.state === "failed" && detail.state === "connected") this.load();
	};

	#apply({ seq, changes, notification, latest = [], reset, baseline }) {
		if (reset) this.#asOf = -1;
		if (reset || !changes || (baseline && seq > this.#asOf)) {
			this.#again ||= reset || seq > this.#asOf;
			return;
		}
		const known = new Map(
			[notification, ...latest].filter(Boolean).map((n) => [n.id, n]),
		);
		for (const change of changes) this.#applyOne(change, seq, known);
	}

	#applyOne({ op, id }, seq, known) {
		if (op === "created") this.#created(id, seq, known);
		else if (op === "read" || op === "unread")
			this.#mark(id, op === "read", seq, known);
		else if (op === "all_read")
			for (const held of this.#entries.keys())
				this.#mark(held, true, seq, known);
		else if (REMOVING.has(op)) this.#entries.delete(id);
		else if (op !== "seen") this.#again ||= seq > this.#asOf; // many, or not known here
	}

	/** Of a batch only the newest come along; the others have to be fetched. */
	#created(id, seq, known) {
		if (seq <= this.#asOf || this.#entries.has(id)) return;
		if (known.has(id)) this.#put(known.get(id), seq);
		else this.#again = true;
	}

	#mark(id, read, seq, known) {
		const held = this.#entries.get(id);
		if (!held || held.seq >= seq) return;
		const { readAt, ...bare } = known.get(id) ?? held.notification;
		const notification = read ? { ...bare, read, readAt } : { ...bare, read };
		this.#entries.set(id, { notification, seq });
	}

	/** Ids are UUIDs of version 7: their order is that of creation. */
	#sort() {
		const all = [...this.#entries.values()].map(({ notification }) => notification);
		this.items = all.sort((a, b) => (a.id < b.id ? 1 : -1));
	}

	#setState(state) {
		this.state = state;
		this.dispatchEvent(new Event("update"));
	}
}
