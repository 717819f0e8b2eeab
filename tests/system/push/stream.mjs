// Server-sent events: who gets a stream, what it tells, where it goes on, and how it ends.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';

import { BASE, TEXT, exchange, frame, head } from './client.mjs';
import { PLAIN, STREAM, Stream, streamHead } from './events.mjs';
import { Peer } from './peer.mjs';
import { Store } from './store.mjs';
import { PUSH, dir, join, mint, newUser, resumeQuery, seconds, shell, tokenOf, until } from './setting.mjs';
import { badTokens, refused } from './upgrade.mjs';

const ORIGIN = 'https://app.example.test';
const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
const SOON = [2000, 4000], LATE = [60_000, 120_000]; // ms, until a client comes back
const VARY = 'Authorization, Cookie, Origin';

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const counts = ({ unreadCount, unseenCount, seq }) => [unreadCount, unseenCount, seq];

// A stream of this user, greeted. Options as of Stream.open().
async function follow(user, options = {}) {
	const stream = await Stream.open(options.where ?? PUSH, { token: tokenOf(user), ...options });
	stream.greeting = await stream.greeted();
	return stream;
}

function checkRetry({ retry }, [least, most]) {
	assert.ok(retry >= least && retry < most, `retry ${retry}`);
}

// The `seq` that a user begins with: that of all broadcasts so far.
const beginOf = ({ greeting }) => greeting.at(-1).seq;

// A request for a stream is answered by this refusal.
const denied = (status, code, options = {}) =>
	refused(status, code, { ...options, raw: streamHead(options) });

export async function answer() {
	for (const version of ['HTTP/1.1', 'HTTP/1.0'])
		for (const Accept of [null, '*/*', 'text/event-stream', 'text/html;q=0, text/*;q=0.1']) {
			const stream = await follow(newUser(), { version, headers: { Accept } });
			const { date: _, ...headers } = stream.answer.headers;
			assert.deepEqual(headers, {
				'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no',
				'x-content-type-options': 'nosniff', connection: 'close', vary: VARY,
			});
			checkRetry(stream, SOON);
			const [connected, count] = stream.greeting;
			assert.deepEqual(Object.keys(connected).sort(), ['epoch', 'expiresAt', 'message', 'timestamp', 'type']);
			assert.deepEqual(counts(count).slice(0, 2), [0, 0]);
			assert.deepEqual(stream.ids, [`${connected.epoch}:${count.seq}`]);
		}
}

export async function bad_tokens() {
	const missing = await denied(401, 'token_missing');
	assert.match(missing.headers['www-authenticate'], /^Bearer/);
	assert.equal(missing.headers.vary, VARY);
	for (const [code, token] of badTokens())
		await denied(401, code, { headers: bearer(token) });
	await denied(401, 'token_missing', { headers: { 'Sec-WebSocket-Protocol': `bearer.${tokenOf('a')}` } });
}

// A pushd that takes tokens from the query stands at $query; the other one does not look there.
export async function by_query() {
	const user = newUser();
	const query = `token=${tokenOf(user)}`;
	const stream = await Stream.open(process.env.query, { query });
	await stream.greeted();
	await denied(401, 'token_malformed', { where: process.env.query, query: 'token=nothing' });
	await denied(401, 'token_missing', { query });
}

// A pushd with a cookie and a list of origins stands at $cookie.
export async function by_cookie() {
	const where = process.env.cookie;
	const Cookie = `session=${tokenOf(newUser())}`;
	const stale = `session=${mint({ sub: 'somebody', exp: seconds() - 3600 })}`;
	const same = { 'Sec-Fetch-Site': 'same-origin' };
	for (const headers of [{ Cookie, Origin: ORIGIN }, { Cookie, ...same }])
		await (await Stream.open(where, { headers })).greeted();
	await denied(403, 'forbidden', { where, headers: { Cookie, Origin: 'https://evil.example.test', ...same } });
	for (const headers of [{ Cookie }, { Cookie, 'Sec-Fetch-Site': 'same-site' }, { Cookie: stale, ...same }])
		await denied(401, 'token_missing', { where, headers });
	await denied(401, 'token_malformed', { where, headers: { Cookie, ...same, ...bearer('nothing') } });
	await denied(401, 'token_missing', { headers: { Cookie, ...same } }); // where none is configured
}

