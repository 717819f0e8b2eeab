// Broadcasts to everybody who is connected, and to those who come back; and what else changes
// by itself or in batches.

import assert from 'node:assert/strict';

import { Client } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, join, newUser, resumeQuery, shell, tokenOf } from './setting.mjs';

const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
const counts = ({ unreadCount, unseenCount, seq }) => [unreadCount, unseenCount, seq];
const pick = (n) => Math.floor(Math.random() * n);

// A session of a new user. All broadcasts of the store so far count in `seq`.
async function joinNew(options) {
	const user = newUser();
	const client = await join(user, options);
	return { user, client, seq: client.greeting.at(-1).seq };
}

async function expectUpdate(client, changes, expected) {
	const message = await client.expect('notification_update');
	assert.deepEqual(message.changes, changes);
	assert.deepEqual(counts(message), expected);
	assert.equal(message.reset, undefined);
	return message;
}

// Each reader gets the same notification with counts of their own.
export async function created() {
	const store = await Store.open();
	const readers = [];
	for (let own = 0; own < 4; own++) {
		const { user, client } = await joinNew();
		for (let i = 0; i < own; i++) {
			await store.create(user);
			await client.expect('new_notification');
		}
		const second = await join(user);
		const { seq } = second.greeting.at(-1);
		readers.push({ clients: [client, second], own, seq });
	}
	for (let n = 1; n <= 3; n++) {
		const { id } = await store.broadcast({ title: `To all ${n}`, type: 'warning', data: { n } });
		for (const { clients, own, seq } of readers)
			for (const client of clients) {
				const message = await client.expect('new_notification');
				assert.deepEqual(Object.keys(message).sort(),
					['notification', 'seq', 'timestamp', 'type', 'unreadCount', 'unseenCount']);
				assert.deepEqual(counts(message), [own + n, own + n, seq + n]);
				const { notification } = message;
				assert.equal(notification.id, id);
				assert.equal(notification.title, `To all ${n}`);
				assert.equal(notification.broadcast, true);
				assert.equal(notification.userId, undefined);
				assert.equal(notification.read, false);
				assert.deepEqual(notification.data, { n });
			}
	}
	// who comes later has none of them
	const { client } = await joinNew();
	assert.deepEqual(counts(client.greeting.at(-1)).slice(0, 2), [0, 0]);
	await client.silent();
}

// What an end does to the counts depends on what each reader did with it.
export async function ended() {
	const store = await Store.open();
	const readers = [];
	for (let i = 0; i < 4; i++)
		readers.push(await joinNew());
	const [idle, reading, deleting, seeing] = readers;
	const { id } = await store.broadcast({ title: 'withdrawn' });
	for (const reader of readers)
		assert.deepEqual(counts(await reader.client.expect('new_notification')), [1, 1, ++reader.seq]);
	reading.client.send({ type: 'mark_read', id });
	await expectUpdate(reading.client, [{ op: 'read', id }], [0, 0, ++reading.seq]);
	await store.delete(deleting.user, id);
	await expectUpdate(deleting.client, [{ op: 'deleted', id }], [0, 0, ++deleting.seq]);
	seeing.client.send({ type: 'seen' });
	await expectUpdate(seeing.client, [{ op: 'seen' }], [1, 0, ++seeing.seq]);
	const other = await store.broadcast({ title: 'stays' });
	await store.withdrawBroadcast(id);
	const unseen = new Map([[idle, 2], [reading, 1], [deleting, 1], [seeing, 1]]);
	const unread = new Map([[idle, 2], [reading, 1], [deleting, 1], [seeing, 2]]);
	for (const reader of readers) {
		const message = await reader.client.expect('new_notification');
		assert.deepEqual(counts(message), [unread.get(reader), unseen.get(reader), ++reader.seq]);
		const { latestNotifications } = await expectUpdate(reader.client, [{ op: 'withdrawn', id }], [1, 1, ++reader.seq]);
		assert.deepEqual(latestNotifications.map((one) => one.id), [other.id]);
		assert.equal(latestNotifications[0].broadcast, true);
	}
	for (const { client, seq } of readers)
		assert.equal((await client.silent()).seq, seq);
}

