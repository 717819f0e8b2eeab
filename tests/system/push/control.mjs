// The control socket: what it tells of a pushd that clients are at, and what it does to them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { BINARY, Client, exchange, frame, head } from './client.mjs';
import { Peer } from './peer.mjs';
import { PUSH, dir, join, mint, newUser, seconds, tokenOf, until } from './setting.mjs';
import { Store } from './store.mjs';

// What has come to it between two answers of numbers.
function difference(after, before) {
	return Object.fromEntries(Object.entries(after).filter(([, value]) => typeof value !== 'string')
		.map(([name, value]) => [name, typeof value === 'object' ? difference(value, before[name]) : value - before[name]]));
}

// The members that are not 0.
function changed(numbers) {
	return Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0));
}

// Tells of everything: asks until nobody is connected any more, so that all ends are counted.
async function settled(peer, open = 0) {
	return until(`${open} connections`, async () => {
		const answer = await peer.ask('statistics');
		return answer.connections.open === open && answer;
	});
}

export async function begins_with_nothing() {
	const peer = await Peer.open();
	const { version } = await peer.ask('ping');
	const all = await peer.ask('statistics');
	assert.equal(all.version, version);
	assert.match(all.epoch, /^[0-9a-f-]{36}$/);
	const { descriptors, ...connections } = all.connections;
	assert.deepEqual(connections, { open: 0, authenticated: 0, users: 0, max: 100000 });
	assert.ok(descriptors > 0);
	for (const name of ['refused', 'closed', 'changes', 'resyncs'])
		assert.deepEqual(changed(all[name]), {}, name);
	for (const name of ['opened', 'upgraded', 'streams', 'authenticated', 'messagesIn', 'messagesOut', 'bytesOut', 'conflations', 'stalls'])
		assert.equal(all[name], 0, name);
	assert.ok(all.uptime >= 0 && all.uptime < 3600);
	assert.ok(all.feed.file >= 1 && all.feed.offset > 0);
	assert.equal(all.latency.count, 0);
	assert.deepEqual(Object.keys(all.latency.buckets).length, 16);
}

// One connection at $given.
export async function counts_itself() {
	const peer = await Peer.open();
	const client = await join(newUser(), { where: process.env.given });
	const { connections } = await peer.ask('connections');
	assert.equal(connections.length, 1);
	client.destroy();
}

export async function counts_what_happens() {
	const store = await Store.open();
	const peer = await Peer.open();
	const alice = newUser(), bob = newUser();
	const before = await settled(peer);

	const clients = [await join(alice), await join(alice), await join(bob)];
	const now = await peer.ask('statistics');
	const { open, authenticated, users } = now.connections;
	assert.deepEqual({ open, authenticated, users }, { open: 3, authenticated: 3, users: 2 });
	await store.create(alice);
	for (const client of clients.slice(0, 2))
		await client.expect('new_notification');
	await store.broadcast();
	for (const client of clients)
		await client.expect('new_notification');
	clients[0].send({ type: 'ping' });
	await clients[0].expect('pong');
	const bytes = clients.reduce((sum, client) => sum + client.bytes, 0);
	const busy = difference(await peer.ask('statistics'), before);
	assert.equal(busy.opened, 3);
	assert.equal(busy.upgraded, 3);
	assert.equal(busy.authenticated, 3);
	assert.equal(busy.messagesIn, 1);
	assert.equal(busy.messagesOut, 3 * 2 + 2 + 3 + 1);
	assert.ok(busy.bytesOut > bytes && busy.bytesOut < bytes + 3 * 300, `${busy.bytesOut} of ${bytes} and three heads`);
	assert.deepEqual(changed(busy.changes), { created: 1, broadcast_created: 1 });
	assert.equal(busy.latency.count, 2);
	assert.ok(busy.latency.sum > 0, 'microseconds');
	assert.equal(busy.latency.buckets[5000000], 2);
	assert.ok(busy.feed.file > 0 || busy.feed.offset > 0);

	clients[0].destroy();                                          // 1006
	clients[1].write(frame(8, Buffer.from([1000 >> 8, 1000 & 255]))); // 1000
	clients[2].write(frame(BINARY, 'x'));                          // 1003
	await clients[1].closed(1000);
	await clients[2].closed(1003);
	const after = difference(await settled(peer), before);
	assert.deepEqual(changed(after.closed), { 1000: 1, 1003: 1, 1006: 1 });
	assert.deepEqual(changed(after.refused), {});
}

