// What a session is told, and what a client may ask.

import assert from 'node:assert/strict';

import { Client } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, join, mint, newUser, seconds, shell, tokenOf } from './setting.mjs';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const counts = ({ unreadCount, unseenCount, seq }) => [unreadCount, unseenCount, seq];

async function expectError(client, message, code) {
	client.send(message);
	const error = await client.expect('error');
	assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'type']);
	if (code)
		assert.equal(error.code, code, JSON.stringify(message));
	return error;
}

// Success, info, warning, error: half by the tool, half by a client of the store.
export async function four_notifications() {
	const user = newUser();
	const first = await join(user), second = await join(user);
	const stranger = await join(newUser());
	const before = stranger.bytes;
	const store = await Store.open();
	const ids = [];
	let seq = 0;

	for (const type of ['success', 'info', 'warning', 'error']) {
		if (seq % 2)
			await store.create(user, { type, title: `A ${type}`, data: { n: [seq, 1e300] } });
		else
			await shell(`tidings send '${user}' 'A ${type}' Message --type ${type} >/dev/null`);
		seq++;
		for (const client of [first, second]) {
			const message = await client.expect('new_notification');
			assert.deepEqual(Object.keys(message).sort(),
				['notification', 'seq', 'timestamp', 'type', 'unreadCount', 'unseenCount']);
			assert.deepEqual(counts(message), [seq, seq, seq]);
			assert.match(message.timestamp, TIME);
			const { notification } = message;
			assert.match(notification.id, UUID);
			assert.equal(notification.userId, user);
			assert.equal(notification.type, type);
			assert.equal(notification.title, `A ${type}`);
			assert.equal(notification.message, 'Message');
			assert.equal(notification.read, false);
			assert.equal(notification.readAt, undefined);
			assert.match(notification.createdAt, TIME);
			ids[seq] = notification.id;
		}
	}
	first.send({ type: 'mark_read', id: ids[2] });
	for (const client of [first, second]) {
		const message = await client.expect('notification_update');
		assert.deepEqual(Object.keys(message).sort(),
			['changes', 'latestNotifications', 'seq', 'timestamp', 'type', 'unreadCount', 'unseenCount']);
		assert.equal(message.unreadCount, 3);
		assert.equal(message.seq, 5);
		assert.deepEqual(message.changes, [{ op: 'read', id: ids[2] }]);
		assert.deepEqual(message.latestNotifications.map((one) => one.id), [ids[4], ids[3], ids[2], ids[1]]);
		const read = message.latestNotifications[2];
		assert.equal(read.read, true);
		assert.match(read.readAt, TIME);
	}
	await stranger.silent();
	assert.ok(stranger.bytes - before < 100, 'a stranger got more than the answer to its question');
}

// Whatever changes the inbox is told to all sessions of the user, and to nobody else.
export async function every_change() {
	const user = newUser();
	const clients = [await join(user), await join(user), await join(user)];
	const store = await Store.open();
	const ids = [];
	let seq = 0;
	const told = async (changes, unread) => {
		seq++;
		for (const client of clients) {
			const message = await client.expect('notification_update');
			assert.equal(message.seq, seq);
			assert.deepEqual(message.changes, changes);
			assert.equal(message.unreadCount, unread);
			assert.equal(message.reset, undefined);
		}
	};

	for (let i = 0; i < 7; i++) {
		ids.push((await store.create(user)).id);
		seq++;
		for (const client of clients)
			assert.equal((await client.expect('new_notification')).seq, seq);
	}
	await store.markRead(user, ids[0]);
	await told([{ op: 'read', id: ids[0] }], 6);
	await store.markUnread(user, ids[0]);
	await told([{ op: 'unread', id: ids[0] }], 7);
	await store.delete(user, ids[6]);
	await told([{ op: 'deleted', id: ids[6] }], 6);
	await store.markRead(user, ids[5]);
	await told([{ op: 'read', id: ids[5] }], 5);
	await store.deleteRead(user);
	await told([{ op: 'read_deleted' }], 5);
	clients[1].send({ type: 'seen' });
	await told([{ op: 'seen' }], 5);
	clients[2].send({ type: 'mark_all_read' });
	await told([{ op: 'all_read' }], 0);
	await store.deleteAll(user);
	await told([{ op: 'all_deleted' }], 0);
	// what changes nothing is told to nobody
	await store.readAll(user);
	for (const client of clients)
		assert.deepEqual(counts(await client.silent()), [0, 0, seq]);
}