// By itself: a broadcast, and a notification of one user.
export async function expiry() {
	const store = await Store.open();
	const { user, client, seq } = await joinNew();
	const expires = Date.now() + 1500;
	const own = await store.create(user, { expires });
	assert.equal((await client.expect('new_notification')).notification.expiresAt, new Date(expires).toISOString());
	const { id } = await store.broadcast({ expires });
	await client.expect('new_notification');
	const gone = [];
	while (gone.length < 2) {
		const message = await client.expect('notification_update');
		assert.ok(Date.now() >= expires, 'too early');
		gone.push(...message.changes);
		assert.deepEqual(counts(message), [2 - gone.length, 2 - gone.length, seq + 2 + gone.length]);
	}
	assert.deepEqual(gone.map(({ op }) => op), ['expired', 'expired']);
	assert.deepEqual(new Set(gone.map((one) => one.id)), new Set([id, own.id]));
	await client.silent();
}

// A batch is one change for each user in it; so is what a publisher withdraws.
export async function batch() {
	const store = await Store.open();
	const one = await joinNew(), many = await joinNew(), other = await joinNew();
	const list = Array.from({ length: 20 }, (_, i) => ({ userId: i === 7 ? one.user : many.user, title: `Number ${i}` }));
	const { next } = await store.createMany(list);
	const single = await one.client.expect('new_notification');
	assert.equal(single.notification.title, 'Number 7');
	const update = await many.client.expect('notification_update');
	assert.deepEqual(counts(update), [19, 19, many.seq + 1]);
	assert.equal(update.changes.length, 19);
	assert.ok(update.changes.every(({ op, id }) => op === 'created' && id >= next));
	assert.deepEqual(update.latestNotifications.map(({ title }) => title),
		[19, 18, 17, 16, 15].map((i) => `Number ${i}`));
	await store.withdraw(many.user, next);
	await expectUpdate(many.client, [{ op: 'withdrawn', id: next }], [18, 18, many.seq + 2]);
	await other.client.silent();
}

// The largest that there can be: more than one frame of 64 KiB.
export async function largest_batch() {
	const store = await Store.open();
	const { user, client, seq } = await joinNew();
	await store.createMany(Array.from({ length: 1000 }, () => ({ userId: user })));
	const message = await client.expect('notification_update');
	assert.equal(message.changes.length, 1000);
	assert.deepEqual(counts(message), [1000, 1000, seq + 1]);
	await client.silent();
}

// Does something at random; returns what it was.
async function change(store, users, live) {
	const user = users[pick(users.length)];
	switch (pick(8)) {
	case 0:
	case 1:
		live.push((await store.broadcast({ title: 'To all' })).id);
		return;
	case 2:
		if (live.length)
			await store.withdrawBroadcast(live.splice(pick(live.length), 1)[0]);
		return;
	case 3:
		if (live.length)
			await store.markRead(user, live[pick(live.length)]).catch(() => {});
		return;
	case 4:
		await store.seen(user);
		return;
	case 5:
		await store.createMany([{ userId: user }, { userId: user }]);
		return;
	default:
		await store.create(user);
	}
}

// Follows a session, whose counts must be those that were true as of each `seq`.
class Follower {
	constructor(client, seq, past) {
		Object.assign(this, { client, seq, past });
	}

	take(message) {
		const steps = message.changes?.length ?? 1;
		assert.ok(message.seq > this.seq && message.seq <= this.seq + steps, `${this.seq}: ${JSON.stringify(message).slice(0, 300)}`);
		assert.deepEqual(counts(message).slice(0, 2), this.past.get(message.seq), `as of ${message.seq}`);
		this.seq = message.seq;
	}

	async upTo(seq) {
		while (this.seq < seq)
			this.take(await this.client.next());
		assert.equal(this.seq, seq);
	}
}

