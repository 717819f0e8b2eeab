// A WebSocket client over which the tests have every byte: it writes frames that no proper
// client would, and reads strictly what the server sends. Nothing waits without a deadline.

import { createHash, randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import net from 'node:net';

import { recorder } from './record.mjs';

export const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
export const PATIENCE = 20_000; // ms
export const BASE = '/api/notifications/ws';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// A frame. Options: more (not final), rsv (0 to 7), mask (false for none), length (of another
// payload than this).
export function frame(opcode, payload = '', options = {}) {
	const data = Buffer.from(payload);
	const length = options.length ?? data.length;
	const head = [(options.more ? 0 : 0x80) | (options.rsv ?? 0) << 4 | opcode];
	if (length < 126)
		head.push(length);
	else if (length < 65536)
		head.push(126, length >> 8, length & 255);
	else
		head.push(127, 0, 0, 0, 0, length >>> 24, length >> 16 & 255, length >> 8 & 255, length & 255);
	if (options.mask === false)
		return Buffer.concat([Buffer.from(head), data]);
	head[1] |= 0x80;
	const mask = randomBytes(4);
	return Buffer.concat([Buffer.from(head), mask, data.map((byte, i) => byte ^ mask[i & 3])]);
}

export function closePayload(code, reason = '') {
	return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

// The frame at the front of these bytes, or null. Throws what a server must not send.
function readFrame(bytes) {
	if (bytes.length < 2)
		return null;
	const short = bytes[1] & 0x7f;
	const start = short < 126 ? 2 : short === 126 ? 4 : 10;
	if (bytes.length < start)
		return null;
	const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
	assert.equal(bytes[0] & 0xf0, 0x80, 'a frame that is not final, or with a reserved bit');
	assert.equal(bytes[1] & 0x80, 0, 'a masked frame');
	assert.ok(short < 126 || length > (short === 126 ? 125 : 65535), 'a length not in its shortest form');
	if (bytes.length < start + length)
		return null;
	return { opcode: bytes[0] & 15, payload: bytes.subarray(start, start + length), size: start + length };
}

export async function within(patience, what, promise) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`not in ${patience} ms: ${what}`)), patience);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

// What comes out of one end and is waited for at the other.
export class Mailbox {
	#items = [];
	#waiting = [];
	#end = null;

	put(item) {
		const waiting = this.#waiting.shift();
		if (waiting)
			waiting.resolve(item);
		else
			this.#items.push(item);
	}