// Each update's list is the newest five as of the update.
export async function latest_five() {
	const user = newUser();
	const client = await join(user);
	const store = await Store.open();
	const ids = [];
	for (let i = 0; i < 8; i++) {
		ids.unshift((await store.create(user)).id);
		await client.expect('new_notification');
	}
	await store.markRead(user, ids[7]);
	const { latestNotifications } = await client.expect('notification_update');
	assert.deepEqual(latestNotifications.map((one) => one.id), ids.slice(0, 5));
}

export async function fetching() {
	const user = newUser();
	const store = await Store.open();
	const ids = [];
	for (let i = 0; i < 25; i++)
		ids.unshift((await store.create(user, { title: `Number ${i}` })).id);
	await store.markRead(user, ids[3]);
	const client = await join(user);
	const fetch = async (members) => {
		client.send({ type: 'fetch_notifications', ...members });
		return client.expect('notifications_list');
	};
	const listed = (list) => list.notifications.map((one) => one.id);

	const list = await fetch({});
	assert.deepEqual(Object.keys(list).sort(), ['nextCursor', 'notifications', 'seq', 'type', 'unreadCount']);
	assert.deepEqual(listed(list), ids.slice(0, 10));
	assert.equal(list.unreadCount, 24);
	assert.equal(list.seq, 26);
	assert.equal(list.notifications[3].read, true);
	const page = await fetch({ limit: 10, cursor: list.nextCursor });
	assert.deepEqual(listed(page), ids.slice(10, 20));
	const last = await fetch({ limit: 10, cursor: page.nextCursor });
	assert.deepEqual(listed(last), ids.slice(20));
	assert.equal(last.nextCursor, undefined);
	assert.deepEqual(listed(await fetch({ limit: 1 })), ids.slice(0, 1));
	assert.deepEqual(listed(await fetch({ limit: 100 })), ids);
	assert.deepEqual(listed(await fetch({ limit: 5, unread: true })), [...ids.slice(0, 3), ...ids.slice(4, 6)]);
	assert.deepEqual(listed(await fetch({ limit: 100, unread: false })), ids);
	// through the whole list, page by page, of unread ones
	const all = [];
	for (let cursor; ;) {
		const one = await fetch({ limit: 7, unread: true, cursor });
		all.push(...listed(one));
		cursor = one.nextCursor;
		if (!cursor)
			break;
	}
	assert.deepEqual(all, ids.filter((_, i) => i !== 3));
}

// A page that is too large for the send queue is cut, and goes on from there.
export async function fetching_large_ones() {
	const user = newUser();
	const store = await Store.open();
	const ids = [];
	for (let i = 0; i < 30; i++)
		ids.unshift((await store.create(user, { data: { large: 'x'.repeat(3900) } })).id);
	const client = await join(user);
	const all = [];
	let pages = 0;
	for (let cursor; ; pages++) {
		client.send({ type: 'fetch_notifications', limit: 100, cursor });
		const list = await client.expect('notifications_list');
		assert.ok(JSON.stringify(list).length < 65536, 'above the send queue');
		all.push(...list.notifications.map((one) => one.id));
		cursor = list.nextCursor;
		if (!cursor)
			break;
	}
	assert.deepEqual(all, ids);
	assert.ok(pages > 1);
}