export async function not_a_stream() {
	const headers = bearer(tokenOf(newUser()));
	for (const method of ['POST', 'HEAD', 'PUT', 'get']) {
		const { headers: { allow } } = await denied(405, 'method_not_allowed', { method, headers });
		assert.equal(allow, 'GET, OPTIONS');
	}
	for (const Accept of ['application/json', 'text/event-stream;q=0, */*'])
		await denied(406, 'not_acceptable', { headers: { ...headers, Accept } });
	for (const path of [`${STREAM}/`, '/stream', `${STREAM}s`])
		await denied(404, 'not_found', { path, headers });
	for (const query of ['since=1', 'since=x&epoch=e'])
		await denied(400, 'invalid_request', { query, headers });
	// each of the two addresses names what it is for
	const upgrade = await refused(400, 'invalid_request', { raw: head({ path: STREAM, headers }) });
	assert.match(upgrade.body.toString(), /\/ws/);
	await refused(426, 'upgrade_required', { raw: head({ path: BASE, headers: { ...PLAIN, ...headers } }) });
}

// Pages of another origin may read the answer, and the refusals, where it is allowed. $cookie is
// a pushd with a list of two.
export async function cross_origin() {
	const where = process.env.cookie;
	const token = tokenOf(newUser());
	const Origin = ORIGIN;
	const asking = { Origin, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' };
	const shared = (answer, credentials) => {
		assert.equal(answer.headers['access-control-allow-origin'], Origin);
		assert.equal(answer.headers['access-control-allow-credentials'], credentials);
		assert.equal(answer.headers.vary, VARY);
	};
	shared((await Stream.open(where, { token, headers: { Origin } })).answer, 'true');
	shared(await denied(401, 'token_missing', { where, headers: { Origin } }), 'true');
	shared(await denied(401, 'token_malformed', { where, headers: { Origin, ...bearer('x') } }), 'true');
	shared(await denied(406, 'not_acceptable', { where, headers: { Origin, Accept: 'a/b' } }), 'true');
	shared(await denied(405, 'method_not_allowed', { where, method: 'POST', headers: { Origin } }), 'true');

	const preflight = await exchange(where, streamHead({ method: 'OPTIONS', headers: asking }));
	assert.equal(preflight.status, 204);
	assert.equal(preflight.body.length, 0);
	shared(preflight, 'true');
	assert.equal(preflight.headers['access-control-allow-methods'], 'GET, OPTIONS');
	assert.equal(preflight.headers['access-control-allow-headers'], 'Authorization, Cache-Control, Last-Event-ID');
	assert.equal(preflight.headers.allow, 'GET, OPTIONS');

	for (const method of ['GET', 'OPTIONS']) {
		const foreign = { ...asking, ...bearer(token), Origin: 'https://evil.example.test' };
		const { headers } = await denied(403, 'forbidden', { where, method, headers: foreign });
		assert.equal(headers['access-control-allow-origin'], undefined);
	}
	// without a list the same origin is allowed; without a cookie there are no credentials
	const own = await Stream.open(PUSH, { token, headers: { Origin: 'http://example.test' } });
	assert.equal(own.answer.headers['access-control-allow-origin'], 'http://example.test');
	assert.equal(own.answer.headers['access-control-allow-credentials'], undefined);
	const plain = await exchange(PUSH, streamHead({ method: 'OPTIONS' }));
	assert.equal(plain.status, 204);
	assert.equal(plain.headers['access-control-allow-methods'], undefined);
}

// Clients of both kinds are told the same, in the same order.
export async function messages() {
	const store = await Store.open();
	const user = newUser();
	const stream = await follow(user), socket = await join(user), other = await follow(newUser());
	const [{ epoch }] = stream.greeting;
	const begin = beginOf(stream);
	let id;
	// each is awaited before the next is done: what comes at once may be told at once
	for (const [act, type, unread, seq] of [
		[async () => { ({ id } = await store.create(user, { title: 'Zürich 😀', data: { text: 'a\n\r\u2028b' }, link: '/x' })); },
			'new_notification', 1, 1],
		[() => store.createMany([{ userId: user }, { userId: user }]), 'notification_update', 3, 2],
		[() => store.markRead(user, id), 'notification_update', 2, 3],
		[() => store.broadcast({ title: 'To all' }), 'new_notification', 3, 4],
		[() => store.readAll(user), 'notification_update', 0, 5],
	]) {
		await act();
		const message = await stream.expect(type);
		assert.deepEqual([message.unreadCount, message.seq], [unread, begin + seq]);
		assert.deepEqual({ ...message, timestamp: 0 }, { ...await socket.next(), timestamp: 0 });
	}
	assert.deepEqual(stream.ids, [0, 1, 2, 3, 4, 5].map((n) => `${epoch}:${begin + n}`));
	const message = await other.expect('new_notification');
	assert.equal(message.notification.title, 'To all');
	assert.deepEqual(counts(message), [1, 1, begin + 1]);
}

// A publisher's own program may write JSON in several lines; an event's data is one.
export async function lines() {
	const store = await Store.open();
	const user = newUser();
	const content = '"userId":"u","type":"info",\r\n\n"title":\r"of lines",\n"message":"m"\n\nevent: forged\ndata: {}';
	const stream = await follow(user), socket = await join(user);
	await store.create(user, { raw: content.slice(0, content.indexOf('\n\nevent')) });
	for (const client of [stream, socket])
		assert.equal((await client.expect('new_notification')).notification.title, 'of lines');
	// what is no JSON at all is one broken message, and no more than that
	await store.create(user, { raw: content });
	await store.create(user);
	await assert.rejects(stream.expect('new_notification'), SyntaxError);
}

// Each of many sessions of both kinds gets a broadcast with the counts of its user.
export async function broadcast() {
	const store = await Store.open();
	const clients = [];
	for (let own = 0; own < 12; own++) {
		const user = newUser();
		const client = await (own % 2 ? join : follow)(user);
		clients.push({ client, own, begin: client.greeting.at(-1).seq });
		for (let i = 0; i < own; i++) {
			await store.create(user);
			await client.expect('new_notification');
		}
	}
	for (let n = 1; n <= 3; n++) {
		const { id } = await store.broadcast({ title: `To all ${n}`, data: { n } });
		for (const { client, own, begin } of clients) {
			const message = await client.expect('new_notification');
			assert.equal(message.notification.id, id);
			assert.deepEqual(counts(message), [own + n, own + n, begin + own + n]);
		}
	}
}

// A stream goes on behind the id that it had last, whatever the query says; and where that cannot
// be it begins with a reset, since an EventSource never comes back from a refusal.
export async function resume() {
	const store = await Store.open();
	const user = newUser();
	const first = await follow(user);
	const [{ epoch }] = first.greeting;
	const begin = beginOf(first);
	for (let i = 0; i < 5; i++) {
		await store.create(user);
		await first.expect('new_notification');
	}
	first.destroy();
	const seqsOf = (stream) => stream.greeting.slice(1).map(({ type, seq }) => `${type} ${seq - begin}`);
	const missed = ['new_notification 3', 'new_notification 4', 'new_notification 5', 'unread_count 5'];
	const id = `${epoch}:${begin + 2}`;
	for (const options of [{ id }, { query: resumeQuery(begin + 2, epoch) },
		{ id, query: resumeQuery(0, 'other') }, { id, query: 'since=nonsense' }])
		assert.deepEqual(seqsOf(await follow(user, options)), missed);
	assert.deepEqual(seqsOf(await follow(user, { id: first.lastEventId })), ['unread_count 5']);
	for (const strange of ['nonsense', ':', `${epoch}:`, ':5', `${epoch}:x`, `${epoch}:${begin + 6}`, 'another:5',
		`${'e'.repeat(500)}:5`, `${epoch}:99999999999999999999`]) {
		const stream = await follow(user, { id: strange, query: resumeQuery(begin + 5, epoch) });
		assert.deepEqual(seqsOf(stream), ['notification_update 5', 'unread_count 5'], strange);
		assert.equal(stream.greeting[1].reset, true);
		assert.equal(stream.lastEventId, `${epoch}:${begin + 5}`);
	}
}

// What comes back by itself, as often as it is cut off, is told everything once.
export async function comes_back() {
	const store = await Store.open();
	const user = newUser();
	let stream = await follow(user);
	let seq = 0;
	for (let round = 0; round < 5; round++) {
		await store.create(user);
		assert.equal((await stream.expect('new_notification')).seq, ++seq);
		if (round % 2)
			await shell('kill_program pushd');
		else
			stream.destroy();
		await store.create(user);
		if (round % 2)
			await shell('start_pushd');
		stream = await follow(user, { id: stream.lastEventId });
		assert.deepEqual(stream.greeting.slice(1).map((message) => message.seq), [seq + 1, seq + 1]);
		seq++;
	}
}

// A pushd with send-queue = 64 KiB and an endless stall-timeout stands at $slow.
export async function never_reads() {
	const where = process.env.slow;
	const store = await Store.open();
	const user = newUser();
	const stuck = await follow(user, { where }), reader = await follow(user, { where });
	const begin = beginOf(stuck), COUNT = 200;
	stuck.pause();
	for (let n = 1; n <= COUNT; n++) {
		await store.create(user, LARGE);
		assert.equal((await reader.expect('new_notification')).seq, begin + n);
	}
	stuck.resume();
	let last = 0, message;
	while ((message = await stuck.next()).type === 'new_notification')
		assert.equal(message.seq, begin + ++last); // what was queued, without a gap
	assert.ok(last > 0 && last < COUNT, `${last} were queued`);
	assert.equal(message.type, 'notification_update');
	assert.deepEqual(counts(message), [COUNT, COUNT, begin + COUNT]);
	assert.equal(stuck.lastEventId.split(':').at(-1), `${begin + COUNT}`);
	await store.create(user);
	for (const stream of [stuck, reader])
		assert.equal((await stream.expect('new_notification')).seq, begin + COUNT + 1);
}

// A pushd with stall-timeout = 1 stands at $stalling.
export async function stalls() {
	const where = process.env.stalling;
	const store = await Store.open();
	const user = newUser();
	const stuck = await follow(user, { where }), reader = await follow(user, { where });
	const before = descriptors('stalling');
	stuck.pause();
	for (let i = 0; i < 100; i++) {
		await store.create(user, LARGE);
		await reader.expect('new_notification');
	}
	await until('its descriptor is free again', () => descriptors('stalling') < before);
	stuck.resume();
	await stuck.ended();
	await store.create(user);
	await reader.expect('new_notification');
}

// A pushd with ping-interval = 1 stands at $lively, and with a port at $lively_port.
export async function heartbeat() {
	const store = await Store.open();
	for (const where of [process.env.lively, process.env.lively_port]) {
		const user = newUser();
		const quiet = await follow(user, { where });
		const chatty = await follow(user, { where, behind: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' });
		const talk = setInterval(() => {
			chatty.write(frame(TEXT, '{"type":"unread_count"}'));
			chatty.write('nothing of this matters\n\n');
		}, 100);
		const begin = Date.now();
		for (let i = 0; i < 4; i++)
			for (const stream of [quiet, chatty])
				assert.equal(await stream.comments.take('a heartbeat'), '');
		clearInterval(talk);
		assert.ok(Date.now() - begin >= 2900, 'too often');
		await store.create(user);
		for (const stream of [quiet, chatty])
			await stream.expect('new_notification');
	}
}

export async function token_ends() {
	const user = newUser();
	const exp = seconds() + 5;
	const stream = await follow(user, { token: mint({ sub: user, exp }) });
	assert.deepEqual(await stream.next(), { type: 'token_expiring', expiresAt: new Date(exp * 1000).toISOString() });
	const failed = await stream.expect('auth_failed');
	assert.equal(failed.code, 'token_expired');
	assert.ok(Date.now() >= exp * 1000, 'too early');
	await stream.closed();
	assert.ok(Date.now() < (exp + 10) * 1000, 'too late');
	checkRetry(stream, SOON); // perhaps there is a new cookie already
	await denied(401, 'token_expired', { headers: bearer(mint({ sub: user, exp: exp - 100 })) });
}

export async function dismissed() {
	const store = await Store.open();
	const stranger = await follow(newUser());
	for (const [code, dismiss] of [
		['forgotten', (user) => store.forget(user)],
		['token_revoked', (user) => store.revoke(user)],
	]) {
		const user = newUser();
		const stream = await follow(user), socket = await join(user);
		await store.create(user);
		await dismiss(user);
		await stream.expect('new_notification');
		await stream.closed(code);
		checkRetry(stream, LATE);
		await socket.expect('new_notification');
		assert.equal((await socket.closed(4403)).reason, code);
	}
	await store.broadcast();
	await stranger.expect('new_notification');
	// whoever comes back with what was revoked is told so, and has time
	const name = newUser();
	const token = mint({ sub: name, iat: seconds() - 10, exp: seconds() + 100 });
	await store.revoke(name);
	const late = await Stream.open(PUSH, { token });
	assert.equal((await late.expect('auth_failed')).code, 'token_revoked');
	await late.closed();
	checkRetry(late, LATE);
}

// Three sessions of a user, of whatever kind; and where refuse-newest holds, at $refusing.
export async function too_many() {
	const store = await Store.open();
	const user = newUser();
	const oldest = await follow(user), socket = await join(user), stream = await follow(user);
	const newest = await follow(user);
	await oldest.closed('too_many_connections');
	checkRetry(oldest, LATE);
	await join(user);
	assert.equal((await socket.closed(4409)).code, 4409);
	await store.create(user);
	for (const one of [stream, newest])
		await one.expect('new_notification');

	const where = process.env.refusing;
	const other = newUser();
	const three = [await follow(other, { where }), await join(other, { where }), await follow(other, { where })];
	const fourth = await Stream.open(where, { token: tokenOf(other) });
	await fourth.closed('too_many_connections');
	checkRetry(fourth, LATE);
	await store.create(other);
	for (const one of three)
		await one.expect('new_notification');
}

// SIGTERM: each is told to go and when to come back, also one that was to be greeted; the program
// ends well, and soon, whatever a client reads.
export async function going_away() {
	const store = await Store.open();
	const streams = [];
	for (let i = 0; i < 30; i++)
		streams.push(await follow(newUser()));
	const user = newUser();
	const stuck = await follow(user);
	stuck.pause();
	for (let i = 0; i < 200; i++)
		await store.create(user, LARGE);
	const begin = Date.now();
	await shell('stop_well pushd');
	assert.ok(Date.now() - begin < 10_000);
	const times = new Set();
	for (const stream of streams) {
		await stream.closed('going_away');
		assert.ok(stream.retry < 30_000);
		times.add(stream.retry);
	}
	assert.ok(times.size > 5, 'all at the same time');
	stuck.resume();
	await stuck.ended();
	await shell('start_pushd');
	const again = await follow(user, { id: streams[0].lastEventId });
	checkRetry(again, SOON);
}

// Through lighttpd on $port: at once and unbuffered, to clients of both versions of HTTP.
export async function through_a_web_server() {
	const where = new URL(process.env.url).port;
	const store = await Store.open();
	const user = newUser();
	const streams = [await follow(user, { where }), await follow(user, { where, version: 'HTTP/1.0' })];
	const [{ epoch }] = streams[0].greeting;
	const begin = beginOf(streams[0]);
	for (let n = 1; n <= 3; n++) {
		await store.create(user, n === 2 ? LARGE : {});
		for (const stream of streams) {
			assert.equal((await stream.expect('new_notification')).seq, begin + n);
			assert.match(stream.answer.headers['content-type'], /^text\/event-stream/);
		}
	}
	const resumed = await follow(user, { where, id: `${epoch}:${begin + 1}` });
	assert.deepEqual(resumed.greeting.slice(1).map(({ seq }) => seq - begin), [2, 3, 3]);
	await denied(401, 'token_missing', { where, headers: { Connection: 'close' } });
	await (await Peer.open()).ask('disconnect', { user });
	for (const stream of [...streams, resumed])
		await stream.closed('disconnected');
	// a client that is gone is noticed through the web server, too
	const before = descriptors();
	const gone = await follow(user, { where });
	gone.destroy();
	await until('its descriptor is free again', async () => {
		await store.create(user);
		return descriptors() <= before;
	});
}

// How many a program has open.
function descriptors(name = 'pushd') {
	const pid = readFileSync(`${dir}/pids/${name}`, 'utf8').trim();
	return readdirSync(`/proc/${pid}/fd`).length;
}
