#!/usr/bin/env node
// RFC 6455 as a client sees it: what applies to a server, against tests/ws-echo.
//
// A case is the bytes that a client sends after the upgrade, and the frames that
// must come back until the server ends the connection. Where nothing is wrong
// the case ends with a close of ours, so that every case has an end and no
// time plays a part. Each is sent at once and then in pieces, octet by octet
// unless it is long. Every frame that the server sends is read strictly.
//
// Environment: top_builddir.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const LIMIT = 16 * 1024 * 1024;
const PATIENCE = 30_000; // ms after which a server that says nothing has failed
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const NAMES = { [TEXT]: 'text', [BINARY]: 'binary', [CLOSE]: 'close', [PING]: 'ping', [PONG]: 'pong' };

let count = 0;
let failures = 0;

function result(passed, name, details = []) {
	count++;
	if (!passed)
		failures++;
	console.log(`${passed ? 'ok' : 'not ok'} ${count} - ${name}`);
	for (const detail of passed ? [] : details)
		console.log(`# ${detail}`);
}

// Writing frames

function lengthBytes(length, form) {
	form ??= length > 65535 ? 64 : length > 125 ? 16 : 7;
	if (form === 7)
		return Buffer.from([length]);
	const bytes = Buffer.alloc(form === 16 ? 3 : 9);
	bytes[0] = form === 16 ? 126 : 127;
	if (form === 16)
		bytes.writeUInt16BE(length, 1);
	else
		bytes.writeBigUInt64BE(BigInt(length), 1);
	return bytes;
}

// A frame as a client sends it. Options: more (not final), rsv (0 to 7), mask (4 bytes, or
// false for none), form (bits of length), length (other than the payload's).
function frame(opcode, payload = '', options = {}) {
	const data = Buffer.from(payload);
	const mask = options.mask ?? randomBytes(4);
	const head = Buffer.concat([
		Buffer.from([(options.more ? 0 : 0x80) | (options.rsv ?? 0) << 4 | opcode]),
		lengthBytes(options.length ?? data.length, options.form),
	]);

	if (mask === false)
		return Buffer.concat([head, data]);
	head[1] |= 0x80;
	const masked = Buffer.alloc(data.length);
	for (let i = 0; i < data.length; i++)
		masked[i] = data[i] ^ mask[i & 3];
	return Buffer.concat([head, mask, masked]);
}

function closePayload(code, reason = '') {
	const payload = Buffer.alloc(2);
	payload.writeUInt16BE(code);
	return Buffer.concat([payload, Buffer.from(reason)]);
}

const close = (code = 1000, reason = '') => frame(CLOSE, closePayload(code, reason));

// A message in fragments of those payloads
function fragments(opcode, ...payloads) {
	return Buffer.concat(payloads.map((payload, i) =>
		frame(i ? 0 : opcode, payload, { more: i < payloads.length - 1 })));
}

// Reading frames, strictly

function readLength(bytes) {
	const short = bytes[1] & 0x7f;
	if (short < 126)
		return [short, 2];
	if (short === 126)
		return [bytes.readUInt16BE(2), 4];
	return [Number(bytes.readBigUInt64BE(2)), 10];
}

function readFrame(bytes) {
	const [length, start] = readLength(bytes);
	if ((bytes[0] & 0xf0) !== 0x80)
		throw new Error('a frame that is not final, or with a reserved bit');
	if (bytes[1] & 0x80)
		throw new Error('a masked frame');
	if (lengthBytes(length).length !== start - 1)
		throw new Error('a length that is not in its shortest form');
	if (bytes.length < start + length)
		throw new Error('a frame that is cut short');
	return { opcode: bytes[0] & 15, payload: bytes.subarray(start, start + length), size: start + length };
}

// One line a frame; the reason of a close is the server's own affair.
function describe({ opcode, payload }) {
	const name = NAMES[opcode] ?? `opcode ${opcode}`;
	if (opcode === CLOSE)
		return `close ${payload.length ? payload.readUInt16BE(0) : 'without a code'}`;
	if (payload.length > 60)
		return `${name} of ${payload.length}: ${createHash('sha256').update(payload).digest('hex')}`;
	return `${name} of ${payload.length}: ${payload.toString('latin1')}`;
}

function readFrames(bytes) {
	const lines = [];
	while (bytes.length > 0) {
		const read = readFrame(bytes);
		lines.push(describe(read));
		bytes = bytes.subarray(read.size);
	}
	return lines;
}

