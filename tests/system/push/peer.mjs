// A peer on the control socket, which reads strictly what comes: one JSON object a line.

import assert from 'node:assert/strict';
import net from 'node:net';

import { PATIENCE, within } from './client.mjs';
import { dir } from './setting.mjs';

export const CONTROL = process.env.control ?? `${dir}/push-control.sock`;

export class Peer {
	#socket;
	#input = '';
	#answers = [];
	#waiting = [];
	#end;
	ended = false;

	static async open(where = CONTROL) {
		const peer = new Peer(where);
		await within(PATIENCE, 'a connection to the control socket', peer.connected);
		return peer;
	}

	constructor(where) {
		this.#socket = net.connect({ path: where });
		this.connected = new Promise((resolve, reject) => {
			this.#socket.once('connect', resolve);
			this.#socket.once('error', reject);
		});
		this.#socket.on('error', () => {}); // "close" follows
		this.#end = new Promise((resolve) => this.#socket.on('close', () => {
			this.ended = true;
			for (const { reject } of this.#waiting.splice(0))
				reject(new Error('the connection has ended'));
			resolve();
		}));
		this.#socket.on('data', (data) => {
			const lines = (this.#input + data).split('\n');
			this.#input = lines.pop();
			for (const line of lines)
				this.#take(JSON.parse(line));
		});
	}

	#take(answer) {
		assert.equal(Object.prototype.toString.call(answer), '[object Object]');
		const waiting = this.#waiting.shift();
		if (waiting)
			waiting.resolve(answer);
		else
			this.#answers.push(answer);
	}

	write(text) {
		this.#socket.write(text);
	}

	pause() {
		this.#socket.pause();
	}

	resume() {
		this.#socket.resume();
	}

	destroy() {
		this.#socket.destroy();
	}

	// The next answer.
	answer() {
		if (this.#answers.length)
			return Promise.resolve(this.#answers.shift());
		return within(PATIENCE, 'an answer', new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })));
	}

	ask(command, members = {}) {
		this.write(`${JSON.stringify({ command, ...members })}\n`);
		return this.answer();
	}

	// All pages of connections, as one list.
	async connections(members = {}) {
		const all = [];
		for (let page = {}, after; ; after = page.next) {
			page = await this.ask('connections', after === undefined ? members : { ...members, after });
			all.push(...page.connections);
			if (page.next === undefined)
				return all;
		}
	}

	closed() {
		return within(PATIENCE, 'the end of the connection', this.#end);
	}
}
