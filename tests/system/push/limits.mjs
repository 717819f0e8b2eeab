// Limits, and the clients that reach them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Client, PING, TEXT, exchange, frame, head } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, dir, join, newUser, shell, tokenOf } from './setting.mjs';

export async function too_many_messages() {
	const store = await Store.open();
	const user = newUser();
	const client = await join(user), witness = await join(user);
	client.write(Buffer.concat(Array(100).fill(frame(TEXT, '{"type":"pong"}'))));
	await client.closed(4429);
	// at the limit is not above it; and a second later there may be as many again
	for (let i = 0; i < 20; i++)
		witness.send({ type: 'pong' });
	await store.create(user);
	await witness.expect('new_notification');
	witness.destroy();
}

// One connection above max-connections-per-user, of three.
export async function oldest_is_evicted() {
	const user = newUser();
	const clients = [];
	const store = await Store.open();
	for (let i = 0; i < 3; i++)
		clients.push(await join(user));
	const others = await join(newUser());
	clients.push(await join(user));
	await clients[0].closed(4409);
	await store.create(user);
	for (const client of clients.slice(1))
		await client.expect('new_notification');
	await others.silent();
	// also by a first message
	const late = await Client.open(PUSH);
	await late.expect('auth_required');
	late.send({ type: 'auth', token: tokenOf(user) });
	await late.greeted();
	await clients[1].closed(4409);
	await clients[2].silent();
}

// A pushd with when-full = refuse-newest stands at $refusing.
export async function newest_is_refused() {
	const where = process.env.refusing;
	const user = newUser();
	const clients = [];
	for (let i = 0; i < 3; i++)
		clients.push(await join(user, { where }));
	const fourth = await Client.open(where, { token: tokenOf(user) });
	await fourth.closed(4409);
	await join(newUser(), { where });
	for (const client of clients)
		await client.silent();
	clients[0].destroy();
	// its place is free again once the end was noticed, which other sessions can tell
	for (let tries = 0; ; tries++) {
		try {
			await join(user, { where });
			break;
		} catch (error) {
			assert.ok(tries < 100, error);
		}
	}
}

// A pushd with max-connections = 10 stands at $small.
export async function all_places_taken() {
	const where = process.env.small;
	const clients = [];
	for (let i = 0; i < 10; i++)
		clients.push(await join(newUser(), { where }));
	for (let i = 0; i < 5; i++) {
		const answer = await exchange(where, head({ headers: { Authorization: `Bearer ${tokenOf('a')}` } }));
		if (!answer)
			continue; // refused before the request was sent: the socket may say so alone
		assert.equal(answer.status, 503);
		assert.ok(Number(answer.headers['retry-after']) > 0);
	}
	const silent = await exchange(where);
	assert.equal(silent.status, 503);
	for (const client of clients)
		await client.silent();
	clients[3].destroy();
	clients[3] = null;
	await clients[4].silent();
	await join(newUser(), { where });
}

// A pushd with ping-interval = 1 stands at $lively.
export async function heartbeat() {
	const where = process.env.lively;
	const user = newUser();
	const modern = await join(user, { where, bearer: tokenOf(user), token: undefined });
	const plain = await join(user, { where });
	const mute = await Client.open(where, { token: tokenOf(user) });
	const muteModern = await Client.open(where, { bearer: tokenOf(user) });
	mute.answersPings = muteModern.answersPings = false;
	await mute.greeted();
	await muteModern.greeted();
	const begin = Date.now();
	for (let i = 0; i < 4; i++) {
		assert.equal((await modern.frames.take('a ping')).opcode, PING);
		const ping = await plain.messages.take('a ping');
		assert.equal(ping.type, 'ping');
		assert.ok(Math.abs(Date.parse(ping.timestamp) - Date.now()) < 60_000);
		assert.deepEqual(Object.keys(ping).sort(), ['timestamp', 'type']);
	}
	await mute.closed(4408);
	await muteModern.closed(4408);
	assert.ok(Date.now() - begin < 15_000);
	// whoever answers stays, and is not sent the other kind
	assert.equal(modern.ended, null);
	assert.equal(plain.ended, null);
	assert.equal(modern.messages.size, 0);
	assert.equal(plain.frames.size, 0);
	const store = await Store.open();
	await store.create(user);
	await modern.expect('new_notification');
	await plain.expect('new_notification');
}

