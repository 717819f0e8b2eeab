// A client of the store's socket, as lib/store_protocol.h has it: what a publisher's program does.

import assert from 'node:assert/strict';
import net from 'node:net';

const HEADER = 12, VERSION = 1;
const TYPES = ['info', 'success', 'warning', 'error'];
const OPERATIONS = { create: 1, markRead: 6, markUnread: 7, readAll: 8, seen: 9, delete: 10, deleteAll: 11, deleteRead: 12 };

const short = (text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);

function long(text) {
	const length = Buffer.alloc(4);
	length.writeUInt32BE(Buffer.byteLength(text));
	return Buffer.concat([length, Buffer.from(text)]);
}

const idBytes = (id) => Buffer.from(id.replaceAll('-', ''), 'hex');

function idText(bytes) {
	const hex = bytes.toString('hex');
	return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export class Store {
	#socket;
	#input = Buffer.alloc(0);
	#greeted = false;
	#number = 1;
	#waiting = new Map(); // number to { resolve, reject }

	static async open(path = `${process.env.dir}/store.sock`) {
		const store = new Store();
		await new Promise((resolve, reject) => {
			store.#socket = net.connect({ path }, resolve);
			store.#socket.on('error', reject);
		});
		store.#socket.on('data', (data) => store.#receive(data));
		store.#socket.on('close', () => {
			for (const { reject } of store.#waiting.values())
				reject(new Error('the store has closed the connection'));
		});
		return store;
	}

	close() {
		this.#socket.destroy();
	}

	#receive(data) {
		this.#input = Buffer.concat([this.#input, data]);
		for (;;) {
			if (this.#input.length < HEADER)
				return;
			const end = HEADER + this.#input.readUInt32BE(0);
			if (this.#input.length < end)
				return;
			const frame = this.#input.subarray(0, end);
			this.#input = this.#input.subarray(end);
			if (this.#greeted)
				this.#answer(frame);
			this.#greeted = true;
		}
	}

	#answer(frame) {
		const number = frame.readUInt32BE(4);
		const { resolve, reject } = this.#waiting.get(number);
		this.#waiting.delete(number);
		if (frame.readUInt16BE(10) !== 0)
			return reject(new Error(`the store answers with status ${frame.readUInt16BE(10)}`));
		const at = (i) => Number(frame.readBigUInt64BE(HEADER + 8 * i));
		const items = frame.readUInt32BE(HEADER + 57);
		resolve({
			seq: at(0), total: at(1), unread: at(2), unseen: at(3),
			id: items ? idText(frame.subarray(HEADER + 61, HEADER + 77)) : undefined,
		});
	}

	#ask(operation, ...payload) {
		const body = Buffer.concat(payload);
		const header = Buffer.alloc(HEADER);
		const number = this.#number++;
		header.writeUInt32BE(body.length, 0);
		header.writeUInt32BE(number, 4);
		header.writeUInt8(VERSION, 8);
		header.writeUInt8(OPERATIONS[operation], 9);
		this.#socket.write(Buffer.concat([header, body]));
		return new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
	}

	// Resolves with { id, seq, total, unread, unseen }, as of the notification.
	create(userId, { type = 'info', title = 'Title', message = 'Message', ...more } = {}) {
		const content = JSON.stringify({ userId, type, title, message, ...more }).slice(1, -1);
		assert.ok(TYPES.includes(type));
		return this.#ask('create', short(userId), Buffer.from([TYPES.indexOf(type)]), Buffer.alloc(8),
			short(''), long(content));
	}

	markRead(userId, id) {
		return this.#ask('markRead', short(userId), idBytes(id));
	}

	markUnread(userId, id) {
		return this.#ask('markUnread', short(userId), idBytes(id));
	}

	delete(userId, id) {
		return this.#ask('delete', short(userId), idBytes(id));
	}

	readAll(userId) {
		return this.#ask('readAll', short(userId));
	}

	seen(userId) {
		return this.#ask('seen', short(userId));
	}

	deleteAll(userId) {
		return this.#ask('deleteAll', short(userId));
	}

	deleteRead(userId) {
		return this.#ask('deleteRead', short(userId));
	}
}
