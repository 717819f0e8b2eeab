// The request that begins a session: what is let in, by which token, and how the rest is refused.

import assert from 'node:assert/strict';

import { BASE, Client, TEXT, exchange, frame, head } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, join, mint, newUser, seconds, shell, tokenOf } from './setting.mjs';

const ORIGIN = 'https://app.example.test';

// The request is answered by this refusal, with the contract's error as the body.
export async function refused(status, code, options) {
	const answer = await exchange(options.where ?? PUSH, options.raw ?? head(options));
	assert.ok(answer, 'no answer');
	assert.equal(answer.status, status, answer.body.toString());
	const body = JSON.parse(answer.body);
	assert.deepEqual(Object.keys(body), ['error', 'code']);
	assert.equal(body.code, code);
	assert.ok(body.error.length > 0);
	assert.equal(answer.headers['content-type'], 'application/json');
	assert.equal(Number(answer.headers['content-length']), answer.body.length);
	assert.match(answer.headers.connection, /^close/);
	return answer;
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const pair = (token) => ({ 'Sec-WebSocket-Protocol': `tidings.v1, bearer.${token}` });

export async function by_header() {
	const user = newUser();
	const client = await Client.open(PUSH, { token: tokenOf(user) });
	assert.equal(client.answer.headers['sec-websocket-protocol'], undefined);
	assert.equal((await client.greeted()).length, 2);
}

export async function by_subprotocol() {
	const token = tokenOf(newUser());
	const client = await Client.open(PUSH, { bearer: token });
	assert.equal(client.answer.headers['sec-websocket-protocol'], 'tidings.v1');
	await client.greeted();
	const other = await Client.open(PUSH, { protocols: [`bearer.${token}`, 'other', 'tidings.v1'] });
	assert.equal(other.answer.headers['sec-websocket-protocol'], 'tidings.v1');
	await other.greeted();
	// the header comes first
	const both = await Client.open(PUSH, { bearer: mint({}), headers: bearer(token) });
	await both.greeted();
}

export async function by_first_message() {
	const user = newUser();
	const client = await Client.open(PUSH);
	const required = await client.expect('auth_required');
	assert.ok(required.message.length > 0);
	client.send({ type: 'auth', token: tokenOf(user) });
	await client.greeted();
	// a client that knows what will be asked need not wait
	const hasty = await Client.open(PUSH, {
		behind: frame(TEXT, JSON.stringify({ type: 'auth', token: tokenOf(user) })),
	});
	await hasty.expect('auth_required');
	await hasty.greeted();
}

// A pushd that takes tokens from the query stands at $query; the other one does not look there.
export async function by_query() {
	const token = tokenOf(newUser());
	const taken = await Client.open(process.env.query, { query: `token=${token}` });
	await taken.greeted();
	await refused(401, 'token_malformed', { where: process.env.query, query: 'token=nothing' });
	await refused(400, 'invalid_request', { where: process.env.query, query: `token=${token}&token=${token}` });
	const ignored = await Client.open(PUSH, { query: `token=${token}` });
	await ignored.expect('auth_required');
}

// A pushd with a cookie and a list of origins stands at $cookie.
export async function by_cookie() {
	const where = process.env.cookie;
	const Cookie = `a=b; session=${tokenOf(newUser())}; c=d`;
	await (await Client.open(where, { headers: { Cookie, Origin: ORIGIN } })).greeted();
	// of no allowed origin, stale, or of no origin at all: as none
	await refused(403, 'forbidden', { where, headers: { Cookie, Origin: 'https://evil.example.test' } });
	await (await Client.open(where, { headers: { Cookie } })).expect('auth_required');
	const stale = `session=${mint({ sub: 'somebody', exp: seconds() - 3600 })}`;
	const browser = await Client.open(where, { headers: { Cookie: stale, Origin: ORIGIN } });
	await browser.expect('auth_required');
	browser.send({ type: 'auth', token: tokenOf(newUser()) });
	await browser.greeted();
	// a bearer token is the one that counts
	await refused(401, 'token_malformed', { where, headers: { Cookie, Origin: ORIGIN, ...bearer('nothing') } });
	// the pushd without a cookie in its configuration does not look
	await (await Client.open(PUSH, { headers: { Cookie, Origin: 'http://example.test' } })).expect('auth_required');
}

export async function origins() {
	const token = tokenOf(newUser());
	const where = process.env.cookie;
	const open = (Origin, to) => Client.open(to, { token, headers: { Origin } });
	for (const origin of ['http://example.test', 'https://example.test', 'https://EXAMPLE.test'])
		await (await open(origin, PUSH)).greeted();
	for (const Origin of ['https://example.test.evil', 'http://other.test', 'null', 'ftp://example.test', 'https://example.test:444'])
		await refused(403, 'forbidden', { headers: { Origin, ...bearer(token) } });
	await (await open(ORIGIN, where)).greeted();
	for (const Origin of [`${ORIGIN}.evil`, 'http://app.example.test', 'https://example.test', 'null'])
		await refused(403, 'forbidden', { where, headers: { Origin, ...bearer(token) } });
	await (await Client.open(where, { token })).greeted(); // no browser: no origin
}

export function badTokens() {
	const exp = seconds() + 3600;
	const good = mint({ sub: 'a', exp });
	const [h, payload, signature] = good.split('.');
	const none = Buffer.from('{"alg":"none"}').toString('base64url');
	return [
		['token_malformed', 'nothing'],
		['token_malformed', `${h}.${payload}`],
		['token_malformed', `${good}.more`],
		['token_algorithm', `${none}.${payload}.`],
		['token_algorithm', mint({ sub: 'a', exp }, { alg: 'HS512', typ: 'JWT' })],
		['token_algorithm', mint({ sub: 'a', exp }, { alg: 'HS256', kid: 'unknown' })],
		['token_signature', mint({ sub: 'a', exp }, undefined, Buffer.from('x'.repeat(40)))],
		['token_signature', `${h}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
		['token_signature', `${h}.${Buffer.from(JSON.stringify({ sub: 'b', exp })).toString('base64url')}.${signature}`],
		['token_expired', mint({ sub: 'a', exp: seconds() - 3600 })],
		['token_not_yet', mint({ sub: 'a', exp, nbf: seconds() + 3600 })],
		['token_claims', mint({ sub: 'a' })],
		['token_claims', mint({ exp })],
		['token_claims', mint({ sub: '', exp })],
		['token_claims', mint({ sub: 'x'.repeat(256), exp })],
		['token_claims', mint({ sub: 'a', exp: String(exp) })],
		['token_claims', mint({ sub: 7, exp })],
	];
}

export async function bad_tokens() {
	for (const [code, token] of badTokens()) {
		const answer = await refused(401, code, { headers: bearer(token) });
		assert.match(answer.headers['www-authenticate'], /^Bearer/);
		await refused(401, code, { headers: pair(token) });
		const client = await Client.open(PUSH);
		await client.expect('auth_required');
		client.send({ type: 'auth', token });
		const failed = await client.expect('auth_failed');
		assert.deepEqual(failed, { type: 'auth_failed', message: 'Invalid or expired token', code });
		await client.closed(4401);
	}
	await refused(401, 'token_malformed', { headers: { Authorization: 'Bearer' } });
}

export async function not_an_upgrade() {
	const token = tokenOf(newUser());
	const plain = { Upgrade: null, Connection: null, 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null };
	for (const path of ['/', '/api/notifications/', '/api/notifications/wss', `${BASE}/`, '/api/notifications/%77s', '/x/ws'])
		for (const headers of [bearer(token), { ...plain, ...bearer(token) }])
			await refused(404, 'not_found', { path, headers });
	for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get'])
		for (const headers of [bearer(token), plain]) {
			const answer = await refused(405, 'method_not_allowed', { method, headers });
			assert.equal(answer.headers.allow, 'GET');
		}
	for (const headers of [plain, { Upgrade: null }, { Upgrade: 'h2c' }]) {
		const answer = await refused(426, 'upgrade_required', { headers });
		assert.equal(answer.headers.upgrade, 'websocket');
	}
}

export async function bad_upgrades() {
	const bad = (headers, options = {}) => refused(400, 'invalid_request', { headers: { ...bearer(tokenOf('a')), ...headers }, ...options });
	await bad({ 'Sec-WebSocket-Key': null });
	await bad({ 'Sec-WebSocket-Key': 'c2hvcnQ=' });
	await bad({ 'Sec-WebSocket-Key': '!'.repeat(24) });
	await bad({ 'Sec-WebSocket-Key': Array(2).fill('AAAAAAAAAAAAAAAAAAAAAA==') });
	await bad({ Connection: 'keep-alive' });
	await bad({ Host: null });
	await bad({ Host: ['a.test', 'b.test'] });
	await bad({ Authorization: [`Bearer ${tokenOf('a')}`, `Bearer ${tokenOf('b')}`] });
	await bad({ 'Content-Length': '2' });
	await bad({ 'Transfer-Encoding': 'chunked' });
	await bad({ 'X-Folded': 'a\r\n b' });
	await bad({ 'X Space': 'a' });
	await bad({ 'X-Nul': 'a\0b' });
	await bad({ 'Sec-WebSocket-Protocol': `tidings.v1, bearer.${tokenOf('a')}, bearer.${tokenOf('b')}` });
	await bad({}, { version: 'HTTP/1.0' });
	await bad({}, { path: `${BASE}\x7f` });
	for (const version of ['8', '14', null]) {
		const answer = await refused(426, 'upgrade_required', { headers: { 'Sec-WebSocket-Version': version } });
		assert.equal(answer.headers['sec-websocket-version'], '13');
	}
	await refused(505, 'invalid_request', { version: 'HTTP/2.0' });
	for (const raw of ['\r\n\r\n', 'GET /\r\n\r\n', 'nonsense\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'])
		await refused(400, 'invalid_request', { raw: Buffer.from(raw, 'latin1') });
	await refused(431, 'too_large', { headers: { 'X-Large': 'x'.repeat(17_000) } });
	await refused(431, 'too_large', { headers: Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`X-${i}`, 'x'])) });
}

// A head that never ends is refused as soon as it is too large, not when it ends.
export async function endless_head() {
	await refused(431, 'too_large', { raw: `GET ${BASE} HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}` });
}

export async function head_in_pieces() {
	const user = newUser();
	const client = await Client.open(PUSH, { token: tokenOf(user) });
	await client.greeted();
	const whole = Buffer.from(head({ headers: bearer(tokenOf(user)) }));
	for (const step of [1, 7, whole.length - 1]) {
		const pieces = [];
		for (let at = 0; at < whole.length; at += step)
			pieces.push(whole.subarray(at, at + step));
		const answer = await exchange(PUSH, ...pieces, frame(8, Buffer.from([3, 232])));
		assert.equal(answer.status, 101);
		assert.deepEqual([...answer.body.subarray(-4)], [0x88, 2, 3, 232]); // our close came back
	}
}

// A pushd with auth-timeout = 1 stands at $brief.
export async function slow_head() {
	const begin = Date.now();
	await refused(408, 'request_timeout', { where: process.env.brief, raw: `GET ${BASE} HTTP/1.1\r\n` });
	const nothing = await exchange(process.env.brief);
	assert.equal(nothing.status, 408);
	assert.ok(Date.now() - begin >= 1000, 'too early');
	assert.ok(Date.now() - begin < 10_000, 'too late');
}

export async function no_auth_in_time() {
	const begin = Date.now();
	const client = await Client.open(process.env.brief);
	await client.expect('auth_required');
	await client.closed(4408);
	assert.ok(Date.now() - begin < 10_000, 'too late');
	// whatever it says meanwhile but for auth
	const chatty = await Client.open(process.env.brief);
	await chatty.expect('auth_required');
	const talk = setInterval(() => chatty.write(frame(9, 'here')), 100);
	await chatty.closed(4408);
	clearInterval(talk);
}

// A request that ends its side, and one that is cut off, leave nothing behind.
export async function hang_up() {
	const client = await Client.open(PUSH, { token: tokenOf(newUser()) });
	await client.greeted();
	client.end();
	const begin = Date.now();
	await client.closed();
	// the end together with a message, in one event as the server sees it
	const hasty = await Client.open(PUSH, { token: tokenOf(newUser()) });
	await hasty.greeted();
	await shell('kill -STOP "$(cat "$dir/pids/pushd")"');
	hasty.send({ type: 'ping' });
	await hasty.end();
	await shell('kill -CONT "$(cat "$dir/pids/pushd")"');
	await hasty.closed();
	assert.ok(Date.now() - begin < 5000, 'only the heartbeat noticed');
}

export async function before_auth() {
	const bad = [{ type: 'ping' }, { type: 'unread_count' }, { type: 'mark_all_read' }, { type: 'nonsense' },
		'not json', [], { type: 'auth' }, { type: 'auth', token: 7 }, { type: 'auth', token: tokenOf('a'), since: 'x', epoch: 'e' },
		{ type: 'auth', token: tokenOf('a'), since: -1, epoch: 'e' }, { type: 'auth', token: tokenOf('a'), since: 1.5, epoch: 'e' },
		{ type: 'auth', token: tokenOf('a'), since: 1, epoch: 7 }, { type: 'auth', token: tokenOf('a'), tokem: 'x' }];
	for (const message of bad) {
		const client = await Client.open(PUSH);
		await client.expect('auth_required');
		client.send(message);
		const error = await client.expect('error');
		assert.ok(error.message.length > 0 && /^[a-z_]+$/.test(error.code), JSON.stringify(error));
		await client.closed(4401);
	}
}

export async function greeting() {
	const user = newUser();
	const exp = seconds() + 1234;
	const store = await Store.open();
	await store.create(user);
	const client = await join(user, { token: mint({ sub: user, exp }) });
	const [connected, count] = client.greeting;
	assert.deepEqual(Object.keys(connected).sort(), ['epoch', 'expiresAt', 'message', 'timestamp', 'type']);
	assert.match(connected.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
	assert.ok(Math.abs(Date.parse(connected.timestamp) - Date.now()) < 60_000);
	assert.equal(connected.expiresAt, new Date(exp * 1000).toISOString());
	assert.ok(connected.epoch.length > 0);
	assert.deepEqual(count, { type: 'unread_count', unreadCount: 1, unseenCount: 1, seq: 1 });
}

// $tcp is the port of a pushd that was activated with a socket.
export async function by_tcp() {
	await (await Client.open(process.env.tcp, { token: tokenOf(newUser()) })).greeted();
	await shell('stop_program tcp');
}
