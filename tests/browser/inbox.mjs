/**
 * The notifications an element holds, in races between pages and stream.
 */

import assert from "node:assert/strict";
import { settle } from "./fakes.mjs";
import { test } from "./tap.mjs";
import { Inbox } from "../../web/tidings-inbox.js";

const item = (id, read = false) => ({ id, title: id, read });

/** A client whose pages are answered by hand, in any order with its changes. */
class Client extends EventTarget {
	asked = [];

	list(query) {
		return new Promise((resolve, reject) =>
			this.asked.push({ query, resolve, reject }),
		);
	}

	async answer(seq, ids, nextCursor) {
		const notifications = ids.map((id) => (typeof id === "string" ? item(id) : id));
		this.asked.shift().resolve({ notifications, seq, nextCursor });
		await settle();
	}

	change(seq, changes, more) {
		this.tell("change", { seq, changes, ...more });
	}

	tell(type, detail) {
		this.dispatchEvent(Object.assign(new Event(type), { detail }));
	}
}

/** An inbox with the page `ids`, fetched at change 10. */
async function filled(ids, nextCursor) {
	const client = new Client();
	const inbox = new Inbox(client, 3);
	inbox.load();
	await client.answer(10, ids, nextCursor);
	return { client, inbox };
}

const held = ({ items }) => items.map(({ id, read }) => (read ? `${id}*` : id)).join(" ");
const inboxTest = (name, body) => test(`inbox: ${name}`, body);

inboxTest("pages follow one another by cursor", async () => {
	const { client, inbox } = await filled(["f", "e", "d"], "after d");
	assert.equal(inbox.hasMore, true);
	inbox.more();
	assert.deepEqual(client.asked[0].query, { limit: 3, cursor: "after d" });
	await client.answer(10, ["c", "b"]);
	assert.deepEqual(
		[held(inbox), inbox.hasMore, inbox.state],
		["f e d c b", false, "ready"],
	);
});

inboxTest("each change is followed", async () => {
	const { client, inbox } = await filled(["c", "b", "a"]);
	client.change(11, [{ op: "created", id: "d" }], { notification: item("d") });
	assert.equal(held(inbox), "d c b a");
	client.change(12, [{ op: "read", id: "c" }]);
	assert.equal(held(inbox), "d c* b a");
	client.change(13, [
		{ op: "unread", id: "c" },
		{ op: "deleted", id: "b" },
	]);
	assert.equal(held(inbox), "d c a");
	client.change(14, [{ op: "all_read" }]);
	assert.equal(held(inbox), "d* c* a*");
	client.change(15, [
		{ op: "expired", id: "d" },
		{ op: "withdrawn", id: "a" },
		{ op: "seen" },
	]);
	assert.equal(held(inbox), "c*");
	assert.equal(client.asked.length, 0);
});

inboxTest("a broadcast is one like any other", async () => {
	const { client, inbox } = await filled(["a"]);
	const all = { ...item("b"), broadcast: true };
	client.change(11, [{ op: "created", id: "b" }], { notification: all });
	client.change(12, [{ op: "read", id: "b" }]);
	assert.equal(held(inbox), "b* a");
	client.change(13, [{ op: "withdrawn", id: "b" }], { latest: [item("a")] });
	assert.equal(held(inbox), "a");
	// one that ended, and another, told at once
	const changes = [
		{ op: "expired", id: "a" },
		{ op: "created", id: "c" },
	];
	client.change(15, changes, { latest: [item("c")] });
	assert.equal(held(inbox), "c");
	assert.equal(client.asked.length, 0);
});

inboxTest("one that is withdrawn while its page comes stays away", async () => {
	const client = new Client();
	const inbox = new Inbox(client, 3);
	inbox.load();
	client.change(11, [{ op: "withdrawn", id: "b" }], { latest: [item("a")] });
	await client.answer(10, ["b", "a"]);
	assert.equal(held(inbox), "a");
});

inboxTest("a batch larger than what came along is fetched", async () => {
	const { client, inbox } = await filled(["a"]);
	const changes = ["b", "c", "d"].map((id) => ({ op: "created", id }));
	client.change(11, changes, { latest: [item("d"), item("c")] });
	assert.equal(client.asked.length, 1);
	await client.answer(11, ["d", "c", "b"], "after b");
	assert.equal(held(inbox), "d c b");
});

for (const [name, changes, more] of [
	["a reset", undefined, { reset: true }],
	["an unknown change", undefined, {}],
	["all deleted", [{ op: "all_deleted" }], {}],
	["all read ones deleted", [{ op: "read_deleted" }], {}],
	["an operation of a later version", [{ op: "archived", id: "a" }], {}],
	["a stream that begins later than the page", [], { baseline: true }],
])
	inboxTest(`${name} fetches again`, async () => {
		const { client, inbox } = await filled(["b", "a"]);
		client.change(11, changes, more);
		assert.deepEqual(client.asked[0].query, { limit: 3, cursor: null });
		await client.answer(12, ["x"]);
		assert.deepEqual([held(inbox), client.asked.length], ["x", 0]);
	});

inboxTest("a stream that begins at the page fetches nothing", async () => {
	const { client } = await filled(["a"]);
	client.change(10, [], { baseline: true });
	assert.equal(client.asked.length, 0);
});

inboxTest("what changed while the page came is applied to it", async () => {
	const client = new Client();
	const inbox = new Inbox(client, 3);
	inbox.load();
	client.change(11, [{ op: "deleted", id: "b" }]);
	client.change(12, [{ op: "read", id: "a" }]);
	client.change(13, [{ op: "created", id: "c" }], { notification: item("c") });
	await client.answer(10, ["b", "a"]);
	assert.equal(held(inbox), "c a*");
});

inboxTest("what the page already shows is not undone", async () => {
	const client = new Client();
	const inbox = new Inbox(client, 3);
	inbox.load();
	await client.answer(20, [item("a", true)]);
	client.change(15, [{ op: "unread", id: "a" }]);
	client.change(16, [{ op: "created", id: "gone" }], { notification: item("gone") });
	assert.equal(held(inbox), "a*");
	assert.equal(client.asked.length, 0);
});

inboxTest("a reset while a page comes fetches once more", async () => {
	const { client, inbox } = await filled(["c", "b", "a"], "after a");
	inbox.more();
	client.change(2, undefined, { reset: true });
	await client.answer(10, ["0"]);
	assert.equal(client.asked[0].query.cursor, null);
	await client.answer(2, ["z"]);
	assert.deepEqual([held(inbox), client.asked.length], ["z", 0]);
});

inboxTest("a failure is told, and mended on reconnecting", async () => {
	const client = new Client();
	const inbox = new Inbox(client, 3);
	inbox.load();
	client.asked.shift().reject(new Error("down"));
	await settle();
	assert.deepEqual([inbox.state, inbox.error.message], ["failed", "down"]);
	client.tell("status", { state: "connected" });
	await client.answer(10, ["a"]);
	assert.deepEqual([inbox.state, held(inbox)], ["ready", "a"]);
});

inboxTest("a closed one follows nothing", async () => {
	const { client, inbox } = await filled(["a"]);
	inbox.close();
	client.change(11, [{ op: "deleted", id: "a" }]);
	assert.equal(held(inbox), "a");
});