// Connections

function upgradeRequest(changes = {}) {
	const headers = {
		Host: 'localhost', Upgrade: 'websocket', Connection: 'Upgrade',
		'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13',
		...changes.headers,
	};
	const lines = Object.entries(headers).filter(([, value]) => value !== undefined)
		.map(([name, value]) => `${name}: ${value}\r\n`);
	return Buffer.from(`${changes.line ?? 'GET /echo HTTP/1.1'}\r\n${lines.join('')}\r\n`);
}

function inPieces(bytes) {
	const size = bytes.length <= 2048 ? 1 : bytes.length <= 200_000 ? 997 : 65521;
	const pieces = [];
	for (let at = 0; at < bytes.length; at += size)
		pieces.push(bytes.subarray(at, at + size));
	return pieces;
}

// What a write is worth once the server has ended the connection does not matter.
async function sendAll(socket, pieces) {
	for (const piece of pieces) {
		if (socket.destroyed || !socket.writable)
			return;
		await new Promise((resolve) => socket.write(piece, resolve));
		if (pieces.length > 1)
			await new Promise(setImmediate);
	}
}

// Sends pieces and gives all that came until the server ended the connection.
async function converse(port, pieces) {
	const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
	const received = [];
	let problem;

	socket.setNoDelay(true);
	socket.setTimeout(PATIENCE, () => socket.destroy(new Error('the server did not end the connection')));
	socket.on('data', (data) => received.push(data));
	socket.on('error', (error) => { problem = error; });
	const ended = new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
	await sendAll(socket, pieces);
	await ended;
	socket.destroy();
	if (problem && problem.code !== 'EPIPE')
		throw problem;
	return Buffer.concat(received);
}

function splitHead(bytes) {
	const end = bytes.indexOf('\r\n\r\n');
	if (end < 0)
		throw new Error(`no answer to the request, but ${bytes.length} bytes`);
	const [status, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
	const headers = new Map(lines.map((line) => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
	}));
	return { status, headers, rest: bytes.subarray(end + 4) };
}

async function transcript(port, pieces) {
	try {
		const { status, rest } = splitHead(await converse(port, pieces));
		return status.startsWith('HTTP/1.1 101 ') ? readFrames(rest) : [status];
	} catch (error) {
		return [`failed: ${error.message}`];
	}
}

async function check(port, name, bytes, expected) {
	const wanted = expected.map((line) => typeof line === 'string' ? line : describe(line));
	for (const [way, pieces] of [['', [bytes]], [', in pieces', inPieces(bytes)]]) {
		const got = await transcript(port, [upgradeRequest(), ...pieces]);
		result(got.join('\n') === wanted.join('\n'), name + way,
			['expected', ...wanted.map((line) => `  ${line}`), 'got', ...got.map((line) => `  ${line}`)]);
	}
}

// Cases. `good` ones end with our close, `bad` ones with a failure by the server.

const cases = [];
const echo = (opcode, payload = '') => ({ opcode, payload: Buffer.from(payload) });
const good = (name, sent, ...expected) =>
	cases.push([name, Buffer.concat([sent, close()]), [...expected, 'close 1000']]);
const bad = (name, sent, code, ...expected) =>
	cases.push([name, sent, [...expected, `close ${code}`]]);
const join = (...parts) => Buffer.concat(parts);
const hex = (string) => Buffer.from(string.replaceAll(' ', ''), 'hex');

function framing() {
	for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20, LIMIT]) {
		const text = 'a*'.repeat(size).slice(0, size);
		const bytes = size ? randomBytes(size) : '';
		good(`1 text of ${size}`, frame(TEXT, text), echo(TEXT, text));
		good(`1 binary of ${size}`, frame(BINARY, bytes), echo(BINARY, bytes));
	}
	good('1 a mask of zeros', frame(TEXT, 'plain', { mask: Buffer.alloc(4) }), echo(TEXT, 'plain'));
	good('1 a mask of ones', frame(TEXT, 'plain', { mask: Buffer.alloc(4, 255) }), echo(TEXT, 'plain'));
	for (const opcode of [TEXT, BINARY, PING, PONG, CLOSE])
		bad(`1 ${NAMES[opcode]} without a mask`, frame(opcode, '', { mask: false }), 1002);
	bad('1 125 bytes with 16 bits of length', frame(TEXT, 'a'.repeat(125), { form: 16 }), 1002);
	bad('1 0 bytes with 64 bits of length', frame(TEXT, '', { form: 64 }), 1002);
	bad('1 65535 bytes with 64 bits of length', frame(BINARY, Buffer.alloc(65535), { form: 64 }), 1002);
	bad('1 a length with its highest bit set', hex('82ff 8000000000000001 00000000'), 1002);
	good('1 a hundred messages at once',
		join(...Array.from({ length: 100 }, (_, i) => frame(TEXT, `message ${i}`))),
		...Array.from({ length: 100 }, (_, i) => echo(TEXT, `message ${i}`)));
}

