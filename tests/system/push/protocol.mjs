// What tidings-protocol(7) shows, and what a client is told rarely, so that tests/contract finds all
// that doc/asyncapi.yaml has.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { Client } from './client.mjs';
import { Stream } from './events.mjs';
import { PUSH, dir, join, newUser, shell, tokenOf, until } from './setting.mjs';
import { Store } from './store.mjs';

const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
const REQUESTS_MAX = 8; // of one client, that the store has not answered

async function expectError(client, code) {
	assert.equal((await client.expect('error')).code, code);
}

// The conversation that tidings-protocol(7) shows: [who, message]
function shownConversation() {
	const page = readFileSync(`${process.env.top_srcdir}/man/tidings-protocol.7.in`, 'utf8');
	const [, block] = /^\.\\" Played by .*\n\.Bd -literal.*\n([^]*?)^\.Ed/m.exec(page);
	return block.split(/^(?=[CS]: )/m).map((text) => [text[0], JSON.parse(text.slice(3))]);
}

// What the page leaves open: some text, and one notification
const OPEN = [
	['...', (value) => typeof value === 'string'],
	[[{}], (value) => value.length === 1 && 'title' in value[0]],
];

// A message, with what the shown one leaves open as it is there.
function asShown(message, shown) {
	const copy = { ...message };
	for (const [name, value] of Object.entries(shown))
		for (const [mark, fits] of OPEN)
			if (isDeepStrictEqual(value, mark) && fits(message[name]))
				copy[name] = mark;
	return copy;
}

// It goes like that, for a user who has one notification.
export async function conversation() {
	const user = newUser();
	await (await Store.open()).create(user);
	const client = await Client.open(PUSH);
	for (const [who, shown] of shownConversation()) {
		if (who === 'C')
			client.send(shown.token ? { ...shown, token: tokenOf(user) } : shown);
		else
			assert.deepEqual(asShown(await client.next(), shown), shown);
	}
}

// A publisher key is no token.
export async function publisher_key() {
	const client = await Client.open(PUSH);
	await client.expect('auth_required');
	client.send({ type: 'auth', token: `tk_${'A'.repeat(43)}` });
	assert.equal((await client.expect('auth_failed')).code, 'token_publisher_key');
	await client.closed(4401);
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