export async function counts_refusals() {
	const peer = await Peer.open();
	const before = await settled(peer);
	const refused = async (options) => (await exchange(PUSH, head(options))).status;

	assert.equal(await refused({ path: '/elsewhere' }), 404);
	assert.equal(await refused({ method: 'POST' }), 405);
	assert.equal(await refused({ headers: { Upgrade: null } }), 426);
	assert.equal(await refused({ headers: { Origin: 'https://evil.example' } }), 403);
	assert.equal(await refused({ headers: { Authorization: 'Bearer x' } }), 401);
	assert.equal(await refused({ headers: { Authorization: `Bearer ${tokenOf('a', -3600)}` } }), 401);
	assert.equal(await refused({ headers: { Authorization: `Bearer ${mint({ sub: 'a', exp: seconds() + 60 }, undefined, Buffer.from('another secret, of 32 bytes or more'))}` } }), 401);
	const client = await Client.open(PUSH);
	await client.expect('auth_required');
	client.send({ type: 'auth', token: 'x' });
	await client.expect('auth_failed');
	await client.closed(4401);
	const other = await Client.open(PUSH);
	await other.expect('auth_required');
	other.send({ type: 'seen' });
	await other.expect('error');
	await other.closed(4401);
	const after = difference(await settled(peer), before);
	assert.deepEqual(changed(after.refused), {
		auth_required: 1, forbidden: 1, method_not_allowed: 1, not_found: 1, upgrade_required: 1,
		token_expired: 1, token_malformed: 2, token_signature: 1,
	});
	assert.deepEqual(changed(after.closed), { 4401: 2 });
	assert.equal(after.opened, 9);
	assert.equal(after.upgraded, 2);
	assert.equal(after.authenticated, 0);
}

// A pushd with max-connections = 5 and max-connections-per-user = 5 stands at $tiny.
export async function counts_the_full() {
	const peer = await Peer.open(`${dir}/tiny-control.sock`);
	const clients = [];
	for (let i = 0; i < 5; i++)
		clients.push(await join(newUser(), { where: process.env.tiny }));
	await exchange(process.env.tiny);
	await exchange(process.env.tiny);
	const all = await peer.ask('statistics');
	assert.deepEqual(changed(all.refused), { full: 2 });
	assert.equal(all.connections.max, 5);
	for (const client of clients)
		client.destroy();
}

export async function lists_connections() {
	const peer = await Peer.open();
	await settled(peer);
	const alice = newUser();
	const clients = [];
	for (let i = 0; i < 3; i++)
		clients.push(await join(alice));
	for (let i = 0; i < 4; i++)
		clients.push(await join(newUser()));
	const anonymous = await Client.open(PUSH);
	await anonymous.expect('auth_required');

	const whole = await peer.ask('connections');
	assert.equal(whole.connections.length, 7, 'those who are authenticated');
	assert.equal(whole.next, undefined);
	for (const one of whole.connections) {
		assert.equal(one.kind, 'websocket');
		assert.equal(one.address, 'unix');
		assert.equal(one.queue, 0);
		assert.ok(one.age >= 0 && one.age < 3600);
	}
	for (const limit of [1, 2, 3, 7, 8, 1000])
		assert.deepEqual(await peer.connections({ limit }), whole.connections, `by ${limit}`);
	const hers = await peer.connections({ user: alice, limit: 2 });
	assert.deepEqual(hers, whole.connections.filter(({ user }) => user === alice));
	assert.equal(hers.length, 3);
	assert.deepEqual(await peer.connections({ user: newUser() }), []);

	// whoever goes between two pages is not told, and nobody else is left out
	const { next } = await peer.ask('connections', { limit: 3 });
	clients.at(-1).destroy();
	await settled(peer, 7);
	const rest = await peer.ask('connections', { after: next });
	assert.deepEqual(rest.connections, whole.connections.slice(3, 6));
	for (const client of clients)
		client.destroy();
	anonymous.destroy();
	await settled(peer);
}