function pings() {
	const longest = randomBytes(125);
	good('2 ping', frame(PING), echo(PONG));
	good('2 ping with text', frame(PING, 'Hello'), echo(PONG, 'Hello'));
	good('2 ping with bytes that are not UTF-8', frame(PING, hex('00fffefdfcfb00ff')), echo(PONG, hex('00fffefdfcfb00ff')));
	good('2 ping of 125 bytes', frame(PING, longest), echo(PONG, longest));
	bad('2 ping of 126 bytes', frame(PING, Buffer.alloc(126)), 1002);
	bad('2 pong of 126 bytes', frame(PONG, Buffer.alloc(126)), 1002);
	good('2 pongs that nobody asked for', join(frame(PONG), frame(PONG, 'unsolicited')));
	good('2 pong, then ping', join(frame(PONG, 'one'), frame(PING, 'two')), echo(PONG, 'two'));
	good('2 ten pings', join(...Array.from({ length: 10 }, (_, i) => frame(PING, `${i}`))),
		...Array.from({ length: 10 }, (_, i) => echo(PONG, `${i}`)));
}

function reserved() {
	for (let rsv = 1; rsv < 8; rsv++) {
		bad(`3 reserved bits ${rsv} in text`, frame(TEXT, 'Hello', { rsv }), 1002);
		bad(`3 reserved bits ${rsv} in a ping, behind a message`,
			join(frame(TEXT, 'Hello'), frame(PING, '', { rsv }), frame(PING)), 1002, echo(TEXT, 'Hello'));
		bad(`3 reserved bits ${rsv} in a close`, frame(CLOSE, '', { rsv }), 1002);
	}
	for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
		bad(`4 opcode ${opcode}`, frame(opcode), 1002);
		bad(`4 opcode ${opcode} with a payload, behind a message`,
			join(frame(TEXT, 'Hello'), frame(opcode, 'x'), frame(PING)), 1002, echo(TEXT, 'Hello'));
	}
}

function fragmentation() {
	const more = { more: true };
	good('5 text in two', fragments(TEXT, 'frag', 'ment'), echo(TEXT, 'fragment'));
	good('5 binary in three', fragments(BINARY, '\x00', 'a', '\x01'), echo(BINARY, '\x00a\x01'));
	good('5 empty fragments', fragments(TEXT, '', '', ''), echo(TEXT));
	good('5 an empty one at each end', fragments(TEXT, '', 'middle', ''), echo(TEXT, 'middle'));
	good('5 a thousand fragments', fragments(TEXT, ...Array(1000).fill('x')), echo(TEXT, 'x'.repeat(1000)));
	good('5 4 MiB in fragments of 64 KiB', fragments(BINARY, ...Array(64).fill(Buffer.alloc(65536, 7))),
		echo(BINARY, Buffer.alloc(1 << 22, 7)));
	good('5 pings between fragments', join(frame(TEXT, 'a', more), frame(PING, '1'),
		frame(0, 'b', more), frame(PING, '2'), frame(PONG), frame(0, 'c')),
	echo(PONG, '1'), echo(PONG, '2'), echo(TEXT, 'abc'));
	cases.push(['5 close between fragments', join(frame(TEXT, 'a', more), close(1000), frame(0, 'b')), ['close 1000']]);
	bad('5 ping in fragments', join(frame(PING, 'a', more), frame(0, 'b')), 1002);
	bad('5 pong in fragments', join(frame(PONG, 'a', more), frame(0, 'b')), 1002);
	bad('5 close in fragments', frame(CLOSE, closePayload(1000), more), 1002);
	bad('5 continuation of nothing', frame(0, 'x'), 1002);
	bad('5 continuation of nothing, not final', frame(0, 'x', more), 1002);
	bad('5 continuation of nothing, behind a message', join(frame(TEXT, 'a'), frame(0, 'b')), 1002, echo(TEXT, 'a'));
	bad('5 continuation behind fragments', join(fragments(TEXT, 'a', 'b'), frame(0, 'c')), 1002, echo(TEXT, 'ab'));
	bad('5 text inside text', join(frame(TEXT, 'a', more), frame(TEXT, 'b')), 1002);
	bad('5 text inside text, both in fragments', join(frame(TEXT, 'a', more), frame(TEXT, 'b', more), frame(0, 'c')), 1002);
	bad('5 binary inside text, behind a ping', join(frame(TEXT, 'a', more), frame(PING, 'p'), frame(BINARY, 'b')), 1002,
		echo(PONG, 'p'));
}

