/**
 * The notifications that an element shows: those of the server's list that
 * match a filter, in pages fetched on request, kept in step with the stream of
 * changes. No page of a browser is touched here.
 *
 * Fetched pages and the stream race. Each entry therefore knows the change
 * number it is true for: an older change leaves it alone, and what came in
 * while a page was on its way is applied again once the page is there.
 *
 * Ids are UUIDs of version 7, whose order is that of creation, and a cursor is
 * the id of the last row that the server examined: so a place in the list is
 * found by halving, and a change costs little however much is held.
 */

const LIMIT_MOST = 100; // of one request
const REQUESTS_MOST = 10; // at a time; a filtered page may need several
const MISSING_MOST = 1000; // beyond that all is fetched anew
const REMOVING = new Set(["deleted", "withdrawn", "expired"]);

/** Where `id` stands in items that are newest first, or would stand. */
export function placeOf(id, items) {
	let [low, high] = [0, items.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (items[middle].id > id) low = middle + 1;
		else high = middle;
	}
	return low;
}

export class Inbox extends EventTarget {
	/** What matches, newest first. Read only. */
	items = [];
	/** `idle` until load(), then `loading`, `ready` or `failed` (see `error`). */
	state = "idle";
	error = null;
	/** How many notifications the user has, NaN while that is not known. */
	total = NaN;
	/** What is shown of them, see show(). Read only. */
	filter;

	#client;
	#page;
	#entries = new Map(); // id to {notification, seq}, whether it matches or not
	#hidden = new Set(); // ids
	#top = null; // what is newer waits
	#cursor = null;
	#asOf = -1; // the newest were fetched at this change
	#totalAsOf = -1;
	#busy = null; // the filter that something is being fetched for
	#again = false; // what is held must be fetched anew
	#missing = []; // ids of what must be fetched, since only they are known
	#late = []; // changes that came while a page was on its way