export async function disconnects() {
	const store = await Store.open();
	const peer = await Peer.open();
	await settled(peer);
	const alice = newUser(), bob = newUser();
	const clients = [await join(alice), await join(bob), await join(alice)];
	assert.deepEqual(await peer.ask('disconnect', { user: newUser() }), { count: 0 });
	assert.deepEqual(await peer.ask('disconnect', { user: alice }), { count: 2 });
	for (const client of [clients[0], clients[2]])
		assert.equal((await client.closed(4403)).reason, 'disconnected');
	await clients[1].silent();
	const again = await join(alice);
	await store.create(alice);
	await again.expect('new_notification');
	assert.deepEqual(await peer.ask('disconnect', { all: true }), { count: 2 });
	await again.closed(4403);
	await clients[1].closed(4403);
	await settled(peer);
}

export async function sets_the_log_level() {
	const peer = await Peer.open();
	assert.deepEqual(await peer.ask('log-level'), { level: 'info' });
	assert.deepEqual(await peer.ask('log-level', { level: 'error' }), { level: 'error' });
	assert.deepEqual(await peer.ask('log-level'), { level: 'error' });
	assert.equal((await peer.ask('log-level', { level: 'noise' })).code, 'invalid_request');
	assert.deepEqual(await peer.ask('log-level', { level: 'info' }), { level: 'info' });
	assert.match(readFileSync(`${dir}/pushd.log`, 'utf8'), /the log's level is error from now on/);
}

// Clients are served meanwhile, and so are the peers that ask something.
export async function garbage_and_slow_peers() {
	const store = await Store.open();
	const user = newUser();
	const client = await join(user);
	const slow = await Peer.open(), garbage = await Peer.open(), half = await Peer.open(), long = await Peer.open();

	slow.pause();
	slow.write('{"command":"statistics"}\n'.repeat(20000));
	half.write('{"command":"pi');
	garbage.write(Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.from('\n')]));
	long.write('x'.repeat(100000));
	assert.equal((await long.answer()).code, 'too_large');
	await long.closed();
	for (let i = 0; i < 50; i++) {
		await store.create(user);
		await client.expect('new_notification');
	}
	const peer = await Peer.open();
	assert.ok((await peer.ask('ping')).version);
	assert.equal((await garbage.answer()).code, 'invalid_request');
	half.write('ng"}\n');
	assert.ok((await half.answer()).version);
	slow.resume();
	for (let i = 0; i < 20000; i++)
		assert.ok((await slow.answer()).latency);
	client.destroy();
}

// The same as somebody who may do nothing, or as one of api-users.
export async function as_stranger() {
	const peer = await Peer.open();
	for (const command of ['ping', 'statistics', 'connections', 'user', 'disconnect', 'log-level', 'x'])
		assert.equal((await peer.ask(command, { all: true })).code, 'forbidden');
	peer.write('x\n');
	assert.equal((await peer.answer()).code, 'forbidden');
	// however many strangers there are
	const others = [];
	for (let i = 0; i < 20; i++)
		others.push(await Peer.open());
	const last = await others.at(-1).answer();
	assert.equal(last.code, 'busy');
	await others.at(-1).closed();
}

export async function as_api_user() {
	const peer = await Peer.open();
	assert.ok((await peer.ask('ping')).version);
	assert.ok((await peer.ask('statistics')).latency);
	assert.deepEqual(await peer.ask('disconnect', { user: newUser() }), { count: 0 });
	assert.equal((await peer.ask('disconnect', { all: true })).code, 'forbidden');
	assert.equal((await peer.ask('connections')).code, 'forbidden');
	assert.equal((await peer.ask('log-level')).code, 'forbidden');
}