const VALID = [
	'Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!', '\u03ba\u1f79\u03c3\u03bc\u03b5', '\u0000', '\u007f',
	'\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufdd0', '\ufffd', '\ufffe', '\uffff', '\u{10000}', '\u{1f514}',
	'\u{1fffe}', '\u{10ffff}',
].map((text) => Buffer.from(text));

const INVALID = [
	['a lone continuation byte', '80'], ['the last of them', 'bf'], ['two of them', '80bf'],
	['all of them', Array.from({ length: 64 }, (_, i) => (0x80 + i).toString(16)).join('')],
	['a first byte and a space', 'c020'], ['two bytes cut short', 'c3'], ['three bytes cut short', 'e282'],
	['four bytes cut short', 'f09f94'], ['two bytes, then ASCII', 'c341'], ['three bytes, then ASCII', 'e28241'],
	['a slash in two bytes', 'c0af'], ['a slash in three', 'e080af'], ['a slash in four', 'f08080af'],
	['a slash in five', 'f8808080af'], ['a slash in six', 'fc80808080af'], ['7f in two bytes', 'c1bf'],
	['7ff in three bytes', 'e09fbf'], ['ffff in four bytes', 'f08fbfbf'], ['NUL in two bytes', 'c080'],
	['the first surrogate', 'eda080'], ['the last surrogate', 'edbfbf'], ['a pair of surrogates', 'eda0bdedb494'],
	['above 10ffff', 'f4908080'], ['five bytes', 'f888808080'], ['six bytes', 'fc8480808080'],
	['fe', 'fe'], ['ff', 'ff'], ['fe fe ff ff', 'fefeffff'],
];

function utf8() {
	const hello = Buffer.from('Hello ');
	for (const text of VALID) {
		good(`6 valid: ${text.toString('hex')}`, frame(TEXT, text), echo(TEXT, text));
		good(`6 valid, a fragment a byte: ${text.toString('hex')}`,
			fragments(TEXT, ...Array.from(text, (byte) => Buffer.from([byte]))), echo(TEXT, text));
	}
	for (const [name, string] of INVALID) {
		const text = join(hello, hex(string));
		bad(`6 invalid: ${name}`, frame(TEXT, text), 1007);
		bad(`6 invalid, a fragment a byte: ${name}`,
			fragments(TEXT, ...Array.from(text, (byte) => Buffer.from([byte]))), 1007);
		good(`6 any bytes in binary: ${name}`, frame(BINARY, text), echo(BINARY, text));
	}
	const wrong = join(hello, hex('f4908080'));
	bad('6 told by the fragment, though the message goes on', frame(TEXT, wrong, { more: true }), 1007);
	bad('6 told by the byte, though the frame goes on', frame(TEXT, wrong, { length: 1000 }), 1007);
	bad('6 told by the byte in a second fragment',
		join(frame(TEXT, hello, { more: true }), frame(0, hex('80'), { length: 9 })), 1007);
	bad('6 half a character at the end of fragments', fragments(TEXT, hex('e282'), ''), 1007);
	good('6 a ping inside a character', join(frame(TEXT, hex('e2'), { more: true }), frame(PING, hex('ff')),
		frame(0, hex('82ac'))), echo(PONG, hex('ff')), echo(TEXT, '\u20ac'));
}

