// What a client is told rarely, so that tests/contract finds all that doc/asyncapi.yaml has.

import { readFileSync } from 'node:fs';

import { Stream } from './events.mjs';
import { PUSH, dir, join, newUser, shell, tokenOf, until } from './setting.mjs';
import { Store } from './store.mjs';

const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
const REQUESTS_MAX = 8; // of one client, that the store has not answered

async function expectError(client, code) {
	const error = await client.expect('error');
	if (error.code !== code)
		throw new Error(`${error.code}, not ${code}`);
}

// What the store has no space for is an error.
export async function disk_is_full() {
	const user = newUser();
	const client = await join(user);
	await (await Store.open()).create(user);
	await client.expect('new_notification');
	await shell('stop_program stored && set_config store disk-reserve 1024G && start_stored');
	client.send({ type: 'mark_all_read' });
	await expectError(client, 'storage_full');
}

// One request more than a client may have under way is an error at once, and the others are done.
export async function too_many_requests() {
	const client = await join(newUser());
	await shell('kill -STOP "$(cat "$dir/pids/stored")"');
	for (let i = 0; i <= REQUESTS_MAX; i++)
		client.send({ type: 'fetch_notifications' });
	await expectError(client, 'unavailable');
	await shell('kill -CONT "$(cat "$dir/pids/stored")"');
	for (let i = 0; i < REQUESTS_MAX; i++)
		await client.expect('notifications_list');
}

// Who takes nothing for stall-timeout, of one second at $stalling, but reads on in time is told so.
export async function stalled() {
	const where = process.env.stalling;
	const user = newUser();
	const store = await Store.open();
	const client = await join(user, { where }), stream = await Stream.open(where, { token: tokenOf(user) });
	await stream.greeted();
	client.pause();
	stream.pause();
	for (let i = 0; i < 100; i++)
		await store.create(user, LARGE);
	await until('both are given up', () => readFileSync(`${dir}/stalling.log`, 'utf8').split(`user ${user} `).length === 3);
	client.resume();
	stream.resume();
	await client.closed(1013);
	for (let message = {}; message.code !== 'unavailable';)
		message = await stream.next();
	await stream.closed();
}

// The server goes away: a code on a socket, the last event of a stream.
export async function server_stops() {
	const user = newUser();
	const client = await join(user), stream = await Stream.open(PUSH, { token: tokenOf(user) });
	await stream.greeted();
	await shell('stop_program pushd');
	await client.closed(1001);
	await stream.closed('going_away');
}
