// Programs that end and come back while clients are connected.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

import { Client } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, dir, join, newUser, resumeQuery, shell, tokenOf, until } from './setting.mjs';

const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };

// The numbers of the log's files
const logs = () => readdirSync(`${dir}/home/log`).filter((name) => name.startsWith('log.'))
	.map((name) => Number(name.slice(4))).sort((a, b) => a - b);

async function restartStore() {
	await shell('kill_program stored');
	await shell('start_stored');
}

// Killed again and again: nothing is lost, nothing is told twice, no reset.
export async function store_killed() {
	const users = [newUser(), newUser(), newUser()];
	const clients = [];
	for (const user of users)
		clients.push(await join(user), await join(user));
	const seqs = clients.map(() => 0);

	for (let round = 0; round < 10; round++) {
		const store = await Store.open();
		// some answered, some under way when it dies
		const made = await Promise.all(users.map((user) => store.create(user, { title: `round ${round}` })));
		const lost = users.map((user) => store.create(user).catch(() => null));
		clients[0].send({ type: 'seen' });
		await restartStore();
		await Promise.all(lost);
		const again = await Store.open();
		const last = await Promise.all(users.map((user) => again.create(user, { title: `after ${round}` })));
		for (const [i, client] of clients.entries()) {
			const told = new Set();
			while (seqs[i] < last[i >> 1].seq) {
				const message = await client.next();
				if (message.type === 'unread_count' || message.type === 'error')
					continue;
				assert.equal(message.reset, undefined);
				assert.equal(message.seq, seqs[i] + (message.changes?.length ?? 1), JSON.stringify(message));
				seqs[i] = message.seq;
				told.add(message.notification?.id);
			}
			assert.ok(told.has(made[i >> 1].id) && told.has(last[i >> 1].id));
		}
		store.close();
		again.close();
	}
	for (const client of clients) {
		client.send({ type: 'unread_count' });
		let message = await client.next();
		while (message.changes?.[0].op === 'seen')
			message = await client.next(); // the last mark, sent again to the new store
		assert.equal(message.type, 'unread_count');
		assert.equal(client.ended, null);
	}
}

// Questions asked while the store is away are answered when it is back.
export async function asked_meanwhile() {
	const user = newUser();
	const client = await join(user);
	const other = await Client.open(PUSH);
	await other.expect('auth_required');
	await shell('kill_program stored');
	client.send({ type: 'unread_count' });
	client.send({ type: 'fetch_notifications' });
	other.send({ type: 'auth', token: tokenOf(user) });
	const resumed = await Client.open(PUSH, { token: tokenOf(user), query: resumeQuery(0, client.greeting[0].epoch) });
	client.send({ type: 'ping' });
	await client.expect('pong');
	await shell('start_stored');
	const types = [(await client.next()).type, (await client.next()).type].sort();
	assert.deepEqual(types, ['notifications_list', 'unread_count']);
	assert.equal((await other.greeted()).length, 2);
	assert.equal((await resumed.greeted()).length, 2); // nothing missed, no reset
	const store = await Store.open();
	await store.create(user);
	for (const one of [client, other, resumed])
		assert.equal((await one.expect('new_notification')).seq, 1);
}

// The machine went down: another epoch, and everybody is told to fetch anew.
export async function new_epoch() {
	const user = newUser();
	const clients = [await join(user), await join(user), await join(newUser())];
	const { epoch } = clients[0].greeting[0];
	const before = await Store.open();
	await before.create(user);
	await clients[0].expect('new_notification');
	await clients[1].expect('new_notification');
	await shell('kill_program stored');
	writeFileSync(`${dir}/home/running`, '00000000-0000-0000-0000-000000000000\n');
	await shell('start_stored');
	for (const [i, client] of clients.entries()) {
		const message = await client.expect('notification_update');
		assert.equal(message.reset, true);
		assert.equal(message.unreadCount, i < 2 ? 1 : 0);
		assert.equal(message.latestNotifications.length, i < 2 ? 1 : 0);
	}
	const store = await Store.open();
	await store.create(user);
	for (const client of clients.slice(0, 2))
		assert.equal((await client.expect('new_notification')).seq, 2);
	await clients[2].silent();
	// who comes now gets the new one; who comes with the old one a reset
	const fresh = await join(user);
	assert.notEqual(fresh.greeting[0].epoch, epoch);
	const late = await join(user, { query: resumeQuery(1, epoch) });
	assert.equal(late.greeting[1].reset, true);
	const right = await join(user, { query: resumeQuery(1, fresh.greeting[0].epoch) });
	assert.equal(right.greeting[1].type, 'new_notification');
}