function closing() {
	const ending = (name, sent, expected) => cases.push([`7 ${name}`, sent, expected]);
	ending('close without a code', frame(CLOSE), ['close without a code']);
	ending('close with the longest reason', close(1000, 'r'.repeat(123)), ['close 1000']);
	ending('close with a reason beyond ASCII', close(1000, 'b\u00fcsc\u00fc\u00e7'), ['close 1000']);
	ending('nothing is answered behind a close', join(close(), frame(TEXT, 'late'), frame(PING), close(1001)), ['close 1000']);
	ending('messages before a close are', join(frame(TEXT, 'one'), frame(BINARY, 'two'), close()),
		[echo(TEXT, 'one'), echo(BINARY, 'two'), 'close 1000']);
	ending('what is wrong behind a close is not judged', join(close(), hex('ffffffffffff')), ['close 1000']);
	bad('7 close with one byte', frame(CLOSE, 'x'), 1002);
	bad('7 close of 126 bytes', frame(CLOSE, closePayload(1000, 'r'.repeat(124))), 1002);
	bad('7 close with a reason that is not UTF-8', frame(CLOSE, closePayload(1000, hex('cebae1bdb9cf83cebcceb5eda080'))), 1007);
	bad('7 close with half a character', frame(CLOSE, closePayload(1000, hex('e282'))), 1007);
	for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4401, 4999])
		ending(`close ${code}`, close(code), [`close ${code}`]);
	for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535])
		bad(`7 close ${code}`, close(code), 1002);
}

function limits() {
	bad('8 one byte above the limit, by its header alone', frame(BINARY, '', { length: LIMIT + 1, form: 64 }), 1009);
	bad('8 2^63 - 1 bytes, by the length alone', hex('82ff 7fffffffffffffff'), 1009);
	bad('8 text above the limit, behind a message', join(frame(TEXT, 'a'), frame(TEXT, '', { length: 2 ** 32, form: 64 })),
		1009, echo(TEXT, 'a'));
	bad('8 fragments that together are above', join(frame(BINARY, Buffer.alloc(1 << 20), { more: true }),
		frame(0, '', { length: LIMIT - (1 << 20) + 1, form: 64 })), 1009);
	good('8 fragments that together are as much', fragments(BINARY, Buffer.alloc(1 << 20, 1), Buffer.alloc(LIMIT - (1 << 20), 1)),
		echo(BINARY, Buffer.alloc(LIMIT, 1)));
}

// The handshake

async function checkAnswer(port, name, request, expectedStatus, expectedHeaders = {}) {
	for (const [way, pieces] of [['', [request]], [', in pieces', inPieces(request)]]) {
		let answer, problem = '';
		try {
			answer = splitHead(await converse(port, pieces));
		} catch (error) {
			problem = error.message;
		}
		const status = Number(answer?.status.split(' ')[1]);
		const wrong = Object.entries(expectedHeaders)
			.filter(([header, value]) => answer?.headers.get(header) !== value)
			.map(([header, value]) => `${header} is ${answer?.headers.get(header)}, not ${value}`);
		result(!problem && status === expectedStatus && !wrong.length, `9 ${name}: ${expectedStatus}${way}`,
			[problem, `status ${status}`, ...wrong]);
	}
}

const UPGRADED = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
	'sec-websocket-extensions': undefined };
const REFUSED = { connection: 'close', 'content-type': 'application/json' };

