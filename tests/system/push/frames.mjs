// Frames that break the protocol, and such as only look as if they did.

import assert from 'node:assert/strict';

import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closePayload, frame } from './client.mjs';
import { Store } from './store.mjs';
import { join, newUser } from './setting.mjs';

const PING_MESSAGE = '{"type":"ping"}';

// These bytes end the session with this code, soon, and nobody else's.
async function ends(code, ...pieces) {
	const user = newUser();
	const client = await join(user), witness = await join(user);
	const begin = Date.now();
	for (const piece of pieces)
		client.write(piece);
	await client.closed(code);
	assert.ok(Date.now() - begin < 4000, `${code} took ${Date.now() - begin} ms`);
	witness.send({ type: 'ping' });
	await witness.expect('pong');
	witness.destroy();
}

export async function violations() {
	await ends(1002, frame(TEXT, PING_MESSAGE, { mask: false }));
	await ends(1003, frame(BINARY, 'x'));
	await ends(1003, frame(BINARY, ''));
	await ends(1007, frame(TEXT, Buffer.from([0x7b, 0xff, 0x7d])));
	await ends(1007, frame(TEXT, Buffer.from([0xc0, 0x80])));
	await ends(1007, frame(TEXT, Buffer.from([0xed, 0xa0, 0x80])));
	await ends(1007, frame(TEXT, Buffer.from([0xe2, 0x82])));
	for (const rsv of [1, 2, 4, 7])
		await ends(1002, frame(TEXT, PING_MESSAGE, { rsv }));
	for (const opcode of [3, 7, 11, 15])
		await ends(1002, frame(opcode, ''));
	await ends(1002, frame(CONTINUATION, 'x'));
	await ends(1002, frame(TEXT, 'x', { more: true }), frame(TEXT, 'y'));
	await ends(1002, frame(PING, 'x', { more: true }));
	await ends(1002, frame(PING, 'x'.repeat(126)));
	await ends(1002, frame(CLOSE, 'x'));
	await ends(1002, frame(CLOSE, closePayload(1005)));
	await ends(1002, frame(CLOSE, closePayload(999)));
	await ends(1007, frame(CLOSE, closePayload(1000, Buffer.from([0xff]))));
}

export async function too_big() {
	const pad = (length) => `{"type":"ping","pad":"${'x'.repeat(length - 24)}"}`;
	const client = await join(newUser());
	client.send(pad(4096));
	await client.expect('pong');
	await ends(1009, frame(TEXT, pad(4097)));
	await ends(1009, frame(TEXT, '', { length: 4097 })); // told by its header alone
	await ends(1009, frame(TEXT, '', { length: 2 ** 31 }));
	await ends(1009, frame(TEXT, pad(4000), { more: true }), frame(CONTINUATION, 'x'.repeat(97)));
}

export async function fragments() {
	const user = newUser();
	const client = await join(user);
	const text = Buffer.from('{"type":"ping","é":"€😀"}');
	for (let cut = 0; cut <= text.length; cut++) {
		client.write(frame(TEXT, text.subarray(0, cut), { more: true }));
		client.write(frame(PING, `between ${cut}`));
		client.write(frame(CONTINUATION, '', { more: true }));
		client.write(frame(CONTINUATION, text.subarray(cut)));
		await client.expect('pong');
		assert.deepEqual(await client.frames.take('a pong'), { opcode: PONG, payload: `between ${cut}` });
	}
	// one octet a segment
	for (const octet of frame(TEXT, text))
		client.write(Buffer.from([octet]));
	await client.expect('pong');
	// many in one segment
	client.write(Buffer.concat(Array(15).fill(frame(TEXT, PING_MESSAGE))));
	for (let i = 0; i < 15; i++)
		await client.expect('pong');
}

export async function pings() {
	const client = await join(newUser());
	for (const payload of ['', 'x', 'x'.repeat(125)]) {
		client.write(frame(PING, payload));
		assert.deepEqual(await client.frames.take('a pong'), { opcode: PONG, payload });
	}
	client.write(frame(PONG, 'unasked'));
	await client.silent();
	assert.equal(client.frames.size, 0);
}

export async function closing() {
	for (const [payload, code] of [[closePayload(1000), 1000], [closePayload(1001, 'bye'), 1001],
		[closePayload(4999), 4999], [Buffer.alloc(0), 1005]]) {
		const client = await join(newUser());
		const begin = Date.now();
		client.write(Buffer.concat([frame(CLOSE, payload), frame(TEXT, PING_MESSAGE)]));
		await client.closed(code);
		assert.ok(Date.now() - begin < 4000);
		assert.equal(client.messages.size, 0);
	}
}

// Whoever closes gets nothing any more, and is counted no longer.
export async function closed_is_gone() {
	const user = newUser();
	const store = await Store.open();
	for (let i = 0; i < 20; i++) {
		const client = await join(user);
		client.write(frame(CLOSE, closePayload(1000)));
		await client.closed(1000);
	}
	const stays = await join(user);
	await store.create(user);
	await stays.expect('new_notification');
}

// Garbage, in all sizes: an end, and never the end of the others.
export async function garbage() {
	const witness = await join(newUser());
	let random = 12345;
	for (let round = 0; round < 200; round++) {
		const bytes = Buffer.alloc(1 + round * 7);
		for (let i = 0; i < bytes.length; i++) {
			random = (Math.imul(random, 1103515245) + 12345) >>> 0;
			bytes[i] = random >>> 16;
		}
		const client = await join(newUser());
		client.write(bytes);
		client.end();
		await client.closed();
	}
	witness.send({ type: 'ping' });
	await witness.expect('pong');
}
