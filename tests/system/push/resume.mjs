// A client that returns gets what it has missed: each change, in order, or a reset.

import assert from 'node:assert/strict';

import { Client, exchange, head } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, join, newUser, resumeQuery, tokenOf } from './setting.mjs';

// Each of the ways to say where one left off.
const WAYS = {
	query: (user, since, epoch) => join(user, { query: resumeQuery(since, epoch) }),
	async message(user, since, epoch) {
		const client = await Client.open(PUSH);
		await client.expect('auth_required');
		client.send({ type: 'auth', token: tokenOf(user), since, epoch });
		client.greeting = await client.greeted();
		return client;
	},
};

async function left(user) {
	const client = await join(user);
	const [{ epoch }, { seq }] = client.greeting;
	client.destroy();
	return { epoch, seq };
}

// Makes changes of all kinds; returns what a client that missed them all is to be told.
async function change(store, user) {
	const told = [];
	const ids = [];
	const create = async (title) => {
		const made = await store.create(user, { title });
		ids.push(made.id);
		told.push({ ...made, title });
	};
	// neighbours that are no creates come as one update
	const update = async (op, id, promise) => {
		const made = await promise;
		const changes = [id ? { op, id } : { op }];
		if (told.at(-1)?.changes)
			changes.unshift(...told.pop().changes);
		told.push({ ...made, changes });
	};

	await create('one');
	const two = await store.create(user, { title: 'two' }); // is only named, since it is gone in the end
	ids.push(two.id);
	await update('created', two.id, two);
	await update('read', ids[0], store.markRead(user, ids[0]));
	await create('three');
	await update('unread', ids[0], store.markUnread(user, ids[0]));
	await update('deleted', ids[1], store.delete(user, ids[1]));
	await create('four');
	await update('seen', null, store.seen(user));
	await update('all_read', null, store.readAll(user));
	await create('five');
	return told;
}

function check(client, told, counts) {
	const missed = client.greeting.slice(1, -1);
	assert.equal(missed.length, told.length, JSON.stringify(missed));
	for (const [i, message] of missed.entries()) {
		const { changes, title, seq, unread, unseen, id } = told[i];
		assert.equal(message.seq, seq);
		assert.deepEqual([message.unreadCount, message.unseenCount], [unread, unseen]);
		assert.equal(message.type, changes ? 'notification_update' : 'new_notification');
		assert.deepEqual(message.changes, changes);
		assert.equal(message.reset, undefined);
		if (changes) {
			assert.ok(message.latestNotifications.length > 0);
		} else {
			assert.equal(message.notification.id, id);
			assert.equal(message.notification.title, title);
		}
	}
	const last = client.greeting.at(-1);
	assert.deepEqual([last.unreadCount, last.unseenCount, last.seq], [counts.unread, counts.unseen, counts.seq]);
}

export async function nothing_missed() {
	const store = await Store.open();
	for (const way of Object.values(WAYS)) {
		const user = newUser();
		const fresh = await left(user);
		assert.equal(fresh.seq, 0);
		check(await way(user, fresh.seq, fresh.epoch), [], { seq: 0, unread: 0, unseen: 0 });
		const made = await store.create(user);
		const { seq, epoch } = await left(user);
		assert.equal(seq, 1);
		check(await way(user, seq, epoch), [], made);
	}
}

export async function mixed_changes() {
	const store = await Store.open();
	for (const way of Object.values(WAYS)) {
		const user = newUser();
		const { epoch } = await left(user);
		const told = await change(store, user);
		// from wherever it left off
		for (let since = 0; since <= told.at(-1).seq; since++) {
			const rest = told.filter(({ seq }) => seq > since).map((one) => one.changes ?
				{ ...one, changes: one.changes.slice(-(one.seq - since)) } : one);
			const client = await way(user, since, epoch);
			check(client, rest, told.at(-1));
			client.destroy();
		}
	}
}

// Live changes follow what was missed without a gap.
export async function live_behind_missed() {
	const user = newUser();
	const store = await Store.open();
	const { epoch } = await left(user);
	let stop = false, made = 0, since = 0;
	const making = (async () => {
		while (!stop)
			if (made < since + 60)
				made = (await store.create(user)).seq;
			else
				await new Promise(setImmediate); // never more behind than can be told
	})();
	for (let round = 0; round < 20; round++) {
		const client = await Client.open(PUSH, { token: tokenOf(user), query: resumeQuery(since, epoch) });
		await client.expect('connected');
		for (let i = 0; i < 30; i++) {
			const message = await client.next();
			if (message.type === 'unread_count') {
				assert.equal(message.seq, since);
				continue;
			}
			assert.equal(message.type, 'new_notification', JSON.stringify(message));
			assert.equal(message.seq, ++since);
			assert.equal(message.unreadCount, since);
		}
		client.destroy();
	}
	stop = true;
	await making;
	assert.ok(since >= 20 * 29 && made >= since);
}