	// Whoever waits, now or later, is told this error once all is taken.
	end(error) {
		this.#end ??= error;
		for (const waiting of this.#waiting.splice(0))
			waiting.reject(error);
	}

	get size() {
		return this.#items.length;
	}

	take(what, patience = PATIENCE) {
		if (this.#items.length)
			return Promise.resolve(this.#items.shift());
		if (this.#end)
			return Promise.reject(this.#end);
		return new Promise((resolve, reject) => {
			const waiting = {};
			const timer = setTimeout(() => {
				this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
				reject(new Error(`nothing came in ${patience} ms: ${what}`));
			}, patience);
			waiting.resolve = (item) => (clearTimeout(timer), resolve(item));
			waiting.reject = (error) => (clearTimeout(timer), reject(error));
			this.#waiting.push(waiting);
		});
	}
}

// "/path" or a port of 127.0.0.1
export function connect(where) {
	const socket = String(where).startsWith('/') ? net.connect({ path: where }) :
		net.connect({ port: Number(where), host: '127.0.0.1' });
	socket.setNoDelay(true);
	return socket;
}

// The head of an upgrade; a header that is null is left out, a list of values is repeated.
export function head({ method = 'GET', path = BASE, query = '', version = 'HTTP/1.1', headers = {} } = {}) {
	const all = {
		Host: 'example.test', Upgrade: 'websocket', Connection: 'Upgrade',
		'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
		...headers,
	};
	const lines = Object.entries(all).filter(([, value]) => value !== null)
		.flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
	return `${method} ${path}${query && `?${query}`} ${version}\r\n${lines.join('')}\r\n`;
}

export function parseAnswer(bytes) {
	const end = bytes.indexOf('\r\n\r\n');
	const [line, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
	const headers = Object.fromEntries(lines.map((one) => {
		const colon = one.indexOf(': ');
		return [one.slice(0, colon).toLowerCase(), one.slice(colon + 2)];
	}));
	return { status: Number(line.split(' ')[1]), headers, size: end + 4 };
}

// Sends these pieces and returns everything that comes until the server ends the connection.
export function exchange(where, ...pieces) {
	return new Promise((resolve, reject) => {
		const socket = connect(where);
		const received = [];
		const timer = setTimeout(() => {
			socket.destroy();
			reject(new Error('the server did not end the connection'));
		}, PATIENCE);
		socket.on('data', (data) => received.push(data));
		socket.on('error', () => {}); // "close" follows
		socket.on('close', () => {
			clearTimeout(timer);
			const all = Buffer.concat(received);
			resolve(all.length ? { ...parseAnswer(all), body: all.subarray(parseAnswer(all).size) } : null);
		});
		(async () => {
			for (const piece of pieces)
				await new Promise((sent) => socket.write(piece, sent));
		})();
	});
}

export class Client {
	messages = new Mailbox();  // JSON objects, in order
	frames = new Mailbox();    // pings and pongs of the protocol
	bytes = 0;                 // of frames, from the server
	answersPings = true;
	ended = null;              // { code, reason, clean }

	#socket;
	#input = Buffer.alloc(0);
	#answer;                   // resolves with the answer's head
	#end;
	#leaves = false;           // has sent a close frame
	#record = recorder('websocket');

	// Options: those of head(), token (Authorization), bearer (subprotocol pair), protocols,
	// behind (bytes sent right behind the head).
	static async open(where, options = {}) {
		const client = new Client(where, options);
		client.answer = await within(options.patience ?? PATIENCE, 'the answer to the upgrade', client.#answer);
		return client;
	}

	constructor(where, options) {
		const headers = { ...options.headers };
		const protocols = options.bearer ? ['tidings.v1', `bearer.${options.bearer}`] : options.protocols;
		if (options.token)
			headers.Authorization = `Bearer ${options.token}`;
		if (protocols)
			headers['Sec-WebSocket-Protocol'] = protocols.join(', ');
		headers['Sec-WebSocket-Key'] ??= randomBytes(16).toString('base64');
		this.key = headers['Sec-WebSocket-Key'];
		this.#socket = connect(where);
		this.#receive();
		this.#socket.write(Buffer.concat([Buffer.from(head({ ...options, headers })), options.behind ?? Buffer.alloc(0)]));
	}

	#receive() {
		let answered, refused;
		this.#answer = new Promise((resolve, reject) => ([answered, refused] = [resolve, reject]));
		this.#end = new Promise((resolve) => this.#socket.on('close', () => {
			this.ended ??= { code: 1006, reason: '', clean: false };
			const error = new Error(`the connection has ended: ${JSON.stringify(this.ended)}`);
			refused(error);
			this.messages.end(error);
			this.frames.end(error);
			resolve(this.ended);
		}));
		this.#socket.on('error', () => {}); // "close" follows
		this.#socket.on('data', (data) => {
			this.#input = Buffer.concat([this.#input, data]);
			try {
				if (!this.answer)
					this.#readAnswer(answered);
				if (this.answer)
					this.#readFrames();
			} catch (error) {
				refused(error);
				this.messages.end(error);
				this.#socket.destroy();
			}
		});
	}

	#readAnswer(answered) {
		if (!this.#input.includes('\r\n\r\n'))
			return;
		this.answer = parseAnswer(this.#input);
		assert.equal(this.answer.status, 101, this.#input.toString());
		assert.equal(this.answer.headers['sec-websocket-accept'],
			createHash('sha1').update(this.key + GUID).digest('base64'));
		this.#input = this.#input.subarray(this.answer.size);
		answered(this.answer);
	}

	#readFrames() {
		for (let one; (one = readFrame(this.#input)); this.#input = this.#input.subarray(one.size)) {
			this.bytes += one.size;
			assert.ok(!this.ended, 'a frame behind a close frame');
			this.#take(one);
		}
	}

	#take({ opcode, payload }) {
		if (opcode === TEXT) {
			const message = JSON.parse(payload.toString());
			this.#record({ told: message });
			if (message.type === 'ping' && this.answersPings)
				this.send({ type: 'pong' });
			this.messages.put(message);
		} else if (opcode === PING || opcode === PONG) {
			if (opcode === PING && this.answersPings)
				this.write(frame(PONG, payload));
			this.frames.put({ opcode, payload: payload.toString() });
		} else {
			assert.equal(opcode, CLOSE, 'an opcode that a server must not send here');
			this.ended = {
				code: payload.length ? payload.readUInt16BE(0) : 1005,
				reason: payload.subarray(2).toString(),
				clean: true,
			};
			if (!this.#leaves)
				this.#record({ closed: this.ended.code });
			this.write(frame(CLOSE, payload.subarray(0, 2)));
		}
	}

	write(bytes) {
		this.#leaves ||= bytes[0] === (0x80 | CLOSE);
		this.#socket.write(bytes);
	}

	send(message) {
		if (typeof message !== 'string')
			this.#record({ said: message });
		this.write(frame(TEXT, typeof message === 'string' ? message : JSON.stringify(message)));
	}

	// Takes nothing off the socket any more, until resume().
	pause() {
		this.#socket.pause();
	}

	resume() {
		this.#socket.resume();
	}

	// Ends the connection as a process does that is killed.
	destroy() {
		this.#socket.destroy();
	}

	// Ends this side; resolves when all that was written, and the end, are on their way.
	end() {
		return new Promise((resolve) => this.#socket.end(resolve));
	}

	// The next message that is not a heartbeat.
	async next(patience) {
		for (;;) {
			const message = await this.messages.take('a message', patience);
			if (message.type !== 'ping')
				return message;
		}
	}

	// The next message, which must be of this type.
	async expect(type, patience) {
		const message = await this.next(patience);
		assert.equal(message.type, type, JSON.stringify(message));
		return message;
	}

	// What a session begins with. Returns [connected, what was missed..., unread_count].
	async greeted() {
		const all = [await this.expect('connected')];
		while (all.at(-1).type !== 'unread_count')
			all.push(await this.next());
		return all;
	}

	// Nothing more has come than was taken: the next is the answer to a question asked now,
	// which the server answers behind all that happened before.
	async silent() {
		this.send({ type: 'unread_count' });
		return this.expect('unread_count');
	}

	// How the server ends it: the close frame, and the connection itself.
	async closed(code, patience = PATIENCE) {
		const end = await within(patience, 'the end of the connection', this.#end);
		if (code !== undefined)
			assert.equal(end.code, code, JSON.stringify(end));
		return end;
	}
}
