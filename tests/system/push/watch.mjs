// tidings watch, of what is not one user's inbox: broadcasts, and what ends sessions.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { within } from './client.mjs';
import { Store } from './store.mjs';
import { newUser } from './setting.mjs';

class Watcher {
	constructor(...options) {
		this.program = spawn(`${process.env.top_builddir}/cli/tidings`, ['watch', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
		this.lines = createInterface({ input: this.program.stdout })[Symbol.asyncIterator]();
	}

	async next() {
		const { value, done } = await within(20_000, 'a line', this.lines.next());
		assert.ok(!done, 'it has ended');
		return value;
	}

	async end() {
		this.program.kill('SIGINT');
		const [code] = await within(20_000, 'its end', new Promise((resolve) => this.program.on('exit', (...how) => resolve(how))));
		assert.equal(code, 0);
	}
}

// What each kind of change is told with.
async function members(watcher, op, names) {
	const line = JSON.parse(await watcher.next());
	assert.equal(line.op, op);
	assert.deepEqual(Object.keys(line).sort(), ['op', 'time', ...names].sort());
	return line;
}

export async function json() {
	const user = newUser(), other = newUser();
	const watcher = new Watcher('--json', '--user', user);
	assert.equal(JSON.parse(await watcher.next()).op, 'begin');
	const store = await Store.open();
	const { id, broadcasts } = await store.broadcast({ title: 'To all' });
	const created = await members(watcher, 'broadcast_created', ['broadcasts', 'ids', 'notification']);
	assert.deepEqual([created.ids, created.broadcasts, created.notification.title], [[id], broadcasts, 'To all']);
	await store.withdrawBroadcast(id);
	const withdrawn = await members(watcher, 'broadcast_withdrawn', ['broadcasts', 'ids']);
	assert.deepEqual([withdrawn.ids, withdrawn.broadcasts], [[id], broadcasts + 1]);
	await store.broadcast({ expires: Date.now() + 500 });
	await members(watcher, 'broadcast_created', ['broadcasts', 'ids', 'notification']);
	await members(watcher, 'broadcast_expired', ['broadcasts', 'ids']);
	await store.create(other); // somebody else
	await store.disconnect(other);
	await store.createMany([{ userId: user }, { userId: user }]);
	const batch = await members(watcher, 'created', ['userId', 'ids', 'total', 'unreadCount', 'unseenCount', 'seq']);
	assert.equal(batch.ids.length, 2);
	await store.withdraw(user, batch.ids[0]);
	await members(watcher, 'withdrawn', ['userId', 'ids', 'total', 'unreadCount', 'unseenCount', 'seq']);
	await store.disconnect(user);
	await members(watcher, 'disconnected', ['userId']);
	await store.disconnect(user, { revoke: true });
	await members(watcher, 'revoked', ['userId']);
	await store.forget(user);
	assert.equal((await members(watcher, 'forgotten', ['userId'])).userId, user);
	await watcher.end();
}

export async function lines() {
	const user = newUser();
	const watcher = new Watcher();
	assert.match(await watcher.next(), /^TIME +CHANGE +UNREAD +USER +WHAT$/);
	const store = await Store.open();
	const { id } = await store.broadcast({ title: 'To all', message: 'Everybody' });
	assert.match(await watcher.next(), /Z  broadcast_created +- +\* +To all: Everybody$/);
	await store.withdrawBroadcast(id);
	assert.match(await watcher.next(), new RegExp(`Z  broadcast_withdrawn +- +\\* +${id}$`));
	await store.disconnect(user);
	assert.match(await watcher.next(), new RegExp(`Z  disconnected +- +${user}$`));
	await watcher.end();
}