async function noteCounts(store, users, pasts) {
	for (const [i, user] of users.entries()) {
		const { seq, unread, unseen } = await store.count(user);
		pasts[i].set(seq, [unread, unseen]);
	}
}

// All kinds of changes, one by one: the counts of every message are those as of its `seq`; and
// those of whoever comes back from anywhere.
export async function every_count() {
	const store = await Store.open();
	const users = [newUser(), newUser(), newUser()];
	const pasts = users.map(() => new Map());
	const followers = [];
	for (const [i, user] of users.entries())
		for (let n = 0; n < 2; n++) {
			const client = await join(user);
			followers.push(new Follower(client, client.greeting.at(-1).seq, pasts[i]));
		}
	const [{ epoch }] = followers[0].client.greeting;
	const begin = await Promise.all(users.map((user) => store.count(user)));
	const live = [];
	for (let i = 0; i < 90; i++) {
		await change(store, users, live);
		await noteCounts(store, users, pasts);
	}
	const end = await Promise.all(users.map((user) => store.count(user)));
	for (const [i, follower] of followers.entries())
		await follower.upTo(end[i >> 1].seq);
	for (const [i, user] of users.entries()) {
		for (let since = Math.max(begin[i].seq, end[i].seq - 100); since <= end[i].seq; since++) {
			const client = await join(user, { query: resumeQuery(since, epoch) });
			const follower = new Follower(client, since, pasts[i]);
			for (const message of client.greeting.slice(1, -1))
				follower.take(message);
			assert.equal(follower.seq, end[i].seq);
			assert.deepEqual(counts(client.greeting.at(-1)), [end[i].unread, end[i].unseen, end[i].seq]);
			client.destroy();
		}
	}
}

// Whether the message tells of the creation of this one: alone, among other changes, or in the
// place of too many of them.
function tells(message, title) {
	const listed = message?.latestNotifications?.find((one) => one.title === title);
	return message?.notification?.title === title ||
		(listed && (message.changes?.some(({ op, id }) => op === 'created' && id === listed.id) ?? true));
}

// The same as fast as it goes, while sessions come and go.
export async function many_at_once() {
	const store = await Store.open();
	const users = Array.from({ length: 20 }, newUser);
	const joining = [], sessions = [];
	const live = [];
	let done = false;
	const changing = (async () => {
		while (!done)
			await Promise.all(Array.from({ length: 10 }, () => change(store, users, live)));
	})();
	const follow = async (user, joined) => {
		const client = await joined;
		let { seq } = client.greeting.at(-1);
		for (let message; !tells(message, 'The last');) {
			message = await client.next();
			const steps = message.notification ? 1 : message.changes?.length ?? Infinity;
			assert.ok(message.seq > seq && message.seq <= seq + steps, `${seq}: ${JSON.stringify(message).slice(0, 300)}`);
			seq = message.seq;
		}
		return { user, client };
	};
	for (let i = 0; i < 80; i++) {
		const user = users[i % users.length];
		joining.push(join(user));
		sessions.push(follow(user, joining.at(-1)).catch((error) => error));
		await new Promise((resolve) => setTimeout(resolve, 5)); // some at once, some later
	}
	done = true;
	await changing;
	await Promise.allSettled(joining); // who comes later would not hear of the last
	await store.broadcast({ title: 'The last' });
	for (const session of await Promise.all(sessions)) {
		if (session instanceof Error)
			throw session;
		const { seq, unread, unseen } = await store.count(session.user);
		assert.deepEqual(counts(await session.client.silent()), [unread, unseen, seq]);
	}
}