export async function marking() {
	const user = newUser(), other = newUser();
	const store = await Store.open();
	const { id } = await store.create(user);
	const foreign = await store.create(other);
	const client = await join(user);
	client.send({ type: 'mark_read', id });
	assert.equal((await client.expect('notification_update')).unreadCount, 0);
	client.send({ type: 'mark_read', id }); // again: no change
	assert.deepEqual(counts(await client.silent()), [0, 0, 2]);
	await expectError(client, { type: 'mark_read', id: foreign.id }, 'not_found');
	await expectError(client, { type: 'mark_read', id: '01900000-0000-7000-8000-000000000000' }, 'not_found');
	const stranger = await join(other);
	assert.deepEqual(counts(stranger.greeting[1]), [1, 1, 1]);
}

export async function counting() {
	const user = newUser();
	const client = await join(user);
	const store = await Store.open();
	for (let i = 1; i <= 3; i++) {
		await store.create(user);
		await client.expect('new_notification');
		client.send({ type: 'unread_count' });
		assert.deepEqual(await client.next(), { type: 'unread_count', unreadCount: i, unseenCount: i, seq: i });
	}
	client.send({ type: 'seen' });
	assert.deepEqual(counts(await client.expect('notification_update')), [3, 0, 4]);
	client.send({ type: 'ping' });
	assert.deepEqual(await client.next(), { type: 'pong' });
}

// What a client says that is not understood is answered, and the connection stays.
export async function not_understood() {
	const client = await join(newUser());
	const id = '01900000-0000-7000-8000-000000000000';
	const wrong = {
		unknown_type: [{ type: 'nonsense' }, {}, { type: 7 }, { type: null }, [], '7', 'null', '"auth"', { type: 'PING' }],
		invalid_message: ['', 'not json', '{', '{"type":"ping"} more', '{"type":"ping","type":"ping"}', `${'['.repeat(50)}${']'.repeat(50)}`,
			'{"type":"ping\\ud800"}', '{type:"ping"}', '{"type":"ping",}',
			...[0, 101, -1, 1.5, '5', null, true, 1e30].map((limit) => ({ type: 'fetch_notifications', limit })),
			...['yes', 1, null].map((unread) => ({ type: 'fetch_notifications', unread })),
			...['', 'x', 7, null, `${id}0`].map((cursor) => ({ type: 'fetch_notifications', cursor })),
			...['', 'x', 7, null, id.slice(1), `${id} `, undefined].map((one) => ({ type: 'mark_read', id: one })),
			{ type: 'mark_read', id, read: true }, { type: 'fetch_notifications', limt: 5 }, { type: 'mark_read', ID: id },
			{ type: 'mark_all_read', id }, { type: 'seen', at: 1 }, { type: 'unread_count', x: 1 },
			{ type: 'auth' }, { type: 'auth', token: null }, { type: 'auth', token: ['x'] }],
	};
	for (const [code, messages] of Object.entries(wrong))
		for (const message of messages) {
			// without the limit of messages a second, which has a scenario of its own
			await expectError(client, message, code);
			if (typeof message !== 'string')
				assert.equal(JSON.stringify(message).length > 0, true);
		}
	client.send({ type: 'ping', timestamp: 'whatever' });
	await client.expect('pong');
	client.send({ type: 'pong', timestamp: 'whatever' });
	await client.silent();
}

// A second auth renews the session, or ends it.
export async function renewal() {
	const user = newUser();
	const token = tokenOf(user);
	const client = await join(user, { token });
	client.send({ type: 'auth', token }); // the same again: ignored
	client.send({ type: 'auth', token: tokenOf(user, 7200) });
	await client.silent();
	client.send({ type: 'auth', token: tokenOf(newUser()) });
	await client.closed(4403);
	const another = await join(user);
	another.send({ type: 'auth', token: mint({ sub: user, exp: seconds() - 3600 }) });
	assert.equal((await another.expect('auth_failed')).code, 'token_expired');
	await another.closed(4401);
	const third = await join(user);
	third.send({ type: 'auth', token: 'nothing' });
	assert.equal((await third.expect('auth_failed')).code, 'token_malformed');
	await third.closed(4401);
}

