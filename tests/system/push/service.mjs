// The programs as services behind a web server.

import assert from 'node:assert/strict';

import { join, newUser, shell, tokenOf, until } from './setting.mjs';

const BASE = process.env.url;
const RESTARTS = 10;

// One request; returns [status, body].
async function ask(method, path, token, body) {
	const answer = await fetch(BASE + path, {
		method, body: body && JSON.stringify(body),
		headers: { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json' },
	});
	return [answer.status, await answer.json()];
}

const note = (userId) => ({ userId, type: 'info', title: 'Title', message: 'Message' });

async function send(user) {
	const [status] = await ask('POST', '/', process.env.publisher_token, note(user));
	assert.equal(status, 201);
}

// A client that is there before the daemon does something is there behind it, and is told.
async function keeps_clients(...lines) {
	const user = newUser();
	const client = await join(user);
	for (const line of lines) {
		await shell(line);
		await send(user);
		await client.expect('new_notification');
	}
	client.destroy();
}

export const reload_keeps_clients = () => keeps_clients('reload_push', 'reload_push', 'restart_store');

export const upgrade_keeps_clients = () => keeps_clients('upgrade_push', 'upgrade_push');

// The key is another one: who came with the old one is sent away.
export async function taken_key() {
	const client = await join(newUser());
	await shell('echo "another secret for tests, of 32 bytes or more" >"$dir/other.key"');
	await shell('put_key "$dir/other.key"');
	await shell('reload_push');
	await client.expect('auth_failed');
	await client.closed(4401);
}

// Writers and a listener, while the store is restarted time and again. No request has a key,
// so that none may be sent to the store twice.
export async function restart_under_load() {
	const writers = Array.from({ length: 16 }, newUser);
	const listener = await join(writers[0]);
	const acknowledged = new Map(writers.map((user) => [user, 0]));
	const sum = () => [...acknowledged.values()].reduce((all, one) => all + one);
	const refused = [];
	let going = true;

	const write = async (user) => {
		for (let i = 0; going && i < 900; i++) {
			const [status, body] = await ask('POST', '/', process.env.publisher_token, note(user));
			if (status === 201)
				acknowledged.set(user, acknowledged.get(user) + 1);
			else
				refused.push([status, body]);
		}
	};
	const writing = writers.map(write);
	for (let i = 0; i < RESTARTS; i++) {
		const before = sum();
		await shell('restart_store');
		await until('the store goes on', () => sum() > before + 100);
	}
	going = false;
	await Promise.all(writing);

	assert.deepEqual(refused, []);
	for (const [user, count] of acknowledged) {
		const [, { unreadCount }] = await ask('GET', '/unread-count', tokenOf(user));
		assert.equal(unreadCount, count, user);
	}
	let unread = 0;
	while (unread < acknowledged.get(writers[0])) {
		const message = await listener.next();
		assert.equal(message.reset, undefined);
		unread = message.unreadCount ?? unread;
	}
	listener.destroy();
	console.log(`echo "# ${sum()} acknowledged while the store restarted ${RESTARTS} times, 0 refused" >&3`);
}
