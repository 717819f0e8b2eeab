// A client of a stream of events: reads it as the HTML standard's section 9.2 says that a browser
// does, and strictly what the server sends. Nothing waits without a deadline.

import assert from 'node:assert/strict';

import { Mailbox, PATIENCE, connect, head, parseAnswer, within } from './client.mjs';
import { recorder } from './record.mjs';

export const STREAM = '/api/notifications/stream';

// What an upgrade has and a request for a stream has not.
export const PLAIN = { Upgrade: null, Connection: null, 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null };

export const streamHead = (options = {}) =>
	head({ path: STREAM, ...options, headers: { ...PLAIN, ...options.headers } });

// Takes whole chunks off the front of these bytes; a proxy may have made them.
function takeChunks(bytes, to) {
	for (;;) {
		const end = bytes.indexOf('\r\n');
		const size = end < 0 ? NaN : parseInt(bytes.subarray(0, end).toString(), 16);
		if (!(bytes.length >= end + 2 + size + 2))
			return bytes;
		to(bytes.subarray(end + 2, end + 2 + size));
		bytes = bytes.subarray(end + 2 + size + 2);
	}
}

export class Stream {
	messages = new Mailbox();  // JSON objects, in order
	comments = new Mailbox();  // heartbeats
	ids = [];                  // of the messages that bear one
	retry = null;              // milliseconds, as last told
	lastEventId = '';

	#socket;
	#input = Buffer.alloc(0);
	#text = Buffer.alloc(0);
	#event = {};
	#answer;
	#end;
	#record = recorder('stream');

	// Options: those of head(), token, id (Last-Event-ID), behind (bytes sent behind the head).
	static async open(where, options = {}) {
		const stream = new Stream(where, options);
		stream.answer = await within(options.patience ?? PATIENCE, 'the answer', stream.#answer);
		return stream;
	}

	constructor(where, { token, id, behind = '', ...options }) {
		const headers = {
			Accept: 'text/event-stream',
			...(token && { Authorization: `Bearer ${token}` }),
			...(id && { 'Last-Event-ID': id }),
			...options.headers,
		};
		this.#socket = connect(where);
		this.#receive();
		this.#socket.write(streamHead({ ...options, headers }) + behind);
	}

	#receive() {
		let answered, refused;
		this.#answer = new Promise((resolve, reject) => ([answered, refused] = [resolve, reject]));
		const stop = (error) => {
			refused(error);
			this.messages.end(error);
			this.comments.end(error);
		};
		this.#end = new Promise((resolve) => {
			this.#socket.on('end', () => (this.clean = true));
			this.#socket.on('close', () => {
				stop(new Error('the stream has ended'));
				resolve(this.clean ?? false);
			});
		});
		this.#socket.on('error', () => {}); // "close" follows
		this.#socket.on('data', (data) => {
			this.#input = Buffer.concat([this.#input, data]);
			try {
				this.#read(answered);
			} catch (error) {
				stop(error);
				this.#socket.destroy();
			}
		});
	}

	#read(answered) {
		if (!this.answer) {
			if (!this.#input.includes('\r\n\r\n'))
				return;
			this.answer = parseAnswer(this.#input);
			assert.equal(this.answer.status, 200, this.#input.toString());
			this.#input = this.#input.subarray(this.answer.size);
			answered(this.answer);
		}
		// The last chunk is empty: a proxy may keep the connection for another request
		const take = (bytes) => bytes.length ? (this.#text = Buffer.concat([this.#text, bytes])) : this.#socket.end();
		if (this.answer.headers['transfer-encoding'] === 'chunked')
			this.#input = takeChunks(this.#input, take);
		else
			this.#input = (take(this.#input), Buffer.alloc(0));
		for (let end; (end = this.#text.indexOf('\n')) >= 0; this.#text = this.#text.subarray(end + 1))
			this.#line(this.#text.subarray(0, end).toString());
	}

	#line(line) {
		assert.ok(!line.includes('\r'), 'a carriage return');
		if (line === '')
			return this.#dispatch();
		const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
		if (name === '')
			return this.comments.put(value);
		assert.ok(['event', 'id', 'data', 'retry'].includes(name), line);
		assert.ok(!(name in this.#event), `twice: ${line}`);
		if (name === 'retry')
			this.retry = Number(value);
		else
			this.#event[name] = value;
	}

	#dispatch() {
		const { event, id, data } = this.#event;
		this.#event = {};
		if (data === undefined)
			return assert.deepEqual([event, id], [undefined, undefined], 'an event without data');
		const message = JSON.parse(data);
		this.#record({ told: message });
		assert.equal(message.type, event);
		assert.equal(id?.split(':').at(-1), message.seq?.toString(), 'the id is another one');
		if (id !== undefined)
			this.ids.push(this.lastEventId = id);
		this.messages.put(message);
	}

	write(bytes) {
		this.#socket.write(bytes);
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

	next(patience) {
		return this.messages.take('a message', patience);
	}

	// The next message, which must be of this type.
	async expect(type, patience) {
		const message = await this.next(patience);
		assert.equal(message.type, type, JSON.stringify(message));
		return message;
	}

	// What a stream begins with. Returns [connected, what was missed..., unread_count].
	async greeted() {
		const all = [await this.expect('connected')];
		while (all.at(-1).type !== 'unread_count')
			all.push(await this.next());
		return all;
	}

	// The server ends it, by itself and after it has said this code (undefined: nothing more).
	async closed(code, patience = PATIENCE) {
		if (code !== undefined) {
			const error = await this.expect('error', patience);
			assert.equal(error.code, code);
			assert.ok(error.message.includes(' '), error.message);
			assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'type']);
		}
		assert.ok(await within(patience, 'the end of the stream', this.#end), 'it was cut off');
		assert.equal(this.messages.size, 0, 'something behind the end');
	}

	async ended(patience = PATIENCE) {
		await within(patience, 'the end of the stream', this.#end);
	}
}
