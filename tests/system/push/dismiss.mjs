// What ends the sessions of a user: being forgotten, and tokens that are revoked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';

import { Client } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, dir, join, mint, newUser, resumeQuery, seconds, shell, tokenOf, until } from './setting.mjs';

// Tokens bear whole seconds: one that is good after a revocation in this second is of the next.
const laterToken = (user) => mint({ sub: user, iat: seconds() + 1, exp: seconds() + 3600 });

async function expectRefused(client) {
	assert.equal((await client.expect('auth_failed')).code, 'token_revoked');
	assert.equal((await client.closed(4401)).reason, 'token_revoked');
}

async function sessionsOf(user) {
	return [await join(user), await join(user), await join(user)];
}

export async function forgotten() {
	const user = newUser();
	const store = await Store.open();
	const clients = await sessionsOf(user), stranger = await join(newUser());
	const [{ epoch }] = clients[0].greeting;
	await store.create(user);
	const { seq } = await store.create(user);
	await store.forget(user);
	for (const client of clients) {
		await client.expect('new_notification');
		await client.expect('new_notification');
		assert.equal((await client.closed(4403)).reason, 'forgotten');
	}
	await stranger.silent();
	// whoever comes back is told to fetch anew, and finds nothing
	const client = await join(user, { query: resumeQuery(seq, epoch) });
	const [, reset, last] = client.greeting;
	assert.equal(reset.reset, true);
	assert.deepEqual([last.unreadCount, last.unseenCount], [0, 0]);
	assert.ok(last.seq > seq);
	await store.create(user);
	assert.equal((await client.expect('new_notification')).seq, last.seq + 1);
}

export async function revoked() {
	const user = newUser();
	const store = await Store.open();
	const old = tokenOf(user);
	const clients = await sessionsOf(user);
	await store.revoke(user);
	for (const client of clients)
		assert.equal((await client.closed(4403)).reason, 'token_revoked');
	await expectRefused(await Client.open(PUSH, { token: old }));
	await expectRefused(await Client.open(PUSH, { token: mint({ sub: user, exp: seconds() + 60 }) })); // without a time
	const byMessage = await Client.open(PUSH);
	await byMessage.expect('auth_required');
	byMessage.send({ type: 'auth', token: old, since: 0, epoch: 'whatever' });
	await expectRefused(byMessage);
	const later = laterToken(user);
	const good = await join(user, { token: later });
	await good.silent();
	good.send({ type: 'auth', token: later });
	await good.silent();
	good.send({ type: 'auth', token: old });
	await expectRefused(good);
}

// Some join while the store stands still, and are dismissed before it answers.
export async function amid_joining() {
	const user = newUser();
	const store = await Store.open();
	await join(user).then((client) => client.destroy());
	await shell('kill -STOP "$(cat "$dir/pids/stored")"');
	const first = store.revoke(user);
	const clients = await Promise.all([0, 1, 2].map(() => Client.open(PUSH, { token: tokenOf(user) })));
	await shell('kill -CONT "$(cat "$dir/pids/stored")"');
	await first;
	for (const client of clients) {
		const { code } = await client.closed();
		assert.ok([4401, 4403].includes(code), `${code}`);
	}
}

// A store that does not let this program's user in: that is said once, and tried again.
export async function refused_by_the_store() {
	let refusals = 0;
	const greeting = Buffer.alloc(12);
	greeting.writeUInt8(2, 8);
	greeting.writeUInt16BE(2, 10);
	const door = net.createServer((socket) => {
		refusals++;
		socket.on('error', () => {});
		socket.end(greeting);
	});
	await shell('stop_program stored && rm -f "$dir/store.sock"');
	await new Promise((resolve) => door.listen(`${dir}/store.sock`, resolve));
	await shell('start_pushd');
	const joining = Client.open(PUSH, { token: tokenOf(newUser()) });
	await until('it tries again', () => refusals >= 4);
	door.close();
	await shell('start_stored');
	await (await joining).greeted();
	const said = readFileSync(`${dir}/pushd.log`, 'utf8').split('\n').filter((line) => /does not let/.test(line));
	assert.equal(said.length, 1, said.join('\n'));
	assert.match(said[0], /group tidings|api-users/);
}
