/**
 * The tabs of one browser among fakes: one connection for all of one user, and nobody
 * misses or hears twice what happens while it passes from one to the next.
 */

import assert from "node:assert/strict";
import { Browser, Clock, Network, settle } from "./fakes.mjs";
import { EPOCH, connect, counts, created, jwt, unreadCount, update } from "./setting.mjs";
import { test } from "./tap.mjs";
import { TidingsClient } from "../../web/tidings-client.js";

const ANN = jwt({ sub: "ann" });
const BOB = jwt({ sub: "bob" });

/** Runs `body` in a browser whose tabs it opens: each a client that notes what it hears. */
function tabsTest(name, body) {
	test(`tabs: ${name}`, async () => {
		const clock = new Clock();
		const network = new Network();
		network.answer = () => [200, counts(1, 0)];
		const browser = new Browser();
		const { warn } = console;
		console.warn = () => {};
		const tabs = [];
		const open = async (options = {}) => {
			const tab = new TidingsClient({
				base: "http://site.test/api/notifications",
				token: ANN,
				WebSocket: network.WebSocket,
				fetch: network.fetch,
				...options,
			});
			tab.heard = [];
			tab.changes = [];
			tab.addEventListener("notification", ({ detail }) =>
				tab.heard.push(detail.notification.id),
			);
			tab.addEventListener("change", ({ detail }) =>
				tab.changes.push(detail),
			);
			tab.page = browser.page = new EventTarget();
			tabs.push(tab);
			tab.start();
			await settle();
			return tab;
		};
		try {
			await body({ open, network, browser, clock });
		} finally {
			for (const tab of tabs) tab.stop();
			await settle();
			assert.equal(browser.channels.size, 0, "all channels are closed");
			assert.deepEqual(browser.held, [], "all locks are free");
			browser.restore();
			clock.restore();
			console.warn = warn;
		}
	});
}

/** Three tabs of ann's, connected, the first of them leading. */
async function three({ open, network }) {
	const first = await open();
	connect(network.socket, unreadCount(10, 1));
	const tabs = [first, await open(), await open()];
	await settle();
	return tabs;
}

const see = ({ unread, position, status }) => [unread, position?.seq, status.state];

tabsTest("three tabs have one socket, and hear the same", async (setting) => {
	const { network } = setting;
	const tabs = await three(setting);
	assert.equal(network.sockets.length, 1);
	assert.deepEqual(
		tabs.map(({ leading }) => leading),
		[true, false, false],
	);
	for (const tab of tabs) assert.deepEqual(see(tab), [1, 10, "connected"]);
	assert.equal(tabs[2].status.transport, "socket");
	assert.equal(tabs[2].changes[0].baseline, true);
	network.socket.receive(created("a", 11, 2), created("b", 12, 3));
	await settle();
	for (const tab of tabs) {
		assert.deepEqual(tab.heard, ["a", "b"]);
		assert.deepEqual(see(tab), [3, 12, "connected"]);
	}
	const pings = network.socket.sent.filter(({ type }) => type === "auth");
	assert.equal(pings.length, 1);
});

tabsTest("before the leader is connected nobody claims to be", async ({ open, network }) => {
	await open();
	const second = await open();
	assert.equal(second.status.state, "connecting");
	connect(network.socket, unreadCount(10, 1));
	await settle();
	assert.deepEqual(see(second), [1, 10, "connected"]);
	await network.socket.end(1006);
	assert.equal(second.status.state, "waiting");
});

const dispatch = (tab, type) => tab.page.dispatchEvent(new Event(type));

for (const [how, leave] of [
	["stops", (tab) => tab.stop()],
	["is put away", (tab) => dispatch(tab, "pagehide")],
	["is frozen", (tab) => dispatch(tab, "freeze")],
])
	tabsTest(`when the leader ${how} another goes on without gap`, async (setting) => {
		const { network } = setting;
		const [first, ...others] = await three(setting);
		network.socket.receive(created("a", 11, 2));
		await settle();
		const [old] = network.sockets;
		leave(first);
		await settle();
		assert.equal(old.wasClosed, true);
		assert.deepEqual(
			others.map(({ leading }) => leading),
			[true, false],
		);
		assert.equal(network.sockets.length, 2);
		const { socket } = network;
		socket.open();
		socket.receive({ type: "auth_required" });
		const resumed = { type: "auth", token: ANN, since: 11, epoch: EPOCH };
		assert.deepEqual(socket.sent, [resumed]);
		socket.receive({ type: "connected", epoch: EPOCH });
		socket.receive(created("b", 12, 3), unreadCount(12, 3), created("c", 13, 4));
		await settle();
		for (const tab of others) {
			assert.deepEqual(tab.heard, ["a", "b", "c"]);
			assert.deepEqual(see(tab), [4, 13, "connected"]);
			assert.ok(!tab.changes.some(({ reset }) => reset));
		}
	});

