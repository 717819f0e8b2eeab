// A client of the store's socket, as lib/store_protocol.h has it: what a publisher's program does.

import assert from 'node:assert/strict';
import net from 'node:net';

const HEADER = 12, VERSION = 2;
const TYPES = ['info', 'success', 'warning', 'error'];
const OPERATIONS = {
	create: 1, count: 4, markRead: 6, markUnread: 7, readAll: 8, seen: 9, delete: 10, deleteAll: 11, deleteRead: 12,
	broadcast: 13, withdraw: 14, withdrawBroadcast: 15, forget: 16, revoke: 17,
};

// Where the members of an answer stand, behind the header.
const AT = { seq: 0, total: 8, unread: 16, unseen: 24, broadcasts: 32, next: 57, items: 77, item: 81 };

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

function number(value, bytes) {
	const data = Buffer.alloc(8);
	data.writeBigUInt64BE(BigInt(value));
	return data.subarray(8 - bytes);
}

// A notification as a publisher wants it: what stands in front, and its JSON members, which
// `raw` is in the place of.
function draft({ userId, type = 'info', title = 'Title', message = 'Message', expires = 0, raw, ...more } = {}) {
	const time = expires ? { expiresAt: new Date(expires).toISOString() } : {};
	const members = { ...(userId && { userId }), type, title, message, ...more, ...time };
	assert.ok(TYPES.includes(type));
	return Buffer.concat([short(userId ?? ''), Buffer.from([TYPES.indexOf(type)]), number(expires, 8), short(''),
		long(raw ?? JSON.stringify(members).slice(1, -1))]);
}

// Without what makes a second attempt give the answer of the first.
const drafts = (list) => Buffer.concat([Buffer.from([0]), number(list.length, 2), ...list.map(draft)]);

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
		const at = (name) => Number(frame.readBigUInt64BE(HEADER + AT[name]));
		const idAt = (offset) => idText(frame.subarray(HEADER + offset, HEADER + offset + 16));
		resolve({
			seq: at('seq'), total: at('total'), unread: at('unread'), unseen: at('unseen'), broadcasts: at('broadcasts'),
			next: idAt(AT.next),
			id: frame.readUInt32BE(HEADER + AT.items) ? idAt(AT.item) : undefined,
		});
	}

	#ask(operation, userId, ...payload) {
		if (this.#socket.destroyed)
			return Promise.reject(new Error('the connection to the store has ended'));
		const body = Buffer.concat([short(userId), short(''), ...payload]);
		const header = Buffer.alloc(HEADER);
		const count = this.#number++;
		header.writeUInt32BE(body.length, 0);
		header.writeUInt32BE(count, 4);
		header.writeUInt8(VERSION, 8);
		header.writeUInt8(OPERATIONS[operation], 9);
		this.#socket.write(Buffer.concat([header, body]));
		return new Promise((resolve, reject) => this.#waiting.set(count, { resolve, reject }));
	}

	// Resolves with { id, seq, total, unread, unseen }, as of the notification or later.
	async create(userId, members = {}) {
		const [{ next }, counts] = await Promise.all([this.createMany([{ userId, ...members }]), this.count(userId)]);
		return { ...counts, id: next };
	}

	// Of several users; resolves with { next }, the first one's id.
	createMany(list) {
		return this.#ask('create', '', drafts(list));
	}

	count(userId) {
		return this.#ask('count', userId);
	}

	// Resolves with { broadcasts, id }.
	async broadcast(members = {}) {
		const answer = await this.#ask('broadcast', '', drafts([members]));
		return { ...answer, id: answer.next };
	}

	withdrawBroadcast(id) {
		return this.#ask('withdrawBroadcast', '', idBytes(id));
	}

	withdraw(userId, id) {
		return this.#ask('withdraw', userId, idBytes(id));
	}

	forget(userId) {
		return this.#ask('forget', userId);
	}

	// Every token of the user that was issued until now.
	revoke(userId) {
		return this.#ask('revoke', userId);
	}

	markRead(userId, id) {
		return this.#ask('markRead', userId, idBytes(id));
	}

	markUnread(userId, id) {
		return this.#ask('markUnread', userId, idBytes(id));
	}

	delete(userId, id) {
		return this.#ask('delete', userId, idBytes(id));
	}

	readAll(userId) {
		return this.#ask('readAll', userId);
	}

	seen(userId) {
		return this.#ask('seen', userId);
	}

	deleteRead(userId) {
		return this.#ask('deleteRead', userId);
	}

	deleteAll(userId) {
		return this.#ask('deleteAll', userId);
	}

	deleteRead(userId) {
		return this.#ask('deleteRead', userId);
	}
}
