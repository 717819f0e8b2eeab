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

// A pushd with max-message = 1M stands at $large.
export async function largest_message() {
	const where = process.env.large;
	const whole = await join(newUser(), { where }), above = await join(newUser(), { where });
	const text = (length) => '{"type":"pong"}'.padEnd(length);
	for (let i = 0; i < 5; i++)
		whole.send(text(1024 * 1024));
	await whole.silent();
	above.write(frame(TEXT, text(1024), { length: 1024 * 1024 + 1 }));
	await above.closed(1009);
	// who is nobody needs no more than a token's
	const anonymous = await Client.open(where);
	await anonymous.expect('auth_required');
	anonymous.write(frame(TEXT, '{', { length: 16385 }));
	await anonymous.closed(1009);
	whole.destroy();
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

// The answer to a client that there is no place for.
function assertUnavailable(answer) {
	assert.equal(answer.status, 503);
	assert.ok(Number(answer.headers['retry-after']) > 0);
	assert.equal(JSON.parse(answer.body).code, 'unavailable');
}

// A pushd with max-connections = 10 stands at $small.
export async function all_places_taken() {
	const where = process.env.small;
	const clients = [];
	for (let i = 0; i < 10; i++)
		clients.push(await join(newUser(), { where }));
	const headers = { Authorization: `Bearer ${tokenOf('a')}` };
	// more than may linger at a time: the oldest of these may only see that it is over
	const answers = await Promise.all(Array.from({ length: 60 }, () => exchange(where, head({ headers }))));
	assert.ok(answers.filter((answer) => answer).length >= 30);
	answers.filter((answer) => answer).forEach(assertUnavailable);
	assertUnavailable(await exchange(where));
	for (const client of clients)
		await client.silent();
	clients[3].destroy();
	await clients[4].silent();
	clients[3] = await join(newUser(), { where });
	clients.forEach((client) => client.destroy());
}

// Users who are closed and never answer, at $small.
export async function leavers_hold_no_place() {
	const where = process.env.small;
	const busy = newUser();
	const others = await joined(6, where);
	const stuck = await joined(3, where, () => busy);
	for (const client of stuck)
		client.pause();
	for (let i = 0; i < 12; i++) {
		stuck.push(await join(busy, { where })); // in place of another
		stuck.at(-1).pause();
	}
	for (const client of others)
		await client.silent();
	for (const client of [...stuck, ...others])
		client.destroy();
}

// So many users, as soon as there are places for them.
async function joined(count, where, user = newUser) {
	const clients = [];
	for (let tries = 0; clients.length < count; tries++) {
		try {
			clients.push(await join(user(), { where }));
		} catch (error) {
			assert.ok(tries < 100, error);
		}
	}
	return clients;
}

// Clients that say nothing, in the order in which they connect. Their answers, once there are any.
async function silent(count, where) {
	const answers = [];
	for (let i = 0; i < count; i++)
		answers.push(exchange(where, 'GET ').catch(() => null));
	return answers;
}

// A pushd with max-unauthenticated = 5 stands at $crowd.
export async function newcomers_make_room() {
	const where = process.env.crowd;
	const first = await silent(20, where);
	for (const answer of first.slice(0, 15))
		assertUnavailable(await answer);
	const user = await join(newUser(), { where });
	const anonymous = [];
	for (let i = 0; i < 6; i++) {
		anonymous.push(await Client.open(where));
		await anonymous[i].expect('auth_required');
	}
	for (const answer of first.slice(15))
		assertUnavailable(await answer);
	await anonymous[0].closed(4408);
	await user.silent();
	// whoever is let in is none of them any more
	anonymous[1].send({ type: 'auth', token: tokenOf(newUser()) });
	await anonymous[1].greeted();
	const late = await silent(20, where);
	for (const client of anonymous.slice(2))
		await client.closed(4408);
	for (const answer of late.slice(0, 15))
		assertUnavailable(await answer);
	await anonymous[1].silent();
	await user.silent();
}

// At $small there are more places for users than users, but not with those who say nothing.
export async function newcomers_make_room_for_users() {
	const where = process.env.small;
	const users = await joined(5, where);
	const answers = await silent(30, where);
	for (const answer of answers.slice(0, 25))
		assertUnavailable(await answer);
	for (let i = 0; i < 5; i++)
		users.push(await join(newUser(), { where }));
	for (const answer of answers)
		assertUnavailable(await answer);
	assertUnavailable(await exchange(where));
	for (const user of users) {
		await user.silent();
		user.destroy();
	}
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

// 40 clients that never read among 200, at $slow.
export async function stalled_crowd() {
	const where = process.env.slow;
	const STALLED = 40, COUNT = 200, QUEUE = 64 * 1024, SOME = 6 * 1024 * 1024;
	const store = await Store.open();
	const clients = await joined(200, where);
	const stuck = clients.slice(0, STALLED), readers = clients.slice(STALLED);
	for (const client of stuck)
		client.pause();
	const before = resident('slow');
	for (let i = 1; i <= COUNT; i++) {
		await store.broadcast({ message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } });
		for (const reader of readers)
			assert.equal((await reader.expect('new_notification')).unreadCount, i);
	}
	const grown = resident('slow') - before;
	assert.ok(grown < STALLED * QUEUE + SOME, `${grown} bytes`);
	for (const client of clients)
		client.destroy();
}

// The time that a program has had of the processor, in seconds.
function processorTime(name) {
	const pid = readFileSync(`${dir}/pids/${name}`, 'utf8').trim();
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
}

// That it does nothing shows only while time passes.
async function assertIdle(name) {
	const before = processorTime(name);
	await new Promise((resolve) => setTimeout(resolve, 1000));
	const used = processorTime(name) - before;
	assert.ok(used < 0.5, `${used} s of the processor in a second`);
}

// $narrow is a pushd with 64 descriptors from its start on, and so 40 places.
export async function few_descriptors() {
	const where = process.env.narrow;
	const store = await Store.open();
	const user = newUser();
	const clients = [await join(user, { where })];
	for (let i = 1; i < 40; i++)
		clients.push(await join(newUser(), { where }));
	for (let i = 0; i < 100; i++)
		assertUnavailable(await exchange(where));
	await assertIdle('narrow');
	// a further file of the log, of 16 MiB, has to be opened meanwhile
	const large = { userId: newUser(), message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
	for (let i = 0; i < 20; i++)
		await store.createMany(Array(200).fill(large));
	await shell('[ -e "$dir/home/log/log.0000000002" ]');
	await store.create(user);
	await clients[0].expect('new_notification');
	for (const client of clients)
		await client.silent();
	for (const client of clients.splice(10))
		client.destroy();
	await clients[0].silent();
	await joined(30, where);
	assertUnavailable(await exchange(where));
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
	assertUnavailable(await exchange(where));
	await assertIdle('few');
	clients.pop().destroy();
	await clients[0].silent();
	await (await Client.open(where, { token: tokenOf(newUser()) })).greeted();
}

// $none is a pushd that for a while cannot open anything.
export async function no_descriptors() {
	const where = process.env.none;
	const client = await join(newUser(), { where });
	await shell('prlimit --nofile=5: --pid "$(cat "$dir/pids/none")"');
	const waiting = Client.open(where, { token: tokenOf(newUser()) });
	await client.silent();
	await assertIdle('none');
	await client.silent();
	await shell('prlimit --nofile=1000: --pid "$(cat "$dir/pids/none")"');
	await (await waiting).greeted();
	await shell('prlimit --nofile=5: --pid "$(cat "$dir/pids/none")"'); // and once more
	const next = Client.open(where, { token: tokenOf(newUser()) });
	await client.silent();
	await shell('prlimit --nofile=1000: --pid "$(cat "$dir/pids/none")"');
	await (await next).greeted();
}

// What a log says of a user's client that came with this header.
async function assertLogged(log, where, forwarded, address) {
	const store = await Store.open();
	const user = newUser();
	const client = await join(user, { where, headers: forwarded ? { 'X-Forwarded-For': forwarded } : {} });
	await store.revoke(user);
	await client.closed(4403);
	await shell(`grep -F 'user ${user} at ${address}: closed with 4403: token_revoked' "$dir/${log}.log"`);
	store.close();
}

// $verbose is a pushd that logs all, and trusts who comes by its unix socket, and 10.0.0.1.
export async function addresses() {
	const where = process.env.verbose;
	await assertLogged('verbose', where, null, 'unix');
	await assertLogged('verbose', where, '192.0.2.1', '192.0.2.1');
	await assertLogged('verbose', where, '203.0.113.9, 192.0.2.1:4711', '192.0.2.1');
	await assertLogged('verbose', where, '203.0.113.9, 192.0.2.1, 10.0.0.1', '192.0.2.1');
	await assertLogged('verbose', where, '[2001:db8::1]:443', '2001:db8::1');
	await assertLogged('verbose', where, '192.0.2.1, nonsense', 'unix');
	const answer = await exchange(where, head({ path: '/nowhere', headers: { 'X-Forwarded-For': '192.0.2.7' } }));
	assert.equal(answer.status, 404);
	await shell(`grep -F 'client at 192.0.2.7: refused with status 404' "$dir/verbose.log"`);
}

// The same over TCP, at the port $direct: this peer is nobody's proxy.
export async function own_address() {
	const where = process.env.direct;
	await assertLogged('direct', where, null, '127.0.0.1');
	await assertLogged('direct', where, '192.0.2.1', '127.0.0.1');
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