tabsTest("a page that comes back follows, and fetches what it missed", async (setting) => {
	const { network } = setting;
	const [first, second] = await three(setting);
	dispatch(first, "pagehide");
	await settle();
	connect(network.socket, created("a", 11, 2));
	await settle();
	assert.deepEqual([first.heard, first.position.seq], [[], 10]);
	dispatch(first, "pageshow");
	await settle();
	assert.deepEqual([first.leading, second.leading], [false, true]);
	assert.deepEqual(see(first), [2, 11, "connected"]);
	assert.equal(first.changes.at(-1).reset, true);
	assert.equal(network.sockets.length, 2);
});

tabsTest("a page that was stopped stays so when it comes back", async ({ open, network }) => {
	const tab = await open();
	connect(network.socket, unreadCount(10, 1));
	tab.stop();
	dispatch(tab, "pagehide");
	dispatch(tab, "pageshow");
	await settle();
	assert.equal(network.sockets.length, 1);
});

tabsTest("another user's tab does not join, nor one of another server", async (setting) => {
	const { open, network } = setting;
	const [first] = await three(setting);
	const other = await open({ token: BOB });
	const elsewhere = await open({ base: "http://site.test/other" });
	const alone = await open({ shared: false });
	const unknown = await open({ token: "opaque" });
	assert.equal(network.sockets.length, 5);
	for (const tab of [other, elsewhere, alone, unknown])
		assert.deepEqual([tab.leading, tab.unread], [true, 0]);
	network.sockets[0].receive(created("a", 11, 2));
	connect(network.sockets[1], unreadCount(3, 7));
	await settle();
	assert.deepEqual([first.unread, other.unread, other.heard], [2, 7, []]);
});

tabsTest("`user` tells apart those whom no token does", async ({ open, network }) => {
	for (const user of ["ann", "ann", "bob"]) await open({ token: undefined, user });
	assert.equal(network.sockets.length, 2);
	await open({ user: "ann" }); // whose token may be of anybody
	assert.equal(network.sockets.length, 3);
});

tabsTest("without locks a tab works alone", async ({ open, network, browser }) => {
	delete browser.navigator.locks;
	await open();
	await open();
	assert.equal(network.sockets.length, 2);
});

tabsTest("where locks are refused a tab works alone", async ({ open, network, browser }) => {
	browser.navigator.locks.request = () => Promise.reject(new Error("not here"));
	await open();
	await open();
	assert.equal(network.sockets.length, 2);
});

tabsTest("what one tab reads is read in all", async (setting) => {
	const { network } = setting;
	const tabs = await three(setting);
	network.answer = () => [200, { notification: { id: "x" }, ...counts(11, 0) }];
	await tabs[1].markRead("x");
	assert.equal(tabs[1].unread, 0);
	network.socket.receive(update([{ op: "read", id: "x" }], 11, 0));
	await settle();
	for (const tab of tabs) assert.deepEqual(see(tab), [0, 11, "connected"]);
});

tabsTest("a reset is one in all tabs", async (setting) => {
	const { network } = setting;
	const tabs = await three(setting);
	network.socket.receive({ ...update(undefined, 2, 5), reset: true });
	await settle();
	for (const tab of tabs) {
		assert.deepEqual(see(tab), [5, 2, "connected"]);
		assert.equal(tab.changes.at(-1).reset, true);
	}
});

tabsTest("who has missed a message notices, and catches up", async (setting) => {
	const { network, browser } = setting;
	const [, second] = await three(setting);
	const deaf = [...browser.channels][1];
	const { onmessage } = deaf;
	deaf.onmessage = () => {};
	network.socket.receive(created("a", 11, 2));
	await settle();
	deaf.onmessage = onmessage;
	assert.equal(second.position.seq, 10);
	network.socket.receive(created("b", 12, 3));
	await settle();
	assert.deepEqual(see(second), [3, 12, "connected"]);
	assert.equal(second.changes.at(-1).reset, true);
	network.socket.receive(created("c", 13, 4));
	await settle();
	assert.deepEqual(second.heard, ["c"]);
});

