/**
 * The notifications an element holds, in races between pages and stream.
 */

import assert from "node:assert/strict";
import { settle } from "./fakes.mjs";
import { test } from "./tap.mjs";
import { Inbox, placeOf } from "../../web/tidings-inbox.js";

const item = (id, read = false, more) => ({ id, title: id, read, ...more });

/** A client whose pages are answered by hand, in any order with its changes. */
class Client extends EventTarget {
	asked = [];

	list(query) {
		return new Promise((resolve, reject) =>
			this.asked.push({ query, resolve, reject }),
		);
	}

	async answer(seq, ids, nextCursor, total) {
		const notifications = ids.map((id) => (typeof id === "string" ? item(id) : id));
		this.asked.shift().resolve({ notifications, seq, nextCursor, total });
		await settle();
	}

	async fail(message) {
		this.asked.shift().reject(new Error(message));
		await settle();
	}

	create(seq, notification) {
		const { id } = notification;
		this.change(seq, [{ op: "created", id }], { notification });
	}

	change(seq, changes, more) {
		this.tell("change", { seq, changes, ...more });
	}

	tell(type, detail) {
		this.dispatchEvent(Object.assign(new Event(type), { detail }));
	}
}

/** An inbox with the page `ids`, fetched at change 10. */
async function filled(ids, { cursor, filter, total } = {}) {
	const client = new Client();
	const inbox = new Inbox(client, 3, filter);
	inbox.load();
	await client.answer(10, ids, cursor, total);
	return { client, inbox };
}

const held = ({ items }) =>
	items.map(({ id, read }) => (read ? `${id}*` : id)).join(" ");
const inboxTest = (name, body) => test(`inbox: ${name}`, body);

inboxTest("pages follow one another by cursor", async () => {
	const { client, inbox } = await filled(["f", "e", "d"], { cursor: "d" });
	assert.equal(inbox.hasMore, true);
	inbox.more();
	assert.deepEqual(client.asked[0].query, { limit: 3, cursor: "d" });
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
	assert.deepEqual(client.asked[0].query, { limit: 3, cursor: null });
	await client.answer(11, ["d", "c", "b"], "b");
	assert.deepEqual([held(inbox), client.asked.length], ["d c b a", 0]);
	assert.equal(inbox.hasMore, false, "the end is where it was");
});

inboxTest("of a large batch as many pages are fetched as it has", async () => {
	const { client, inbox } = await filled(["a3", "a2", "a1"], { cursor: "a1" });
	const ids = Array.from({ length: 150 }, (_, n) => `b${String(n).padStart(3, "0")}`);
	client.change(
		11,
		ids.map((id) => ({ op: "created", id })),
	);
	const newest = [...ids].reverse();
	assert.deepEqual(client.asked[0].query, { limit: 100, cursor: null });
	await client.answer(11, newest.slice(0, 100), "b050");
	assert.deepEqual(client.asked[0].query, { limit: 100, cursor: "b050" });
	await client.answer(11, [...newest.slice(100), "a3"], "a3");
	assert.deepEqual(client.asked, []);
	assert.equal(held(inbox), [...newest, "a3", "a2", "a1"].join(" "));
	inbox.more();
	assert.equal(client.asked[0].query.cursor, "a1");
});

inboxTest(
	"a batch that is never reached fetches again, and no end of pages",
	async () => {
		const { client, inbox } = await filled(["a"]);
		client.change(11, [{ op: "created", id: "b" }]);
		for (let n = 0; n < 10; n++) await client.answer(11, ["z"], "z");
		assert.deepEqual(client.asked[0].query, { limit: 3, cursor: null });
		await client.answer(11, ["z", "y"]);
		assert.deepEqual([held(inbox), client.asked.length], ["z y", 0]);
	},
);

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
	client.change(16, [{ op: "created", id: "gone" }], {
		notification: item("gone"),
	});
	assert.equal(held(inbox), "a*");
	assert.equal(client.asked.length, 0);
});

inboxTest("a reset while a page comes fetches once more", async () => {
	const { client, inbox } = await filled(["c", "b", "a"], { cursor: "a" });
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
	await client.fail("down");
	assert.deepEqual([inbox.state, inbox.error.message], ["failed", "down"]);
	client.tell("status", { state: "connected" });
	await client.answer(10, ["a"]);
	assert.deepEqual([inbox.state, held(inbox)], ["ready", "a"]);
});