// pushd is there first: whoever authenticates waits, and is greeted once the store is.
export async function store_comes_later() {
	const user = newUser();
	const clients = [await Client.open(PUSH, { token: tokenOf(user) }), await Client.open(PUSH)];
	await clients[1].expect('auth_required');
	clients[1].send({ type: 'auth', token: tokenOf(user) });
	clients[0].send({ type: 'ping' });
	await clients[0].expect('pong');
	await shell('start_stored');
	for (const client of clients) {
		assert.equal((await client.greeted()).length, 2);
		await client.silent(); // no reset: there was nothing before
	}
	const store = await Store.open();
	await store.create(user);
	for (const client of clients)
		assert.equal((await client.expect('new_notification')).seq, 1);
}

// Through several files of the log nobody misses a change.
export async function log_rolls_over() {
	const users = [newUser(), newUser()];
	const clients = [];
	for (const user of users)
		clients.push(await join(user), await join(user));
	const before = logs().at(-1);
	const store = await Store.open();
	let seq = 0;
	while (logs().at(-1) < before + 2) {
		const begin = seq;
		await Promise.all(users.flatMap((user) => Array.from({ length: 20 }, () => store.create(user, LARGE))));
		seq += 20;
		for (const client of clients)
			for (let at = begin + 1; at <= seq; at++) {
				const message = await client.expect('new_notification');
				assert.deepEqual([message.seq, message.unreadCount], [at, at]);
				assert.equal(message.notification.data.large.length, 3900);
			}
	}
	assert.ok(seq > 200);
}

// A log that was removed before pushd has read it: everybody is told to fetch anew, once.
export async function log_is_lost() {
	const user = newUser();
	const clients = [await join(user), await join(newUser())];
	const store = await Store.open();
	const [first] = logs();
	await shell('kill -STOP "$(cat "$dir/pids/pushd")"');
	let last;
	// the one that pushd has open it can read to its end
	await until('a log is gone that was not yet begun', async () => {
		const all = Array.from({ length: 200 }, () => store.create(user, LARGE));
		last = (await Promise.all(all)).at(-1);
		return logs()[0] > first + 1;
	}, 120_000);
	const joining = Client.open(PUSH, { token: tokenOf(user) });
	await shell('kill -CONT "$(cat "$dir/pids/pushd")"');
	for (const client of clients) {
		let message = await client.next();
		while (client === clients[0] && !message.reset)
			message = await client.next(); // what could still be read
		assert.equal(message.type, 'notification_update');
		assert.equal(message.reset, true);
	}
	await (await joining).greeted();
	const made = await store.create(user);
	assert.equal(made.seq, last.seq + 1);
	assert.equal((await clients[0].expect('new_notification')).seq, made.seq);
	await clients[1].silent();
}

// SIGTERM: each client is told to go and when to come back; the program ends, and well.
export async function stopped() {
	const clients = [];
	for (let i = 0; i < 30; i++)
		clients.push(await join(newUser()));
	const anonymous = await Client.open(PUSH);
	const begin = Date.now();
	await shell('stop_well pushd');
	assert.ok(Date.now() - begin < 10_000);
	for (const client of [...clients, anonymous]) {
		const { reason } = await client.closed(1001);
		assert.match(reason, /^\d{1,5}$/);
		assert.ok(Number(reason) < 30_000);
	}
	assert.ok(new Set(clients.map((client) => client.ended.reason)).size > 5, 'all at the same time');
	await assert.rejects(Client.open(PUSH, { token: tokenOf('a') }));
}