async function acceptedHandshakes(port) {
	const accepted = (name, headers, expected = {}) => checkAnswer(port, name,
		join(upgradeRequest({ headers }), close()), 101, { ...UPGRADED, ...expected });
	await accepted('the example of the RFC', {});
	await accepted('names in another case', { Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' });
	await accepted('no subprotocol', {}, { 'sec-websocket-protocol': undefined });
	await accepted('a subprotocol that is known', { 'Sec-WebSocket-Protocol': 'chat, tidings.v1' },
		{ 'sec-websocket-protocol': 'tidings.v1' });
	await accepted('one that is not', { 'Sec-WebSocket-Protocol': 'chat' }, { 'sec-websocket-protocol': undefined });
	await accepted('an extension is not taken up', { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' });
	const key = randomBytes(16).toString('base64');
	await accepted('a key of our own', { 'Sec-WebSocket-Key': key },
		{ 'sec-websocket-accept': createHash('sha1').update(key + GUID).digest('base64') });
	const { rest } = splitHead(await converse(port, [join(upgradeRequest(), frame(TEXT, 'early'), close())]));
	result(readFrames(rest).join() === `${describe(echo(TEXT, 'early'))},close 1000`,
		'9 frames that came with the request are not lost');
}

async function refusedHandshakes(port) {
	const refused = (name, change, status = 400, headers = REFUSED) =>
		checkAnswer(port, name, upgradeRequest(change), status, headers);
	await refused('no upgrade asked for', { headers: { Upgrade: undefined, Connection: undefined } }, 426, { upgrade: 'websocket' });
	await refused('another protocol', { headers: { Upgrade: 'h2c' } }, 426, { upgrade: 'websocket' });
	await refused('no Connection', { headers: { Connection: undefined } });
	await refused('Connection: close', { headers: { Connection: 'close' } });
	await refused('POST', { line: 'POST /echo HTTP/1.1' }, 405, { allow: 'GET' });
	await refused('HTTP/1.0', { line: 'GET /echo HTTP/1.0' });
	await refused('HTTP/3.0', { line: 'GET /echo HTTP/3.0' }, 505);
	await refused('no method', { line: '/echo HTTP/1.1' });
	await refused('a URL for a target', { line: 'GET ws://localhost/echo HTTP/1.1' });
	await refused('no Host', { headers: { Host: undefined } });
	await refused('no key', { headers: { 'Sec-WebSocket-Key': undefined } });
	await refused('a key of 15 bytes', { headers: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' } });
	await refused('a key that is not base64', { headers: { 'Sec-WebSocket-Key': '!GhlIHNhbXBsZSBub25jZQ==' } });
	await refused('no version', { headers: { 'Sec-WebSocket-Version': undefined } }, 426, { 'sec-websocket-version': '13' });
	await refused('version 8', { headers: { 'Sec-WebSocket-Version': '8' } }, 426, { 'sec-websocket-version': '13' });
	await refused('a body', { headers: { 'Content-Length': '5' } });
	await refused('a chunked body', { headers: { 'Transfer-Encoding': 'chunked' } });
	await refused('a second Host', { headers: { HOST: 'localhost' } });
	await refused('a space before a colon', { headers: { 'X-Odd ': 'x' } });
	await refused('a folded line', { headers: { 'X-Odd': 'x\r\n y' } });
	await refused('a bare LF', { headers: { 'X-Odd': 'x\ny' } });
	await refused('a NUL', { headers: { 'X-Odd': 'x\0y' } });
	await refused('a head above 16 KiB', { headers: { 'X-Long': 'x'.repeat(17000) } }, 431);
	await refused('a hundred and one headers',
		{ headers: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`X-${i}`, 'x'])) }, 431);
}

// Many at a time, and those that go away

async function crowd(port) {
	const text = randomBytes(3000).toString('hex');
	const sent = [upgradeRequest(), ...inPieces(join(frame(TEXT, text), close()))];
	const got = await Promise.all(Array.from({ length: 200 }, () => transcript(port, sent)));
	const expected = `${describe(echo(TEXT, text))}\nclose 1000`;
	const wrong = got.filter((lines) => lines.join('\n') !== expected).length;
	result(wrong === 0, '10 two hundred connections at a time', [`${wrong} went wrong`]);
}

async function desert(port) {
	const unfinished = [[], ['GET / HT'], [upgradeRequest()], [upgradeRequest(), frame(TEXT, 'x', { length: 5000 })],
		[upgradeRequest(), frame(TEXT, 'x', { more: true })], [upgradeRequest(), Buffer.from([0x81])]];
	for (const pieces of [...unfinished, ...unfinished]) {
		const socket = net.connect({ port, host: '127.0.0.1' });
		await once(socket, 'connect');
		await sendAll(socket, pieces);
		socket.resetAndDestroy();
		await once(socket, 'close');
	}
	const got = await transcript(port, [upgradeRequest(), frame(TEXT, 'still here'), close()]);
	result(got.join() === `${describe(echo(TEXT, 'still here'))},close 1000`,
		'10 clients that vanish in the middle disturb nobody', got);
}

async function startServer() {
	const program = `${process.env.top_builddir ?? '.'}/tests/ws-echo`;
	const child = spawn(program, ['0'], { stdio: ['ignore', 'pipe', 'inherit'] });
	const exited = once(child, 'exit');
	const first = await Promise.race([once(child.stdout, 'data'), exited.then(() => { throw new Error('ws-echo ended'); })]);
	return { child, exited, port: Number(first[0]) };
}

const server = await startServer();
try {
	for (const group of [framing, pings, reserved, fragmentation, utf8, closing, limits])
		group();
	for (const [name, bytes, expected] of cases)
		await check(server.port, name, bytes, expected);
	await acceptedHandshakes(server.port);
	await refusedHandshakes(server.port);
	await crowd(server.port);
	await desert(server.port);
} finally {
	server.child.kill('SIGTERM');
}
const [status, signal] = await server.exited;
result(status === 0, '11 the server ends in order', [`status ${status}, signal ${signal}`]);
console.log(`1..${count}`);
process.exitCode = failures ? 1 : 0;