inboxTest("what was missing is still fetched after a failure", async () => {
	const { client, inbox } = await filled(["c", "b", "a"], { cursor: "a" });
	client.change(11, [{ op: "created", id: "d" }]);
	await client.fail("down");
	assert.equal(inbox.state, "failed");
	inbox.more();
	assert.equal(client.asked[0].query.cursor, null);
	await client.answer(11, ["d", "c", "b"], "b");
	assert.deepEqual([held(inbox), inbox.state], ["d c b a", "ready"]);
});

inboxTest("as many are fetched again as were held", async () => {
	const { client, inbox } = await filled(["f", "e", "d"], { cursor: "d" });
	inbox.more();
	await client.answer(10, ["c", "b", "a"], "a");
	client.change(12, undefined, { reset: true });
	assert.deepEqual(client.asked[0].query, { limit: 6, cursor: null });
	assert.equal(held(inbox), "f e d c b a", "until then they stay");
	await client.answer(12, ["f", "c"], "c");
	assert.deepEqual(client.asked[0].query, { limit: 6, cursor: "c" });
	await client.answer(12, []);
	assert.equal(held(inbox), "f c");
});

// --- Filters -----------------------------------------------------------------------

const unread = { unread: true };

inboxTest("only what matches is asked for and taken", async () => {
	const filter = { unread: true, type: "error", category: "jobs" };
	const one = (id, more) =>
		item(id, false, { type: "error", category: "jobs", ...more });
	const { client, inbox } = await filled([one("a")], { filter });
	inbox.load();
	assert.deepEqual(client.asked[0].query, { limit: 3, cursor: null, ...filter });
	await client.answer(10, [one("a")]);
	client.create(11, one("b", { read: true }));
	client.create(12, one("c", { type: "info" }));
	client.create(13, one("d", { category: undefined }));
	client.create(14, one("e"));
	assert.equal(held(inbox), "e a");
});

inboxTest(
	"among the unread, what becomes read leaves and comes back in its place",
	async () => {
		const { client, inbox } = await filled(["c", "b", "a"], {
			filter: unread,
		});
		client.change(11, [{ op: "read", id: "b" }]);
		assert.equal(held(inbox), "c a");
		client.change(12, [{ op: "unread", id: "b" }]);
		assert.equal(held(inbox), "c b a");
		client.change(13, [{ op: "all_read" }]);
		assert.equal(held(inbox), "");
		client.change(14, [{ op: "unread", id: "b" }]);
		assert.equal(held(inbox), "b");
		assert.equal(client.asked.length, 0);
	},
);

inboxTest("what is unread again and never was held is fetched", async () => {
	const { client, inbox } = await filled(["e", "d", "b"], {
		filter: unread,
		cursor: "b",
	});
	client.change(11, [{ op: "unread", id: "a" }]);
	assert.equal(client.asked.length, 0, "its page comes later");
	client.change(12, [{ op: "unread", id: "c" }], { notification: item("c") });
	assert.deepEqual([held(inbox), client.asked.length], ["e d c b", 0]);
	client.change(13, [{ op: "unread", id: "bb" }]);
	await client.answer(13, ["e", "d", "c"], "c");
	await client.answer(13, ["bb", "b"]);
	assert.deepEqual([held(inbox), client.asked.length], ["e d c bb b", 0]);
});

inboxTest("short pages follow one another until there is one", async () => {
	const { client, inbox } = await filled(["z", "y", "x"], {
		filter: unread,
		cursor: "x",
	});
	inbox.more();
	await client.answer(10, ["w"], "v");
	assert.deepEqual(client.asked[0].query, { limit: 3, cursor: "v", unread: true });
	await client.answer(10, [], "p");
	assert.equal(held(inbox), "z y x", "shown when they are whole");
	await client.answer(10, ["d", "c"], "c");
	assert.deepEqual([held(inbox), client.asked.length], ["z y x w d c", 0]);
});

inboxTest("where nothing matches it stops, and goes on from there", async () => {
	const { client, inbox } = await filled(["z"], { filter: { type: "info" } });
	assert.equal(inbox.state, "ready");
	inbox.load();
	for (let n = 0; n < 10; n++) await client.answer(10, [], `x${9 - n}`);
	assert.deepEqual(
		[inbox.state, inbox.hasMore, client.asked.length],
		["ready", true, 0],
	);
	inbox.more();
	assert.equal(client.asked[0].query.cursor, "x0");
});

inboxTest("another filter shows what is held at once, then all", async () => {
	const { client, inbox } = await filled(["d", item("c", true), "b"], {
		cursor: "b",
	});
	inbox.show(unread);
	assert.deepEqual([held(inbox), inbox.hasMore], ["d b", false]);
	await client.answer(10, ["d", "b", "a"], "a");
	assert.deepEqual(
		[held(inbox), inbox.hasMore, inbox.state],
		["d b a", true, "ready"],
	);
});

