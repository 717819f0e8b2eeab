// All that REST promises, as tables of requests and answers: each request with each right, each
// error, each header. They are put through every web server, so they hold what can get lost on
// the way; rest*.bats goes further into what the programs do.

import assert from 'node:assert/strict';
import http from 'node:http';

import { join, mint, newUser, seconds, shell, tokenOf } from './setting.mjs';

const { url, site, publisher_token, publisher_key } = process.env;
const BASE = '/api/notifications';
const NO_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MAX_BODY = 65536, MAX_BATCH = 4194304;
const ALLOWED = 'Authorization, Content-Type, Idempotency-Key, If-None-Match';
const EXPOSED = 'ETag, Location, Retry-After, Idempotent-Replayed';

// A row is [who, request, what is sent, status, answer, more].
//
// What is sent is null, bytes, or an object to become JSON. The answer is the code of an error,
// or what the JSON holds: an object at least these members (undefined: not this one), an array
// just these items, a pattern such a text, a function what it finds true. More may have `send`
// and `headers`: headers that are sent and answered beside the usual, with undefined and
// patterns, too.
//
// In texts $id is the notification that was created last; $etag and $cursor came last.

const note = (userId, members) => ({ userId, type: 'info', title: 'T', message: 'M', ...members });
const toAll = (members) => ({ type: 'info', title: 'T', message: 'M', ...members });
const padded = (value, bytes) => JSON.stringify(value).padEnd(bytes);
const counts = (unreadCount, unseenCount, seq) => ({ unreadCount, unseenCount, seq });
const titles = (list) => (notifications) => notifications.map(({ title }) => title).join() === list;
const wrong = (field) => ({ code: 'invalid_request', details: [{ field, problem: /./ }] });
const accept = (type) => ({ send: { 'Content-Type': type } });
const keyed = (key, headers) => ({ send: { 'Idempotency-Key': key }, headers });
const known = (etag, headers) => ({ send: { 'If-None-Match': etag, 'Accept-Encoding': 'gzip' }, headers });
const allow = (methods) => ({ headers: { allow: methods } });

// First, for it knows that there was no broadcast yet.
const changing = (user) => [
	['user', 'GET /', null, 200, { notifications: [], total: 0, ...counts(0, 0, 0), nextCursor: undefined }],
	['publisher', 'POST /', note(user), 201, { notification: { id: UUID } }, { headers: { 'cache-control': 'no-store' } }],
	['user', 'GET /unread-count', null, 200, counts(1, 1, 1), { headers: { 'cache-control': 'no-store' } }],
	['user', 'POST /seen', null, 200, counts(1, 0, 2)],
	['user', 'PATCH /$id/read', null, 200, { notification: { read: true, readAt: TIME }, ...counts(0, 0, 3) }],
	['user', 'PATCH /$id/read', {}, 200, { notification: { read: true, readAt: TIME }, ...counts(0, 0, 3) }],
	['user', 'PATCH /$id/unread', null, 200, { notification: { read: false, readAt: undefined }, ...counts(1, 0, 4) }],
	['user', 'POST /read-all', null, 200, { count: 1, message: /./, ...counts(0, 0, 5) }],
	['user', 'DELETE /?read=true', null, 200, { count: 1, message: /./, ...counts(0, 0, 6) }],
	['user', 'GET /$id', null, 404, 'not_found'],
	['publisher', 'POST /', note(user), 201, {}],
	['user', 'DELETE /$id', null, 200, { message: /./, ...counts(0, 0, 8) }],
	['publisher', 'POST /', note(user), 201, {}],
	...['', '?all=false', '?all=', '?all=true&read=true', '?everything=true'].map((query) =>
		['user', `DELETE /${query}`, null, 400, 'invalid_request']),
	['user', 'DELETE', null, 400, 'invalid_request'],
	['user', 'DELETE /?all=true', { a: 1 }, 400, 'invalid_request'],
	['user', 'DELETE /?all=true', null, 200, { count: 1, message: /./, ...counts(0, 0, 10) }],
	...['GET /$id', 'PATCH /$id/read', 'PATCH /$id/unread', 'DELETE /$id'].map((request) =>
		['user', request, null, 404, 'not_found']),
];

const FULL = {
	type: 'success', title: 'ä'.repeat(200), message: '日'.repeat(1000), link: '/orders/7?a=b', category: 'orders',
	data: { order: 7, text: '😀"\\' }, expiresAt: '2199-01-01T00:00:00.000Z',
};