tabsTest("who has missed another epoch notices, too", async (setting) => {
	const { network, browser } = setting;
	const [, second] = await three(setting);
	const deaf = [...browser.channels][1];
	const { onmessage } = deaf;
	deaf.onmessage = () => {};
	network.socket.receive(
		{ type: "connected", epoch: "e2" },
		{ ...update(undefined, 3, 5), reset: true },
	);
	await settle();
	deaf.onmessage = onmessage;
	network.socket.receive(created("a", 4, 6));
	await settle();
	assert.deepEqual([second.unread, second.position], [6, { epoch: "e2", seq: 4 }]);
});

tabsTest("what is not understood on the channel changes nothing", async (setting) => {
	const { browser, network } = setting;
	const tabs = await three(setting);
	const before = tabs.map((tab) => [...see(tab), tab.changes.length]);
	const [{ name }] = browser.channels;
	const stranger = new BroadcastChannel(name);
	const older = new BroadcastChannel(name.replace("1", "0"));
	const message = created("x", 99, 99);
	older.postMessage(["message", { message, after: null }]);
	for (const data of [
		null,
		7,
		"state",
		{ kind: "message" },
		[],
		["lead", {}],
		["constructor", {}],
		["__proto__", {}],
		["message", null],
		["message", {}],
		["message", { message: 7 }],
		["message", { message: { type: 7 } }],
		["message", { message: { type: "polled", seq: 99 } }],
		["message", { message: { ...message, seq: "99" } }],
		["state", 7],
		["state", { status: 7 }],
		["state", { status: { state: 7 }, position: { epoch: EPOCH, seq: "99" } }],
	])
		stranger.postMessage(data);
	await settle();
	stranger.close();
	older.close();
	assert.deepEqual(
		tabs.map((tab) => [...see(tab), tab.changes.length]),
		before,
	);
	assert.equal(network.sockets.length, 1);
});

tabsTest("a leader whose token is refused makes way", async ({ open, network }) => {
	const first = await open({ token: jwt({ sub: "ann", exp: 1 }) });
	const second = await open();
	network.socket.open();
	network.socket.receive({ type: "auth_required" }, { type: "auth_failed" });
	await network.socket.end(4401);
	assert.deepEqual(
		[first.status.state, first.status.reason],
		["stopped", "unauthorized"],
	);
	assert.equal(second.leading, true);
	connect(network.socket, unreadCount(10, 1));
	assert.equal(network.socket.sent[0].token, ANN);
	first.token = ANN;
	await settle();
	assert.deepEqual(see(first), [1, 10, "connected"]);
	assert.equal(network.sockets.length, 2);
});

tabsTest("an administrator's end is that of all tabs", async (setting) => {
	const { network } = setting;
	const tabs = await three(setting);
	await network.socket.end(4403);
	await settle();
	for (const { status } of tabs)
		assert.deepEqual([status.state, status.reason], ["stopped", "forbidden"]);
	const opened = network.sockets.length;
	assert.ok(network.sockets.slice(1).every(({ wasClosed }) => wasClosed));
	for (const tab of tabs) dispatch(tab, "online");
	await settle();
	assert.equal(network.sockets.length, opened);
});

tabsTest("a tab whose user has changed goes to the others of that user", async (setting) => {
	const { network } = setting;
	const [first, second] = await three(setting);
	second.token = BOB;
	await settle();
	assert.deepEqual([second.leading, second.position], [true, null]);
	assert.equal(network.sockets.length, 2);
	connect(network.socket, unreadCount(3, 7));
	network.sockets[0].receive(created("a", 11, 2));
	first.token = BOB;
	await settle();
	assert.equal(network.sockets[0].wasClosed, true);
	assert.deepEqual(see(first), [7, 3, "connected"]);
	assert.deepEqual([first.leading, second.heard], [false, []]);
});

tabsTest("a tab that is looked at has the leader test the line", async (setting) => {
	const { network } = setting;
	const [, second] = await three(setting);
	const pings = () => network.socket.sent.filter(({ type }) => type === "ping").length;
	const before = pings();
	dispatch(second, "visibilitychange");
	await settle();
	assert.equal(pings(), before + 1);
});