async function expectReset(user, since, epoch, counts) {
	for (const way of Object.values(WAYS)) {
		const client = await way(user, since, epoch);
		const [, reset, last] = client.greeting;
		assert.equal(client.greeting.length, 3);
		assert.equal(reset.type, 'notification_update');
		assert.equal(reset.reset, true);
		assert.equal(reset.changes, undefined);
		for (const message of [reset, last])
			assert.deepEqual([message.unreadCount, message.unseenCount, message.seq], [counts.unread, counts.unseen, counts.seq]);
		await client.silent();
		client.destroy();
	}
}

export async function too_many_missed() {
	const user = newUser();
	const store = await Store.open();
	const { epoch } = await left(user);
	let made;
	for (let i = 0; i < 101; i++)
		made = await store.create(user);
	await expectReset(user, 0, epoch, made);
	const client = await join(user, { query: resumeQuery(1, epoch) });
	assert.equal(client.greeting.length, 102);
	client.greeting.slice(1, -1).forEach((message, i) => {
		assert.equal(message.type, 'new_notification');
		assert.equal(message.seq, i + 2);
	});
}

// 100 of the largest: more than the send queue holds, but each arrives, as the client reads.
export async function large_ones_missed() {
	const user = newUser();
	const store = await Store.open();
	const { epoch } = await left(user);
	for (let i = 0; i < 100; i++)
		await store.create(user, { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } });
	const client = await Client.open(PUSH, { token: tokenOf(user), query: resumeQuery(0, epoch) });
	await client.expect('connected');
	let seq = 0;
	while (seq < 100) {
		const message = await client.next();
		if (message.type === 'notification_update') {
			assert.equal(message.seq, 100); // the rest at once
			assert.equal(message.unreadCount, 100);
		} else if (message.type === 'new_notification') {
			assert.equal(message.seq, seq + 1);
		}
		seq = message.seq;
	}
	assert.equal(client.ended, null);
}

export async function ahead_or_elsewhere() {
	const user = newUser();
	const store = await Store.open();
	await store.create(user);
	const made = await store.create(user);
	const { epoch } = await left(user);
	await expectReset(user, 3, epoch, made);
	await expectReset(user, 1e15, epoch, made);
	await expectReset(user, 2, 'another-epoch', made);
	await expectReset(user, 2, epoch.replace(/^./, (c) => c === '0' ? '1' : '0'), made);
	await expectReset(user, 2, epoch.toUpperCase() + 'x', made);
}

export async function malformed() {
	const token = tokenOf(newUser());
	const { epoch } = await left(newUser());
	for (const query of ['since=x&epoch=e', 'since=-1&epoch=e', 'since=1.5&epoch=e', 'since=&epoch=e', 'since=1&epoch=',
		'since=99999999999999999999&epoch=e', 'since=1', 'epoch=e', 'since=1&since=2&epoch=e', 'since=%zz&epoch=e',
		`since=1&epoch=${'e'.repeat(64)}`]) {
		const answer = await exchange(PUSH, head({ query, headers: { Authorization: `Bearer ${token}` } }));
		assert.equal(answer.status, 400, query);
		assert.equal(JSON.parse(answer.body).code, 'invalid_request');
	}
	// other parameters are nobody's business
	await join(newUser(), { query: `x=1&${resumeQuery(0, epoch)}&y` });
}

// Several sessions of one user that resume from different places at once.
export async function together() {
	const user = newUser();
	const store = await Store.open();
	const { epoch } = await left(user);
	const told = await change(store, user);
	const last = told.at(-1);
	await Promise.all([0, 1, 5, last.seq, null].map(async (since) => {
		const client = await join(user, since === null ? {} : { query: resumeQuery(since, epoch) });
		const missed = client.greeting.slice(1, -1);
		const covered = missed.reduce((sum, message) => sum + (message.changes?.length ?? 1), 0);
		assert.equal(covered, since === null ? 0 : last.seq - since);
		assert.equal(client.greeting.at(-1).seq, last.seq);
		assert.equal(client.greeting.at(-1).unreadCount, last.unread);
		await client.silent();
	}));
}
