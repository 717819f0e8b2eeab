// The programs as services behind a web server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Client } from './client.mjs';
import { PUSH, dir, join, newUser, shell, tokenOf, until } from './setting.mjs';

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

// The ids of what a message says was created.
function told({ notification, changes = [] }) {
	return notification ? [notification.id] :
		changes.filter(({ op }) => op === 'created').map(({ id }) => id);
}

// Writers and a listener, while something is done that they are not to notice; at most so many
// notifications a writer. disturb() is given a function that waits for them to go on. No request
// has a key, so that none may be sent to the store twice. Returns how many were acknowledged.
async function under_load(most, disturb) {
	const writers = Array.from({ length: 16 }, newUser);
	const listener = await join(writers[0]);
	const acknowledged = new Map(writers.map((user) => [user, []]));
	const sum = () => [...acknowledged.values()].reduce((all, { length }) => all + length, 0);
	const refused = [];
	let going = true;

	const write = async (user) => {
		for (let i = 0; going && i < most; i++) {
			const [status, body] = await ask('POST', '/', process.env.publisher_token, note(user));
			if (status === 201)
				acknowledged.get(user).push(body.notification.id);
			else
				refused.push([status, body]);
		}
	};
	const writing = writers.map(write);
	await disturb(async () => {
		const before = sum();
		await until('the writers go on', () => sum() > before + 100);
	});
	going = false;
	await Promise.all(writing);

	assert.deepEqual(refused, []);
	for (const [user, { length }] of acknowledged) {
		const [, { unreadCount }] = await ask('GET', '/unread-count', tokenOf(user));
		assert.equal(unreadCount, length, user);
	}
	const heard = [];
	while (heard.length < acknowledged.get(writers[0]).length) {
		const message = await listener.next();
		assert.equal(message.reset, undefined);
		heard.push(...told(message));
	}
	assert.deepEqual(heard, acknowledged.get(writers[0]));
	listener.destroy();
	return sum();
}

export async function restart_under_load() {
	const count = await under_load(900, async (goesOn) => {
		for (let i = 0; i < RESTARTS; i++) {
			await shell('restart_store');
			await goesOn();
		}
	});
	console.log(`echo "# ${count} acknowledged while the store restarted ${RESTARTS} times, 0 refused" >&3`);
}

export async function upgrade_under_load() {
	const count = await under_load(Infinity, async (goesOn) => {
		await goesOn();
		await shell('upgrade_package');
		await goesOn();
	});
	console.log(`echo "# ${count} acknowledged during an upgrade, 0 refused" >&3`);
}

// From nothing to the first notification, as an administrator gets there.
export async function first_notification() {
	const start = performance.now();
	await shell('install_package');
	const installed = performance.now();
	await shell('tidings token alice >"$dir/token"');
	const client = await Client.open(PUSH, { token: readFileSync(`${dir}/token`, 'utf8').trim() });
	await client.greeted();
	await shell('tidings send alice Paid "Invoice 2041 was paid."');
	const { notification } = await client.expect('new_notification');
	assert.equal(notification.title, 'Paid');
	const seconds = (from) => ((performance.now() - from) / 1000).toFixed(2);
	console.log(`echo "# ${seconds(start)} s from apt-get install to the first notification, ` +
		`${seconds(installed)} s of them behind it" >&3`);
	client.destroy();
}