tabsTest("silence is tested while a tab may be looked at", async (setting) => {
	const { network, browser, clock, open } = setting;
	browser.document.visibilityState = "hidden";
	const pings = () => network.socket.sent.filter(({ type }) => type === "ping").length;
	const first = await open();
	connect(network.socket, unreadCount(10, 1));
	await clock.advance(60000);
	await clock.advance(60000);
	assert.equal(pings(), 0);
	const others = [await open(), await open()];
	const before = pings();
	first.stop();
	await settle();
	connect(network.socket, unreadCount(10, 1));
	await settle();
	assert.equal(others[0].leading, true);
	await clock.advance(60000);
	assert.ok(pings() > 0 && before > 0);
});

tabsTest("who follows goes on to do so with another token", async (setting) => {
	const [, second] = await three(setting);
	const states = [];
	second.addEventListener("status", ({ detail }) => states.push(detail.state));
	second.token = jwt({ sub: "ann", n: 2 });
	await settle();
	assert.deepEqual([states, second.leading], [[], false]);
});

tabsTest("whoever was signed out is asked for again when there is reason", async (setting) => {
	const { open, network } = setting;
	let token = null;
	const tab = await open({ token: () => token });
	assert.deepEqual([tab.status.state, tab.status.reason], ["stopped", "unauthorized"]);
	token = ANN;
	assert.equal(network.sockets.length, 0);
	dispatch(tab, "visibilitychange");
	await settle();
	assert.equal(network.sockets.length, 1);
});

tabsTest("a poll that is under way is not begun twice", async ({ open, network }) => {
	network.answer = () => [200, { ...counts(1, 0), notifications: [] }];
	const tab = await open({ transports: ["poll"] });
	for (let time = 0; time < 3; time++) dispatch(tab, "visibilitychange");
	await settle();
	assert.equal(network.requests.length, 2);
});

tabsTest("polling is slow while nobody looks", async ({ open, network, browser, clock }) => {
	browser.document.visibilityState = "hidden";
	network.answer = () => [200, { ...counts(1, 0), notifications: [] }];
	await open({ transports: ["poll"] });
	assert.equal(network.requests.length, 1);
	await clock.advance(59999);
	assert.equal(network.requests.length, 1);
	await clock.advance(1);
	assert.equal(network.requests.length, 2);
	await open();
	await clock.advance(60000);
	assert.equal(network.requests.length, 4);
	await clock.advance(15000);
	assert.equal(network.requests.length, 5, "another tab may be what is looked at");
});

tabsTest("coming online tries the better transports again", async ({ open, network }) => {
	const tab = await open();
	await network.socket.end(1006);
	await network.stream.receive({ type: "connected", epoch: EPOCH }, unreadCount(10, 1));
	assert.equal(tab.status.transport, "stream");
	dispatch(tab, "online");
	await settle();
	assert.equal(network.sockets.length, 2);
	connect(network.socket, unreadCount(10, 1));
	assert.equal(tab.status.transport, "socket");
});

tabsTest("a device without network says so", async ({ open, network, browser }) => {
	const tab = await open();
	connect(network.socket, unreadCount(10, 1));
	browser.navigator.onLine = false;
	await network.socket.end(1006);
	assert.deepEqual([tab.status.state, tab.status.reason], ["waiting", "offline"]);
	dispatch(tab, "visibilitychange");
	await settle();
	assert.equal(network.sockets.length, 1);
	browser.navigator.onLine = true;
	dispatch(tab, "online");
	await settle();
	assert.equal(network.sockets.length, 2);
});

for (const [origin, reached, reason] of [
	["http://site.test", true, "server"],
	["http://page.test", true, "origin"],
	["http://page.test", false, "server"],
])
	tabsTest(
		`refused requests from ${origin}: ${reason}`,
		async ({ open, network, browser }) => {
			browser.locate(origin);
			network.answer = ({ mode }) => {
				if (mode === "no-cors" && reached) return [200, {}];
				throw new TypeError("Failed to fetch");
			};
			const tab = await open();
			await network.socket.end(1006);
			assert.deepEqual(
				[tab.status.state, tab.status.reason],
				["waiting", reason],
			);
		},
	);
