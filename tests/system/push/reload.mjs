// SIGHUP: another configuration and other keys, while clients are connected.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Client, exchange, head } from './client.mjs';
import { Stream } from './events.mjs';
import { PUSH, dir, join, mint, newUser, seconds, shell, tokenOf, until } from './setting.mjs';

const log = () => readFileSync(`${dir}/pushd.log`, 'utf8');
const times = (text) => log().split(text).length - 1;

// Lines of the shell, and then the signal. Returns what is logged of it.
async function reload(...lines) {
	for (const line of lines)
		await shell(line);
	const before = log();
	process.kill(Number(readFileSync(`${dir}/pids/pushd`)), 'SIGHUP');
	await until('reloaded', () => /reloaded: .*\n/.test(log().slice(before.length)));
	return log().slice(before.length);
}

// A token of a key of keys-dir
function named(user, kid) {
	const key = readFileSync(`${dir}/keys/${kid}`).subarray(0, -1);
	return mint({ sub: user, iat: seconds(), exp: seconds() + 3600 }, { alg: 'HS256', typ: 'JWT', kid }, key);
}

// Limits and times hold at once, also for who was there before.
export async function limits() {
	const user = newUser();
	const first = await join(user);
	const second = await join(user);
	await reload('set_config push max-connections-per-user 1', 'set_config push ping-interval 1');
	for (const client of [first, second])
		assert.equal((await client.messages.take('a ping')).type, 'ping');
	await join(user);
	assert.equal((await first.closed()).code, 4409);
	assert.equal(second.ended, null);
	await reload('set_config push max-message 1K', 'set_config push ping-interval 300');
	second.send({ type: 'pong', more: 'x'.repeat(1500) });
	assert.equal((await second.closed()).code, 1009);
	const anonymous = await Client.open(PUSH);
	await reload('set_config push auth-timeout 1');
	assert.equal((await anonymous.closed()).code, 4408);
}

export async function origins() {
	const ask = () => exchange(PUSH, head({ headers: { Origin: 'https://example.org', Authorization: `Bearer ${tokenOf('anna')}` } }));
	assert.equal((await ask()).status, 403);
	await reload('set_config web allowed-origins https://example.org');
	const client = await join('anna', { headers: { Origin: 'https://example.org' } });
	await reload('set_config web allowed-origins https://example.com');
	assert.equal((await ask()).status, 403);
	await client.silent(); // it has been judged
}

// Who came with a key that is taken away is closed; who has renewed meanwhile is not.
export async function keys() {
	const user = newUser();
	await reload('add_key one', 'add_key two', 'set_config auth keys-dir "$dir/keys"');
	const one = await join(user, { token: named(user, 'one') });
	const two = await join(user, { token: named(user, 'two') });
	const file = await join(user);
	const renewed = await join(user, { token: named(user, 'one') });
	renewed.send({ type: 'auth', token: named(user, 'two') });
	await renewed.silent();
	const text = await reload('rm "$dir/keys/one"');
	assert.match(text, /1 clients? .*key/);
	assert.equal((await one.expect('auth_failed')).code, 'token_signature');
	assert.equal((await one.closed()).code, 4401);
	for (const client of [two, file, renewed])
		await client.silent();
	assert.equal((await exchange(PUSH, head({ headers: { Authorization: `Bearer ${tokenOf(user)}x` } }))).status, 401);
	// another secret under the same name is another key
	const stream = await Stream.open(PUSH, { token: named(user, 'two') });
	await stream.greeted();
	await reload('add_key two');
	for (const client of [two, renewed])
		assert.equal((await client.closed()).code, 4401);
	assert.equal((await stream.expect('auth_failed')).code, 'token_signature');
	await stream.closed();
	await file.silent();
	await reload('set_config auth key-file ""');
	assert.equal((await file.closed()).code, 4401);
	await (await join(user, { token: named(user, 'two') })).silent();
}

// Nothing of a configuration that is wrong is taken, and all that is wrong with it is said.
export async function wrong() {
	const user = newUser();
	const client = await join(user);
	let text = await reload('set_config push max-connections-per-user 1', 'set_config push ping-interval 0',
		'set_config web colour blue');
	assert.match(text, /ping-interval/);
	assert.match(text, /colour/);
	assert.match(text, /not reloaded: /);
	await join(user);
	await client.silent();
	await shell('rm -r "$dir/config/web" && set_config push ping-interval 30');
	text = await reload('cp "$key_file" "$dir/kept" && echo short >"$key_file"');
	assert.match(text, /jwt\.key: /);
	assert.match(text, /not reloaded: /);
	await join(user);
	await client.silent();
	text = await reload('cp "$dir/kept" "$key_file"', 'set_config auth key-file "$dir/missing.key"');
	assert.match(text, /missing\.key/);
	text = await reload('rm "$TIDINGS_CONFIG"');
	assert.match(text, /not reloaded: /);
	await client.silent();
	text = await reload('set_config auth key-file "$key_file"');
	assert.doesNotMatch(text, /not reloaded: /);
	await join(user);
	assert.equal((await client.closed()).code, 4409);
}

// What is open stays open, however often it is asked for something else.
export async function opened_once() {
	const client = await join(newUser());
	for (let i = 0; i < 2; i++) {
		const text = await reload('set_config push listen "$dir/other.sock"', 'set_config store socket "$dir/no.sock"',
			'set_config store home "$dir/nowhere"');
		for (const name of ['[push] listen', '[store] socket', '[store] home'])
			assert.ok(text.includes(`${name} has changed`), text);
	}
	await client.silent();
	await (await join(newUser())).silent();
	const text = await reload('set_config push listen "$dir/push.sock"', 'set_config store socket "$dir/store.sock"',
		'set_config store home "$dir/home"');
	assert.doesNotMatch(text, /has changed/);
}

// Amid many of them, and of new clients, nobody is lost.
export async function often() {
	const user = newUser();
	const client = await join(user);
	const clients = Array.from({ length: 30 }, () => join(newUser()));
	for (let i = 0; i < 10; i++)
		process.kill(Number(readFileSync(`${dir}/pids/pushd`)), 'SIGHUP');
	for (const one of await Promise.all(clients))
		await one.silent();
	await client.silent();
	await until('reloaded', () => times('reloaded: ') > 0);
}