	/**
	 * @param {import("./tidings-client.js").TidingsClient} client
	 * @param {number} page how many notifications are fetched at a time
	 * @param {{unread?: boolean, type?: string, category?: string}} [filter]
	 */
	constructor(client, page, filter = {}) {
		super();
		this.#client = client;
		this.#page = page;
		this.filter = filter;
		client.addEventListener("change", this.#onChange);
		client.addEventListener("status", this.#onStatus);
	}

	close() {
		this.#client.removeEventListener("change", this.#onChange);
		this.#client.removeEventListener("status", this.#onStatus);
	}

	/** Shows those that match `filter`: what is held at once, and fetches the others. */
	show(filter) {
		this.filter = filter;
		this.items = [];
		this.#cursor = this.#top = null;
		for (const id of this.#entries.keys()) this.#place(id);
		return this.load();
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

	/** From now on what arrives is to wait: see `waiting`. */
	hold() {
		this.#top ??= this.items[0]?.id ?? null;
	}

	release() {
		this.#top = null;
	}

	/** How many of the first items are newer than hold(). */
	get waiting() {
		return this.#top === null ? 0 : placeOf(this.#top, this.items);
	}

	/** Leaves one out of the items, or takes it in again. */
	hide(id, hidden = true) {
		if (hidden) this.#hidden.add(id);
		else this.#hidden.delete(id);
		this.#place(id);
		this.#tell();
	}

	// --- Pages ------------------------------------------------------------

	/** Another filter's run does not wait for this one, which then ends unheard. */
	async #run() {
		const filter = this.filter;
		if (this.#busy === filter) return;
		this.#busy = filter;
		this.#setState("loading");
		let state = "ready";
		try {
			do await this.#fetch();
			while (this.#busy === filter && (this.#again || this.#missing.length));
		} catch (error) {
			this.error = error;
			state = "failed";
		}
		if (this.#busy !== filter) return;
		this.#busy = null;
		this.#setState(state);
	}

	/** Everything anew, or what is missing among the newest, or the next page. */
	async #fetch() {
		const anew = this.#again;
		const missing = anew ? [] : this.#missing;
		const next = !anew && missing.length === 0;
		this.#late = [];
		const found = await this.#collect(
			next ? this.#cursor : null,
			Math.max(this.#page, anew ? this.items.length : missing.length),
			missing.sort()[0],
		);
		if (!found) return;
		const { rows, asOf, answer, isWhole } = found;
		if (anew) this.#forget();
		if (!next) this.#asOf = asOf;
		if (missing.length === 0) this.#cursor = answer.nextCursor ?? null;
		this.#again ||= missing.length > 0 && !isWhole;
		this.#missing = [];
		for (const [notification, seq] of rows) this.#put(notification, seq);
		this.total = answer.total;
		this.#totalAsOf = answer.seq;
		for (const change of this.#late) this.#apply(change);
	}

	/**
	 * Rows from `cursor` on, as many as are wanted or up to an id, each with the change
	 * it is true for: those from before a request are in its answer, later ones are not.
	 * @returns {Promise<object|undefined>} nothing where another filter came between
	 */
	async #collect(cursor, wanted, upto) {
		const { filter } = this;
		const limit = Math.min(wanted, LIMIT_MOST);
		const rows = [];
		let asOf;
		for (let asked = 1; ; asked++) {
			const answer = await this.#client.list({
				limit,
				cursor,
				...filter,
			});
			if (filter !== this.filter) return;
			cursor = answer.nextCursor ?? null;
			asOf ??= answer.seq;
			rows.push(...answer.notifications.map((n) => [n, answer.seq]));
			const isWhole =
				cursor === null || (upto ? cursor <= upto : rows.length >= wanted);
			if (isWhole || asked === REQUESTS_MOST)
				return { rows, asOf, answer, isWhole };
		}
	}

	#forget() {
		this.#again = false;
		this.#entries.clear();
		this.items = [];
	}

	/** Takes one as it was at `seq`, unless it is known as it was later. */
	#put(notification, seq) {
		const { id } = notification;
		if (this.#entries.get(id)?.seq > seq) return;
		this.#entries.set(id, { notification, seq });
		this.#place(id);
	}

	/** Makes the items have it, as it is now and where it belongs, or not. */
	#place(id) {
		const notification = this.#entries.get(id)?.notification;
		const at = placeOf(id, this.items);
		const there = this.items[at]?.id === id ? 1 : 0;
		if (notification && this.#matches(notification))
			this.items.splice(at, there, notification);
		else this.items.splice(at, there);
	}

	#matches({ id, read, type, category }) {
		const wanted = this.filter;
		return (
			!this.#hidden.has(id) &&
			!(wanted.unread && read) &&
			(wanted.type ?? type) === type &&
			(wanted.category ?? category) === category
		);
	}

	// --- The stream -------------------------------------------------------

	#onChange = ({ detail }) => {
		if (this.state === "idle") return;
		if (this.#busy) this.#late.push(detail);
		this.#apply(detail);
		this.#tell();
		if (this.#again || this.#missing.length) this.#run();
	};

	#onStatus = ({ detail }) => {
		if (this.state === "failed" && detail.state === "connected") this.load();
	};

	#apply({ seq, changes, notification, latest = [], reset, baseline, own }) {
		if (reset) this.#asOf = -1;
		if (reset || !changes || (baseline && seq > this.#asOf)) {
			this.#again ||= reset || seq > this.#asOf;
			return;
		}
		const counts = !own && seq > this.#totalAsOf;
		if (counts) this.#totalAsOf = seq;
		const known = new Map(
			[notification, ...latest].filter(Boolean).map((n) => [n.id, n]),
		);
		for (const change of changes) {
			if (counts) this.#count(change);
			this.#applyOne(change, seq, known);
		}
	}

	#applyOne({ op, id }, seq, known) {
		if (op === "created") this.#take(id, seq, known);
		else if (op === "read" || op === "unread")
			this.#mark(id, op === "read", seq, known);
		else if (op === "all_read")
			for (const held of this.#entries.keys()) this.#mark(held, true, seq, known);
		else if (REMOVING.has(op)) this.#remove(id);
		else if (op !== "seen") this.#again ||= seq > this.#asOf; // many, or not known here
	}

	/** Of several only the newest come along; the others have to be fetched. */
	#take(id, seq, known) {
		if (seq <= this.#asOf || this.#entries.has(id)) return;
		if (known.has(id)) this.#put(known.get(id), seq);
		else this.#again ||= this.#missing.push(id) > MISSING_MOST;
	}

	/** What is unread again may never have been among the unread ones held. */
	#mark(id, read, seq, known) {
		const entry = this.#entries.get(id);
		if (!entry && !read && this.filter.unread && id > (this.#cursor ?? ""))
			this.#take(id, seq, known);
		if (!entry || entry.seq >= seq) return;
		const { readAt, ...bare } = known.get(id) ?? entry.notification;
		this.#put(read ? { ...bare, read, readAt } : { ...bare, read }, seq);
	}

	#remove(id) {
		this.#entries.delete(id);
		this.#place(id);
	}

	/** Whether what ended was this user's is known only where it is held. */
	#count({ op, id }) {
		if (op === "created") this.total++;
		else if (REMOVING.has(op))
			this.total -= op === "deleted" || this.#entries.has(id) ? 1 : NaN;
	}

	#setState(state) {
		this.state = state;
		this.#tell();
	}

	#tell() {
		this.dispatchEvent(new Event("update"));
	}
}