const creating = (user) => [
	['publisher', 'POST /', note(user, FULL), 201, { notification: { userId: user, read: false, createdAt: TIME,
		readAt: undefined, broadcast: undefined, ...FULL } }, { headers: { 'cache-control': 'no-store' } }],
	['user', 'GET /$id', null, 200, { notification: { id: '$id', ...FULL } }],
	...['key', 'writer', 'admin'].map((who) => [who, 'POST /', note(user), 201, {}]),
	['publisher', 'POST', note(user), 201, {}],
	['publisher', 'POST /', note(user), 201, {}, { send: { 'Transfer-Encoding': 'chunked' } }],
	['publisher', 'POST /', note(user), 201, {}, accept('Application/JSON; charset="UTF-8"')],
	['user', 'POST /', note(user), 403, 'forbidden', { headers: { 'www-authenticate': /insufficient_scope/ } }],
	...Object.entries({ userId: '', type: 'alert', title: 'x'.repeat(201), message: ['M'], link: 'javascript:alert(1)',
		data: { x: 'x'.repeat(4096) }, category: 'Orders', expiresAt: '2001-01-01T00:00:00Z', colour: 'red' }).map(
		([field, value]) => ['publisher', 'POST /', note(user, { [field]: value }), 400, wrong(field)]),
	...[' ', '{', '[]', '{} {}', Buffer.from('{"userId":"u","type":"info","title":"\xff","message":"M"}', 'latin1')].map(
		(text) => ['publisher', 'POST /', text, 400, 'invalid_request']),
	['publisher', 'POST /?a=b', note(user), 400, 'invalid_request'],
	...['text/plain', 'application/x-www-form-urlencoded', undefined].map((type) =>
		['publisher', 'POST /', note(user), 415, 'unsupported_media_type', accept(type)]),
	['publisher', 'POST /', padded(note(user), MAX_BODY), 201, {}],
	...[{}, { 'Transfer-Encoding': 'chunked' }].flatMap((send) => [
		['publisher', 'POST /', padded(note(user), MAX_BODY + 1), 413, 'too_large', { send }],
		['publisher', 'POST /batch', ' '.repeat(MAX_BATCH + 1), 413, 'too_large', { send }],
	]),
	['user', 'GET /', null, 200, { total: 8 }],
	['publisher', 'POST /batch', { notifications: [note(user, { title: 'A' }), note(`${user}-2`, { title: 'B' })] }, 201,
		{ notifications: titles('A,B'), count: 2 }, { headers: { location: undefined } }],
	['publisher', 'POST /batch', { notifications: [note(user), note(user, { title: '' })] }, 400,
		wrong('notifications[1].title')],
	['publisher', 'POST /batch', { notifications: [] }, 400, wrong('notifications')],
	['publisher', 'POST /batch', { notifications: Array(1001).fill(note(user)) }, 400, wrong('notifications')],
	['publisher', 'POST /batch', padded({ notifications: Array(1000).fill(note(user, { data: { x: 'x'.repeat(4050) } })) },
		MAX_BATCH), 201, { count: 1000 }],
	['user', 'POST /batch', {}, 403, 'forbidden'],
];

const repeating = (user) => [
	['publisher', 'POST /', note(user), 201, {}, keyed(`${user} +/~`, { 'idempotent-replayed': undefined })],
	['publisher', 'POST /', note(user), 201, { notification: { id: '$id' } },
		keyed(`${user} +/~`, { 'idempotent-replayed': 'true' })],
	['publisher', 'POST /', note(user, { title: 'Other' }), 409, 'idempotency_conflict', keyed(`${user} +/~`)],
	['admin', 'POST /', note(user), 201, {}, keyed(`${user} +/~`, { 'idempotent-replayed': undefined })],
	['publisher', 'POST /', note(user), 400, wrong('Idempotency-Key'), keyed('k'.repeat(256))],
	['publisher', 'POST /', note(user), 201, {}, keyed('k'.repeat(255))],
	['user', 'GET /', null, 200, { total: 3 }],
];