// The same with a client that takes nothing, one that was refused, one without a whole head, and
// with questions that the store does not answer.
export async function stopped_amid() {
	const user = newUser();
	const stuck = await join(user), asking = await join(user);
	const { seq } = asking.greeting[1];
	const store = await Store.open();
	stuck.pause();
	asking.pause();
	for (let i = 0; i < 200; i++)
		await store.create(user, LARGE);
	const reader = await join(user);
	await shell('kill -STOP "$(cat "$dir/pids/stored")"');
	for (const one of [asking, stuck, reader]) {
		one.send({ type: 'fetch_notifications' });
		one.send({ type: 'mark_all_read' });
		one.send({ type: 'unread_count' });
	}
	const resuming = await Client.open(PUSH, { token: tokenOf(user), query: resumeQuery(seq, asking.greeting[0].epoch) });
	reader.send({ type: 'ping' });
	await reader.expect('pong');
	const begin = Date.now();
	await shell('stop_well pushd');
	assert.ok(Date.now() - begin < 10_000);
	await reader.closed(1001);
	await resuming.closed(1001);
	await shell('kill -CONT "$(cat "$dir/pids/stored")"');
}

// Clients that vanish while the store does not answer, with all that may be under way.
export async function vanishing() {
	const user = newUser();
	const { greeting: [{ epoch }] } = await join(user);
	const store = await Store.open();
	for (let i = 0; i < 20; i++)
		await store.create(user);
	for (let round = 0; round < 20; round++) {
		const stays = round % 2 ? await join(user) : null;
		await shell('kill -STOP "$(cat "$dir/pids/stored")"');
		const leaving = [];
		for (const since of [0, 7, null, 99])
			leaving.push(await Client.open(PUSH, { token: tokenOf(user), query: since === null ? '' : resumeQuery(since, epoch) }));
		for (const client of leaving) {
			client.send({ type: 'fetch_notifications' });
			client.send({ type: 'unread_count' });
			client.send({ type: 'seen' });
		}
		if (round % 3)
			leaving.forEach((client) => client.destroy());
		await shell('kill -CONT "$(cat "$dir/pids/stored")"');
		leaving.forEach((client) => client.destroy());
		stays?.destroy();
	}
	const client = await join(user);
	await store.create(user);
	await client.expect('new_notification');
}

// pushd is killed: whoever returns gets exactly what it missed.
export async function push_killed() {
	const users = Array.from({ length: 10 }, newUser);
	const store = await Store.open();
	let clients = await Promise.all(users.map((user) => join(user)));
	const seqs = users.map(() => 0);
	const { epoch } = clients[0].greeting[0];
	for (let round = 0; round < 5; round++) {
		await Promise.all(users.map((user) => store.create(user)));
		for (const [i, client] of clients.entries())
			assert.equal((await client.expect('new_notification')).seq, ++seqs[i]);
		await shell('kill_program pushd');
		for (const client of clients)
			await client.closed();
		const missed = await Promise.all(users.map((user, i) =>
			Promise.all(Array.from({ length: i }, () => store.create(user)))));
		await shell('start_pushd');
		clients = await Promise.all(users.map((user, i) => join(user, { query: resumeQuery(seqs[i], epoch) })));
		for (const [i, client] of clients.entries()) {
			const [connected, ...rest] = client.greeting;
			assert.equal(connected.epoch, epoch);
			const told = rest.slice(0, -1);
			assert.deepEqual(told.map((message) => message.notification.id), missed[i].map(({ id }) => id));
			for (const message of told)
				assert.equal(message.seq, ++seqs[i]);
			assert.equal(rest.at(-1).seq, seqs[i]);
		}
	}
}

// A second pushd on the same path is refused; a socket that a killed one has left is not in the way.
export async function second_instance() {
	const client = await join(newUser());
	await shell('! start_program second "$top_builddir/pushd/tidings-pushd" --config "$TIDINGS_CONFIG" 2>/dev/null');
	assert.match(readFileSync(`${dir}/second.log`, 'utf8'), /cannot listen on .*push\.sock/);
	await client.silent();
}