// The resident memory of a program, in bytes.
function resident(name) {
	const pid = readFileSync(`${dir}/pids/${name}`, 'utf8').trim();
	return 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

// A client that never reads, among such as do. Beside it a pushd of its own: $slow, whose
// send-queue is 64 KiB.
export async function never_reads() {
	const where = process.env.slow;
	const user = newUser();
	const store = await Store.open();
	const stuck = [];
	for (let i = 0; i < 5; i++)
		stuck.push(await join(user, { where }));
	const readers = [];
	for (let i = 0; i < 2; i++)
		readers.push(await join(user, { where }));
	for (const client of stuck)
		client.pause();
	// warm: whatever the allocator keeps
	const large = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
	const COUNT = 400;
	let memory;
	for (let seq = 1; seq <= COUNT; seq++) {
		await store.create(user, large);
		for (const reader of readers) {
			const message = await reader.expect('new_notification');
			assert.deepEqual([message.seq, message.unreadCount], [seq, seq]);
		}
		if (seq === COUNT / 2)
			memory = resident('slow');
	}
	const grown = resident('slow') - memory;
	assert.ok(grown < 1024 * 1024, `${COUNT / 2} more cost ${grown} bytes`);
	const { id } = await store.create(user, { title: 'the last before it reads' });
	await store.markRead(user, id);
	for (const reader of readers) {
		await reader.expect('new_notification');
		await reader.expect('notification_update');
	}
	for (const client of stuck) {
		client.resume();
		let last = 0, message;
		for (;;) {
			message = await client.next();
			if (message.type !== 'new_notification')
				break;
			assert.equal(message.seq, ++last); // what was queued, without a gap
		}
		assert.equal(message.type, 'notification_update');
		assert.equal(message.seq, COUNT + 2);
		assert.equal(message.unreadCount, COUNT);
		assert.equal(message.changes, undefined);
		assert.equal(message.latestNotifications[0].id, id);
		assert.ok(last > 0 && last < COUNT, `${last} were queued`);
		const { seq } = await client.silent(); // exactly one
		assert.equal(seq, COUNT + 2);
	}
	await store.create(user);
	for (const client of [...stuck, ...readers])
		assert.equal((await client.expect('new_notification')).seq, COUNT + 3);
}

// Who takes nothing for stall-timeout is given up with 1013, whatever it sends; so is pushd
// $stalling, where that is one second.
export async function stalls() {
	const where = process.env.stalling;
	const user = newUser();
	const store = await Store.open();
	const stuck = await join(user, { where });
	const reader = await join(user, { where });
	stuck.pause();
	const alive = setInterval(() => stuck.send({ type: 'pong' }), 200);
	for (let seq = 1; seq <= 100; seq++) {
		await store.create(user, { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } });
		await reader.expect('new_notification');
	}
	await shell(`await_fewer_descriptors stalling`);
	clearInterval(alive);
	stuck.resume();
	const end = await stuck.closed();
	assert.ok([1013, 1006].includes(end.code), JSON.stringify(end));
	await reader.silent();
}

// More clients than there are descriptors for: each gets an answer, and nobody is lost.
// $few is a pushd that may have 40.
export async function out_of_descriptors() {
	const where = process.env.few;
	const clients = [];
	let refused = 0;
	for (let i = 0; i < 60; i++) {
		try {
			clients.push(await Client.open(where, { token: tokenOf(newUser()) }));
		} catch (error) {
			refused++;
		}
	}
	assert.ok(refused > 10 && clients.length > 10, `${refused} refused`);
	for (const client of clients) {
		await client.greeted();
		await client.silent();
	}
	const answer = await exchange(where);
	assert.equal(answer.status, 503);
	clients.pop().destroy();
	await clients[0].silent();
	await (await Client.open(where, { token: tokenOf(newUser()) })).greeted();
}

// 3,000 clients at once: each is greeted, and each gets its own.
export async function many_clients() {
	const where = process.env.slow;
	const store = await Store.open();
	const names = Array.from({ length: 1500 }, newUser);
	await Promise.all(names.map((user) => store.create(user)));
	const clients = await Promise.all([...names, ...names].map((user) => join(user, { where, patience: 60_000 })));
	for (const client of clients)
		assert.equal(client.greeting[1].unreadCount, 1);
	await Promise.all(names.map((user) => store.create(user)));
	for (const client of clients)
		assert.equal((await client.expect('new_notification')).seq, 2);
	for (const client of clients)
		client.destroy();
}