const listing = (user) => [
	...['A', 'B', 'C'].map((title) =>
		['publisher', 'POST /', note(user, { title, category: title.toLowerCase() }), 201, {}]),
	['user', 'PATCH /$id/read', null, 200, {}],
	['user', 'GET /', null, 200, { notifications: titles('C,B,A'), total: 3, nextCursor: undefined },
		{ headers: { 'cache-control': 'private, no-cache', etag: /^"/ } }],
	['user', 'GET', null, 200, { total: 3 }],
	['user', 'GET ?limit=2', null, 200, { notifications: titles('C,B'), total: 3, nextCursor: UUID }],
	['user', 'GET /?limit=2&cursor=$cursor', null, 200, { notifications: titles('A'), nextCursor: undefined }],
	['user', 'GET /?limit=1&offset=1', null, 200, { notifications: titles('B') }],
	['user', 'GET /?unread=true', null, 200, { notifications: titles('B,A') }],
	['user', 'GET /?type=info&category=c', null, 200, { notifications: titles('C') }],
	['user', 'GET /?type=error', null, 200, { notifications: [] }],
	['user', 'GET /?category=%62', null, 200, { notifications: titles('B') }],
	...['limit=0', 'limit=101', 'offset=10001', 'cursor=x', 'unread=yes', 'type=', 'category=A%20b', 'x=1'].map((query) =>
		['user', `GET /?${query}`, null, 400, wrong(query.split('=')[0])]),
	['user', 'GET /', null, 200, {}],
	...['$etag', 'W/$etag', '"x", $etag', '*'].map((etag) =>
		['user', 'GET /', null, 304, undefined, known(etag, { etag: '$etag', 'content-encoding': undefined })]),
	['user', 'HEAD /', null, 304, undefined, known('$etag')],
	['user', 'HEAD /', null, 200, undefined, { headers: { etag: '$etag', 'content-type': 'application/json' } }],
	['user', 'GET /', null, 200, { total: 3 }, known('"x"', { etag: '$etag' })],
	['other', 'GET /', null, 200, { total: 0 }, known('$etag')],
	['user', 'HEAD /unread-count', null, 200],
	['user', `HEAD /${NO_ID}`, null, 404],
	['other', 'GET /$id', null, 404, 'not_found'],
	['other', 'PATCH /$id/unread', null, 404, 'not_found'],
	['other', 'DELETE /$id', null, 404, 'not_found'],
];

// Names of users and ids in paths, with what a web server may take for something else.
const ODD = ['a/b +ü%', '/', 'a?b#c&d=e', '..%2F', 'x//y/', 'https://id.example/7', 'auth0|z;=@:'];

const addresses = (user) => [
	['publisher', 'POST /', note(user), 201, {}],
	...['GET /x', 'GET /%C3%A4', 'GET /$id/', 'GET /$id/x', 'GET /unread-count/', 'GET /users', 'GET /broadcast/x',
		'DELETE /users/a/b', `DELETE /users/x%2F..%2F${user}/notifications/$id`].map((request) =>
		['admin', request, null, 404, 'not_found']),
	['user', `GET /${NO_ID.toUpperCase()}`, null, 404, 'not_found'],
	['user', 'GET /$id', null, 200, {}],
	['user', 'PUT /', null, 405, 'method_not_allowed', allow('GET, HEAD, POST, DELETE, OPTIONS')],
	['user', 'PATCH /unread-count', null, 405, 'method_not_allowed', allow('GET, HEAD, OPTIONS')],
	['user', 'GET /read-all', null, 405, 'method_not_allowed', allow('POST, OPTIONS')],
	['user', 'DELETE /seen', null, 405, 'method_not_allowed', allow('POST, OPTIONS')],
	['user', 'POST /$id', null, 405, 'method_not_allowed', allow('GET, HEAD, DELETE, OPTIONS')],
	['user', 'GET /$id/read', null, 405, 'method_not_allowed', allow('PATCH, OPTIONS')],
	['user', 'GET /batch', null, 405, 'method_not_allowed', allow('POST, OPTIONS')],
	['user', 'GET /users/u%2Fv', null, 405, 'method_not_allowed', allow('DELETE, OPTIONS')],
	...ODD.map((name) => `${user}${name}`).flatMap((name) => [
		['publisher', 'POST /', note(name), 201, { notification: { userId: name } }],
		['publisher', `DELETE /users/${encodeURIComponent(name)}/notifications/$id`, null, 200, { message: /./ }],
		['admin', `DELETE /users/${encodeURIComponent(name)}`, null, 200, { message: /./ }],
	]),
	['admin', `DELETE /users/${'u'.repeat(256)}`, null, 400, wrong('userId')],
];

const tokens = (user) => [
	['admin', 'POST /disconnect', { userId: 'revoked', revoke: true }, 200, { count: 0 }],
	...['GET /', 'GET /unread-count', `GET /${NO_ID}`, `PATCH /${NO_ID}/read`, `PATCH /${NO_ID}/unread`, 'POST /read-all',
		'POST /seen', `DELETE /${NO_ID}`, 'DELETE /?all=true', 'POST /', 'POST /batch', 'POST /broadcast',
		`DELETE /broadcast/${NO_ID}`, `DELETE /users/${user}/notifications/${NO_ID}`, `DELETE /users/${user}`,
		'GET /stats', 'POST /disconnect'].map((request) =>
		['nobody', request, null, 401, 'token_missing', { headers: { 'www-authenticate': 'Bearer realm="tidings"' } }]),
	...['malformed', 'algorithm', 'signature', 'expired', 'not_yet', 'claims', 'revoked'].map((code) =>
		[code, 'GET /', null, 401, `token_${code}`, { headers: {
			'www-authenticate': `Bearer realm="tidings", error="invalid_token", error_description="token_${code}"` } }]),
	['nobody', 'GET /', null, 401, 'token_missing', { send: { Authorization: 'Basic dTpw' } }],
	['key', 'GET /', null, 403, 'forbidden'],
	['nobody', 'GET /x', null, 404, 'not_found'],
];

// A cookie counts for pages of this site; which one that is, the web server says.
const origins = (user) => {
	const Cookie = `a=1; session=${tokenOf(user)}`;
	const preflight = { Origin: site, 'Access-Control-Request-Method': 'PATCH',
		'Access-Control-Request-Headers': 'authorization' };
	const evil = 'https://evil.example';
	return [
		['nobody', 'GET /', null, 200, {}, { send: { Cookie, Origin: site } }],
		['nobody', 'GET /', null, 200, {}, { send: { Cookie, 'Sec-Fetch-Site': 'same-origin' } }],
		['nobody', 'POST /seen', null, 200, {}, { send: { Cookie, Origin: site } }],
		['nobody', 'POST /seen', null, 401, 'token_missing', { send: { Cookie } }],
		['nobody', 'POST /seen', null, 401, 'token_missing', { send: { Cookie, Origin: evil } }],
		['nobody', 'GET /', null, 401, 'token_missing', { send: { Cookie: 'session=x', Origin: site } }],
		...['GET /', 'GET /x'].map((request) => ['user', request, null, request === 'GET /' ? 200 : 404, {},
			{ send: { Origin: site }, headers: { 'access-control-allow-origin': site,
				'access-control-allow-credentials': 'true', 'access-control-expose-headers': EXPOSED } }]),
		['user', 'GET /', null, 200, {}, { send: { Origin: evil }, headers: { 'access-control-allow-origin': undefined } }],
		['nobody', `OPTIONS /${NO_ID}/read`, null, 204, undefined, { send: preflight, headers: { allow: 'PATCH, OPTIONS',
			'access-control-allow-origin': site, 'access-control-allow-methods': 'PATCH, OPTIONS',
			'access-control-allow-headers': ALLOWED } }],
		['nobody', 'OPTIONS /', null, 403, 'forbidden', { send: { ...preflight, Origin: evil } }],
	];
};

const taking_back = (user) => [
	['user', 'GET /', null, 200, { total: 0 }],
	['publisher', 'POST /broadcast', toAll({ title: 'All' }), 201,
		{ notification: { broadcast: true, userId: undefined, title: 'All' } }, { headers: { 'cache-control': 'no-store' } }],
	['user', 'GET /', null, 200, { notifications: titles('All'), unreadCount: 1 }],
	['user', 'PATCH /$id/read', null, 200, { unreadCount: 0 }],
	['publisher', `DELETE /users/${user}/notifications/$id`, null, 404, 'not_found'],
	['user', 'DELETE /broadcast/$id', null, 403, 'forbidden'],
	['publisher', 'DELETE /broadcast/$id', null, 200, { message: /./ }],
	['publisher', 'DELETE /broadcast/$id', null, 404, 'not_found'],
	['user', 'GET /', null, 200, { total: 0 }],
	['publisher', 'POST /broadcast', note(user), 400, wrong('userId')],
	['user', 'POST /broadcast', toAll(), 403, 'forbidden'],
	['publisher', 'POST /', note(user), 201, {}],
	['user', `DELETE /users/${user}/notifications/$id`, null, 403, 'forbidden'],
	['publisher', `DELETE /users/${user}/notifications/$id`, null, 200, { message: /./ }],
	['publisher', `DELETE /users/${user}/notifications/$id`, null, 404, 'not_found'],
	['publisher', 'POST /', note(user), 201, {}],
	['publisher', `DELETE /users/${user}`, null, 403, 'forbidden'],
	['admin', `DELETE /users/${user}`, null, 200, { message: /./ }],
	['user', 'GET /', null, 200, { total: 0, unreadCount: 0, unseenCount: 0 }],
];

const administering = (user) => [
	['nobody', 'GET /healthz', null, 200, { status: 'ok' }],
	['nobody', 'HEAD /healthz', null, 200],
	['admin', 'GET /stats', null, 200, { version: /./, push: { uptime: /^\d+/ }, store: { uptime: /^\d+/ } },
		{ headers: { 'cache-control': 'no-store' } }],
	['publisher', 'GET /stats', null, 403, 'forbidden'],
	['admin', 'POST /disconnect', { userId: user }, 200, { count: 1 }],
	['publisher', 'POST /disconnect', { userId: user }, 403, 'forbidden'],
	['admin', 'POST /disconnect', { userId: user, revoke: 1 }, 400, wrong('revoke')],
	['admin', 'POST /disconnect', { userId: user, revoke: true }, 200, { count: 0 }],
	['user', 'GET /', null, 401, 'token_revoked'],
];

const without_store = () => [
	['user', 'GET /', null, 503, 'unavailable', { headers: { 'retry-after': /^\d+$/, 'cache-control': 'no-store' } }],
	['nobody', 'GET /healthz', null, 503, 'unavailable', { headers: { 'retry-after': /^\d+$/ } }],
];

const without_space = (user) => [
	['publisher', 'POST /', note(user), 507, 'storage_full'],
	['user', 'GET /', null, 200, { total: 0 }],
];

// What the web servers in this order answer, by themselves or as we do: tidings-webserver(7) says so.
const SERVERS = ['nginx', 'apache', 'lighttpd'];
const LONG = 'a'.repeat(9000);
const by_server = [
	['GET /%00', {}, ['own 400', 'own 404', 'own 400']],
	['GET /%FF', {}, ['our 404', 'our 404', 'own 400']],
	['GET /a%0Ab', {}, ['our 404', 'our 404', 'own 400']],
	['GET /%zz', {}, ['own 400', 'own 400', 'our 404']],
	['GET /', { Authorization: ['Bearer x', 'Basic eA=='] }, ['own 400', 'our 401', 'our 401']],
	['GET /', { Authorization: `Bearer ${LONG}` }, ['own 400', 'own 400', 'own 431']],
	[`GET /?cursor=${LONG}`, {}, ['own 414', 'own 414', 'own 431']],
	['FOO /', {}, ['our 405', 'our 405', 'own 501']],
];

function tokensOf(user) {
	const sub = user, exp = seconds() + 60, past = seconds() - 60;
	return {
		user: tokenOf(user), other: tokenOf(newUser()), nobody: undefined,
		publisher: publisher_token, key: publisher_key,
		writer: mint({ sub: 'writer', exp, scope: 'x notifications:write' }),
		admin: mint({ sub: 'admin', exp, role: 'admin' }),
		malformed: 'x.y', algorithm: mint({ sub, exp }, { alg: 'none' }),
		signature: mint({ sub, exp }, undefined, 'another secret, also of 32 bytes or more'),
		expired: mint({ sub, exp: past }), not_yet: mint({ sub, exp: exp + 600, nbf: exp }),
		claims: mint({ exp }), revoked: mint({ sub: 'revoked', exp }),
	};
}

const agent = new http.Agent({ keepAlive: true });

// Resolves with { status, headers, text } of the answer.
function ask(method, path, headers, body) {
	const { hostname, port } = new URL(url);
	return new Promise((resolve, reject) => {
		const options = { agent, hostname, port, method, path: BASE + path, headers };
		const request = http.request(options, async (answer) => {
			const text = (await answer.setEncoding('utf8').toArray()).join('');
			resolve({ status: answer.statusCode, headers: answer.headers, text });
		});
		request.on('error', reject);
		request.end(body);
	});
}

// What is there is at least what is wanted.
function expect(there, wanted, what) {
	if (wanted instanceof RegExp)
		return assert.match(String(there), wanted, `${what}: ${there}`);
	if (typeof wanted === 'function')
		return assert.ok(wanted(there), `${what}: ${JSON.stringify(there)}`);
	if (Object(wanted) !== wanted)
		return assert.equal(there, wanted, what);
	if (Array.isArray(wanted))
		assert.equal(there?.length, wanted.length, what);
	for (const [name, value] of Object.entries(wanted))
		expect(there?.[name], value, `${what}.${name}`);
}

// What every answer has, beside what its row says. Returns its JSON.
function expectUsual({ status, headers, text }, method, what) {
	const empty = method === 'HEAD' || status === 204 || status === 304;
	expect(headers, { 'x-content-type-options': 'nosniff', vary: /^Authorization, ?Cookie, ?Origin$/ }, what);
	assert.equal(text === '', empty, what);
	if (empty)
		return {};
	assert.equal(headers['content-type'], 'application/json', what);
	const answer = JSON.parse(text);
	if (status >= 400)
		expect(answer, { error: /\w/, code: /^\w+$/ }, what);
	if (status === 201 && answer.notification)
		assert.equal(headers.location, `${BASE}/${answer.notification.id}`, what);
	return answer;
}

// With $name in texts replaced by what last[name] is.
function fill(value, last) {
	if (typeof value === 'string')
		return value.replace(/\$(id|etag|cursor)\b/g, (_, name) => last[name]);
	if (Array.isArray(value))
		return value.map((item) => fill(item, last));
	if (value?.constructor === Object)
		return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item, last)]));
	return value;
}