// A session ends when its token does, with a warning before.
export async function token_ends() {
	const user = newUser();
	const exp = seconds() + 5;
	const client = await join(user, { token: mint({ sub: user, exp }) });
	const renewed = await join(user, { token: mint({ sub: user, exp }) });
	const expiring = { type: 'token_expiring', expiresAt: new Date(exp * 1000).toISOString() };
	assert.deepEqual(await client.next(), expiring);
	assert.deepEqual(await renewed.next(), expiring);
	renewed.send({ type: 'auth', token: tokenOf(user) });
	await client.closed(4401);
	assert.ok(Date.now() >= exp * 1000, 'too early');
	assert.ok(Date.now() < (exp + 10) * 1000, 'too late');
	const store = await Store.open();
	await store.create(user);
	await renewed.expect('new_notification');
	await renewed.silent();
}

// The same with what the tool mints.
export async function token_of_the_tool() {
	const user = newUser();
	await shell(`tidings token '${user}' --expires-in 5s >"$dir/minted"`);
	const { readFileSync } = await import('node:fs');
	const token = readFileSync(`${process.env.dir}/minted`, 'utf8').trim();
	const client = await join(user, { token });
	await client.expect('token_expiring');
	await client.closed(4401);
}

// A warning comes again after a renewal by a token that is short, too.
export async function warned_again() {
	const user = newUser();
	const client = await join(user, { token: tokenOf(user, 30) });
	await client.expect('token_expiring');
	client.send({ type: 'auth', token: tokenOf(user, 40) });
	await client.expect('token_expiring');
	await client.silent();
}

// Many changes at once, to many sessions of many users: each gets its own, all of them, in order.
export async function many_at_once() {
	const names = Array.from({ length: 10 }, newUser);
	const clients = [];
	for (const user of names)
		for (let i = 0; i < 3; i++)
			clients.push({ user, client: await join(user) });
	const store = await Store.open();
	const made = new Map(names.map((user) => [user, []]));
	await Promise.all(names.flatMap((user) => Array.from({ length: 50 }, async () => {
		const { id } = await store.create(user);
		made.get(user).push(id);
	})));
	for (const { user, client } of clients) {
		const got = [];
		for (let seq = 1; seq <= 50; seq++) {
			const message = await client.expect('new_notification');
			assert.deepEqual(counts(message), [seq, seq, seq]);
			assert.equal(message.notification.userId, user);
			got.push(message.notification.id);
		}
		assert.deepEqual(got, [...got].sort());
		assert.deepEqual(got, made.get(user).sort());
		assert.deepEqual(counts(await client.silent()), [50, 50, 50]);
	}
}

// Changes of all kinds while sessions come and go: whoever is there has the right counts in the end.
export async function coming_and_going() {
	const user = newUser();
	const store = await Store.open();
	let done = false;
	const changing = (async () => {
		for (let i = 0; i < 150; i++) {
			const { id } = await store.create(user);
			if (i % 3 === 0)
				await store.markRead(user, id);
			if (i % 7 === 0)
				await store.delete(user, id);
			if (i % 40 === 0)
				await store.readAll(user);
		}
		done = true;
	})();
	const seen = [];
	while (!done) {
		const client = await join(user);
		let { seq } = client.greeting.at(-1);
		const watch = (async () => {
			for (let message; message?.notification?.title !== 'Last';) {
				message = await client.next();
				const changes = message.changes?.length ?? 1;
				// several changes may begin with such as the greeting held already
				assert.ok(message.seq > seq && message.seq <= seq + changes, `${seq}: ${JSON.stringify(message)}`);
				seq = message.seq;
			}
			return client;
		})();
		seen.push(watch.catch((error) => client.ended?.code === 4409 ? null : error));
	}
	await changing;
	const last = await store.create(user, { title: 'Last' });
	const stayed = (await Promise.all(seen)).filter(Boolean);
	assert.ok(seen.length > 5 && stayed.length > 0);
	assert.deepEqual(stayed.filter((one) => one instanceof Error), []);
	for (const client of stayed)
		assert.deepEqual(counts(await client.silent()), [last.unread, last.unseen, last.seq]);
}