inboxTest("an answer for an earlier filter comes too late", async () => {
	const { client, inbox } = await filled(["d"]);
	inbox.load();
	inbox.show(unread);
	inbox.show({ type: "error" });
	const [all, unreadOnes, errors] = client.asked.splice(0);
	errors.resolve({ notifications: [item("a", true, { type: "error" })], seq: 10 });
	await settle();
	all.resolve({ notifications: [item("x", false, { type: "error" })], seq: 10 });
	unreadOnes.reject(new Error("late"));
	await settle();
	assert.deepEqual([held(inbox), inbox.state], ["a*", "ready"]);
});

// --- What waits, what is hidden, how many there are ---------------------------------

inboxTest("arrivals wait while it is held, and are counted", async () => {
	const { client, inbox } = await filled(["c", "b", "a"]);
	inbox.hold();
	assert.equal(inbox.waiting, 0);
	for (const [n, id] of ["d", "e", "f"].entries()) client.create(11 + n, item(id));
	assert.deepEqual([inbox.waiting, held(inbox)], [3, "f e d c b a"]);
	client.change(14, [
		{ op: "deleted", id: "e" },
		{ op: "deleted", id: "c" },
	]);
	assert.equal(inbox.waiting, 2);
	inbox.hold();
	assert.equal(inbox.waiting, 2, "a second hold() is none");
	inbox.release();
	assert.equal(inbox.waiting, 0);
});

inboxTest("what is hidden stays so until it is taken back", async () => {
	const { client, inbox } = await filled(["c", "b", "a"], { filter: unread });
	inbox.hide("b");
	assert.equal(held(inbox), "c a");
	inbox.load();
	await client.answer(11, ["c", "b", "a"]);
	assert.equal(held(inbox), "c a");
	inbox.hide("b", false);
	assert.equal(held(inbox), "c b a");
	inbox.hide("b");
	client.change(12, [{ op: "deleted", id: "b" }]);
	inbox.hide("b", false);
	assert.equal(held(inbox), "c a");
});

inboxTest("the total follows the stream, each change once", async () => {
	const { client, inbox } = await filled(["c", "b", "a"], {
		total: 50,
		cursor: "a",
	});
	assert.equal(inbox.total, 50);
	client.create(10, item("c"));
	client.create(11, item("d"));
	assert.equal(inbox.total, 51);
	client.change(12, [{ op: "deleted", id: "b" }], { own: true });
	client.change(12, [{ op: "deleted", id: "b" }]);
	client.change(13, [
		{ op: "deleted", id: "0" },
		{ op: "expired", id: "a" },
	]);
	assert.equal(inbox.total, 48);
	inbox.more();
	client.create(14, item("e"));
	await client.answer(13, [], undefined, 48);
	assert.equal(inbox.total, 49);
});

inboxTest("whether what ended was in the list may not be known", async () => {
	const { client, inbox } = await filled(["d", "c", "b"], {
		total: 9,
		cursor: "b",
	});
	client.change(11, [{ op: "withdrawn", id: "a" }]);
	assert.equal(inbox.total, NaN);
	client.create(12, item("e"));
	assert.equal(inbox.total, NaN);
	inbox.more();
	await client.answer(12, [], undefined, 9);
	assert.equal(inbox.total, 9);
});

inboxTest("10,000 held make a change no dearer", async () => {
	const ids = Array.from(
		{ length: 10000 },
		(_, n) => `a${String(n).padStart(5, "0")}`,
	);
	const { client, inbox } = await filled([...ids].reverse());
	let looked = 0;
	const items = new Proxy(inbox.items, {
		get(target, name, receiver) {
			if (/^\d+$/.test(String(name))) looked++;
			return Reflect.get(target, name, receiver);
		},
	});
	assert.equal(placeOf("a05000", items), 4999);
	assert.ok(looked <= 14, `${looked} looked at`);
	const before = inbox.items;
	client.create(11, item("b"));
	client.change(12, [{ op: "read", id: "a05000" }]);
	client.change(13, [{ op: "deleted", id: "a00007" }]);
	assert.equal(inbox.items, before, "the list is not made anew");
	assert.deepEqual([inbox.items.length, inbox.items[0].id], [10000, "b"]);
	assert.equal(inbox.items[placeOf("a05000", inbox.items)].read, true);
});

inboxTest("a closed one follows nothing", async () => {
	const { client, inbox } = await filled(["a"]);
	inbox.close();
	client.change(11, [{ op: "deleted", id: "a" }]);
	assert.equal(held(inbox), "a");
});