function headersOf(token, body, chosen = {}) {
	const headers = {
		...(token && { Authorization: `Bearer ${token}` }),
		...(body && { 'Content-Type': 'application/json' }),
		...(!chosen['Transfer-Encoding'] && { 'Content-Length': Buffer.byteLength(body) }),
		...chosen,
	};
	return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

// Puts these requests, one after another, for a user who has nothing yet.
async function put(table, user = newUser()) {
	const tokens = tokensOf(user);
	const last = {};
	for (const row of table(user)) {
		const [who, request, sent, status, wanted = {}, more = {}] = fill(row, last);
		const [method, path = ''] = request.split(' ');
		const body = sent?.constructor === Object ? JSON.stringify(sent) : sent ?? '';
		const got = await ask(method, path, headersOf(tokens[who], body, more.send), body);
		const what = `${table.name}: ${who} ${request.slice(0, 100)} ${JSON.stringify(more.send ?? {})}`;
		assert.equal(got.status, status, `${what}: ${got.text}`);
		const answer = expectUsual(got, method, what);
		expect(answer, typeof wanted === 'string' ? { code: wanted } : wanted, what);
		expect(got.headers, more.headers ?? {}, what);
		if (status === 201 && answer.notification)
			last.id = answer.notification.id;
		last.etag = got.headers.etag ?? last.etag;
		last.cursor = answer.nextCursor ?? last.cursor;
	}
}

export async function rest() {
	for (const table of [changing, creating, repeating, listing, addresses, tokens, origins, taking_back])
		await put(table);
	const user = newUser();
	const socket = await join(user, { where: new URL(url).port });
	await put(administering, user);
	await socket.closed(4403);
	await shell('stop_program stored');
	await put(without_store);
	await shell('with_reserve 1024G');
	await put(without_space);
	await shell('with_reserve 1M');
}

// A request that is none gets its answer, whoever gives it, and the next one ours.
export async function malformed() {
	const Authorization = `Bearer ${tokenOf(newUser())}`;
	for (const [request, headers, answers] of by_server) {
		const [method, path] = request.split(' ');
		const answer = await ask(method, path, { Authorization, ...headers });
		const whose = answer.headers['content-type'] === 'application/json' ? 'our' : 'own';
		const wanted = answers[SERVERS.indexOf(process.env.server)];
		assert.equal(`${whose} ${answer.status}`, wanted, request.slice(0, 20));
		assert.equal((await ask('GET', '/', { Authorization })).status, 200);
	}
}
