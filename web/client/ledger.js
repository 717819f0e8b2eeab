/**
 * How far the stream of changes was followed, and the counts: the rules of the
 * contract by which there is never a gap and never a drift.
 *
 * Two numbers do it. `position` is the last change applied; only the stream moves
 * it, and it is what a resumed connection names. Counts remember the number they
 * are true for on their own, since the answer to a request may be ahead of the
 * stream.
 */

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

export class Ledger {
	unread = 0;
	unseen = 0;
	/** {epoch, seq}; the epoch is not known to whoever only polled. */
	position = null;
	/** Answers from before a reset say nothing about the counts after it. */
	life = 0;

	#emit;
	#epoch; // of the connection
	#countsSeq = -1;
	#newest; // id that was told of

	/** @param {function(string, object)} emit tells `notification` and `change` */
	constructor(emit) {
		this.#emit = emit;
	}

	/** Where a connection is to go on. */
	get resume() {
		const { seq, epoch } = this.position ?? {};
		return epoch ? { since: seq, epoch } : {};
	}

	/** What is not understood is left alone: the contract grows by adding. */
	receive(message) {
		this.#handlers[message.type]?.(message);
	}

	#handlers = {
		__proto__: null,
		connected: (message) => this.#connected(message),
		unread_count: (message) => this.#counted(message),
		new_notification: (message) => this.#apply(message),
		notification_update: (message) => this.#apply(message),
		polled: (message) => this.#polled(message),
	};

	/** Counts in the answer to a request. */
	take(answer) {
		if (this.#takeCounts(answer)) this.#change(answer.seq, []);
	}

	/** All of it was another user's. */
	forget() {
		this.position = null;
		this.unread = this.unseen = 0;
		this.#newest = undefined;
		this.#forgetCounts();
		this.#change(0, undefined, { reset: true, forget: true });
	}

	// --- In step with another tab ---------------------------------------------

	/** Whether nothing up to that position was missed. */
	isAt(position) {
		return !position || this.#isApplied(position.seq, position.epoch);
	}

	get state() {
		return {
			epoch: this.#epoch,
			position: this.position,
			newest: this.#newest,
			unreadCount: this.unread,
			unseenCount: this.unseen,
			seq: this.#countsSeq,
		};
	}

	/** Takes over what another one has; if that is further, what was fetched is old. */
	adopt(state) {
		const { epoch, position, newest } = state;
		this.#epoch = epoch;
		if (!isCount(position?.seq) || this.isAt(position)) return;
		const reset = this.position !== null;
		this.position = position;
		this.#newest = newest;
		if (reset) this.#forgetCounts();
		this.#takeCounts(state);
		this.#change(position.seq, reset ? undefined : [], { reset, baseline: !reset });
	}

	// --- Messages ---------------------------------------------------------------

	/** Applies nothing: only what follows moves the position. */
	#connected({ epoch = this.#epoch }) {
		this.#epoch = epoch;
	}

	/** The first one ever is where the stream begins. */
	#counted(message) {
		const { seq } = message;
		if (!isCount(seq)) return;
		const { position } = this;
		const polled = position && !position.epoch && position.seq === seq;
		const baseline = !position;
		if (baseline || polled) this.position = { epoch: this.#epoch, seq };
		else if (position.epoch !== this.#epoch)
			return this.#apply({ ...message, reset: true });
		if (this.#takeCounts(message) || baseline) this.#change(seq, [], { baseline });
	}

	/** A page of the list: what else has changed it does not say. */
	#polled(message) {
		const { notifications, seq } = message;
		if (!Array.isArray(notifications)) return;
		const arrived = notifications.filter(({ id }) => id > this.#newest).reverse();
		this.#newest ??= "";
		this.#told(notifications);
		if (this.position)
			this.#apply({ ...message, arrived, reset: seq < this.position.seq });
		else this.#counted(message);
	}

	#apply(message) {
		const { seq, notification, changes, latestNotifications: latest } = message;
		const reset = message.reset === true;
		if (!isCount(seq) || (!reset && this.#isApplied(seq, this.#epoch))) return;
		this.position = { epoch: this.#epoch, seq };
		if (reset) this.#forgetCounts();
		this.#takeCounts(message);
		const arrived = notification ? [notification] : (message.arrived ?? []);
		this.#told([...arrived, ...(latest ?? [])]);
		for (const notification of arrived)
			this.#emit("notification", { notification, seq });
		if (!notification) return this.#change(seq, changes, { latest, reset });
		this.#change(seq, [{ op: "created", id: notification.id }], { notification });
	}

	/** Ids are UUIDs of version 7: their order is that of creation. */
	#told(notifications) {
		for (const { id } of notifications) if (!(this.#newest > id)) this.#newest = id;
	}

	#isApplied(seq, epoch) {
		const { position } = this;
		return position !== null && position.epoch === epoch && seq <= position.seq;
	}

	#forgetCounts() {
		this.#countsSeq = -1;
		this.life++;
	}

	/** @returns {boolean} whether a count changed; older ones than those held are not taken */
	#takeCounts({ unreadCount, unseenCount, seq }) {
		if (![unreadCount, unseenCount, seq].every(isCount)) return false;
		if (seq < this.#countsSeq) return false;
		const changed = this.unread !== unreadCount || this.unseen !== unseenCount;
		Object.assign(this, { unread: unreadCount, unseen: unseenCount });
		this.#countsSeq = seq;
		return changed;
	}

	#change(seq, changes, more) {
		this.#emit("change", { seq, changes, ...more });
	}
}