// Who does not read costs nobody anything, and gets one update in the end.
export async function never_reads() {
	const store = await Store.open();
	const stuck = await joinNew(), reader = await joinNew();
	stuck.client.pause();
	for (let n = 1; n <= 300; n++) {
		const { id } = await store.broadcast(LARGE);
		await reader.client.expect('new_notification');
		await store.withdrawBroadcast(id);
		await expectUpdate(reader.client, [{ op: 'withdrawn', id }], [0, 0, reader.seq + 2 * n]);
	}
	stuck.client.resume();
	let message, { seq } = stuck;
	for (;;) {
		message = await stuck.client.next();
		if (!message.notification && !message.changes)
			break;
		assert.equal(message.seq, ++seq); // what was queued, without a gap
	}
	assert.equal(message.type, 'notification_update');
	assert.deepEqual(counts(message), [0, 0, stuck.seq + 600]);
	await stuck.client.silent();
}

// More than are kept while one is on its way to somebody who is asked about.
export async function store_stands_still() {
	const { user, client, seq } = await joinNew();
	const watcher = await joinNew();
	const store = await Store.open();
	const { id } = await store.broadcast();
	await client.expect('new_notification');
	await watcher.client.expect('new_notification');
	await shell('kill -STOP "$(cat "$dir/pids/stored")"');
	client.send({ type: 'mark_read', id });
	const joining = Client.open(PUSH, { token: tokenOf(user) });
	const more = Array.from({ length: 100 }, () => store.broadcast());
	await shell('kill -CONT "$(cat "$dir/pids/stored")"');
	await Promise.all(more);
	const { unread, unseen, seq: last } = await store.count(user);
	assert.equal(last, seq + 102);
	let message = { seq: seq + 1 };
	while (message.seq < last)
		message = await client.next();
	assert.deepEqual(counts(message), [unread, unseen, last]);
	await client.silent();
	for (let n = 1; n <= 100; n++)
		assert.deepEqual(counts(await watcher.client.expect('new_notification')), [n + 1, n + 1, watcher.seq + n + 1]);
	assert.deepEqual(counts(await (await joining).silent().catch(() => ({}))).length, 3);
}

// 2,000 clients of as many users hear of each; the store is asked for all when one ends.
export async function many_clients() {
	const store = await Store.open();
	const clients = await Promise.all(Array.from({ length: 2000 }, () => joinNew({ patience: 60_000 })));
	const { id } = await store.broadcast();
	const other = await store.broadcast();
	for (const { client, seq } of clients) {
		assert.deepEqual(counts(await client.expect('new_notification')), [1, 1, seq + 1]);
		assert.deepEqual(counts(await client.expect('new_notification')), [2, 2, seq + 2]);
	}
	await store.withdrawBroadcast(id);
	for (const { client, seq } of clients)
		await expectUpdate(client, [{ op: 'withdrawn', id }], [1, 1, seq + 3]);
	await Promise.all([store.withdrawBroadcast(other.id), store.broadcast(), store.create(clients[7].user)]);
	for (const [i, { client, seq }] of clients.entries()) {
		let last = seq + 3, message;
		while (last < seq + (i === 7 ? 6 : 5)) {
			message = await client.next();
			assert.ok(message.seq > last && message.seq <= last + (message.changes?.length ?? 1));
			last = message.seq;
		}
		assert.equal(message.unreadCount, i === 7 ? 2 : 1);
		client.destroy();
	}
}

// The store is killed amid broadcasts: nobody misses one, nobody hears of one twice.
export async function store_killed() {
	const { client, seq: first } = await joinNew();
	let seq = first;
	for (let round = 0; round < 5; round++) {
		const store = await Store.open();
		const made = await store.broadcast({ title: `round ${round}` });
		const lost = [store.withdrawBroadcast(made.id).catch(() => {}), store.broadcast().catch(() => {})];
		await shell('kill_program stored');
		await shell('start_stored');
		await Promise.all(lost);
		const again = await Store.open();
		const last = await again.broadcast({ title: `after ${round}` });
		for (let told = false; !told;) {
			const message = await client.next();
			assert.equal(message.reset, undefined);
			assert.ok(message.seq > seq && message.seq <= seq + (message.changes?.length ?? 1));
			seq = message.seq;
			told = message.notification?.id === last.id || message.changes?.some(({ id }) => id === last.id);
		}
		store.close();
		again.close();
	}
	assert.equal((await client.silent()).seq, seq);
}
