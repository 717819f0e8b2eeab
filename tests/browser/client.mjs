/**
 * The client module against a network and a clock that are moved by hand: the
 * rules of the contract that a browser could only meet by luck.
 */

import assert from "node:assert/strict";
import { settle } from "./fakes.mjs";
import { EPOCH, alone, counts, created, online, unreadCount, update } from "./setting.mjs";
import { TidingsError } from "../../web/tidings-client.js";

// --- Connecting ---------------------------------------------------------------

alone("the first message carries the token", {}, async ({ client, network, of }) => {
	client.start();
	await settle();
	const { socket } = network;
	assert.equal(socket.url, "ws://site.test/api/notifications/ws");
	assert.equal(socket.protocol, "tidings.v1");
	socket.open();
	assert.deepEqual(socket.sent, []);
	socket.receive({ type: "auth_required", message: "who are you" });
	assert.deepEqual(socket.sent, [{ type: "auth", token: "secret" }]);
	assert.equal(client.status.state, "connecting");
	socket.receive({ type: "connected", epoch: EPOCH });
	assert.deepEqual(
		of("status").map(({ state }) => state),
		["connecting", "connected"],
	);
	assert.equal(client.position, null);
	socket.receive(unreadCount(10, 3, 2));
	assert.deepEqual([client.unread, client.unseen], [3, 2]);
	assert.deepEqual(client.position, { epoch: EPOCH, seq: 10 });
});

alone("a cookie needs no message", { token: undefined }, async ({ client, network }) => {
	client.start();
	await settle();
	network.socket.open();
	network.socket.receive({ type: "connected", epoch: EPOCH }, unreadCount(4, 1));
	assert.deepEqual(network.socket.sent, []);
	assert.equal(client.status.state, "connected");
	client.stop();
	client.start();
	await settle();
	assert.equal(new URL(network.socket.url).search, `?since=4&epoch=${EPOCH}`);
});

alone(
	"without token or cookie it says so",
	{ token: undefined },
	async ({ client, network }) => {
		client.start();
		await settle();
		network.socket.open();
		network.socket.receive({ type: "auth_required" });
		assert.deepEqual(
			[client.status.state, client.status.reason],
			["stopped", "unauthorized"],
		);
		assert.equal(network.socket.wasClosed, true);
	},
);

alone("a second start() opens no second socket", {}, async ({ client, network }) => {
	client.start();
	client.start();
	await settle();
	assert.equal(network.sockets.length, 1);
});

alone(
	"stop() while the token is awaited opens nothing",
	{
		token: () => Promise.resolve("late"),
	},
	async ({ client, network, clock }) => {
		client.start();
		client.stop();
		await settle();
		assert.equal(network.sockets.length, 0);
		assert.deepEqual(clock.pending, []);
	},
);

alone("a server that never greets is left", {}, async ({ client, network, clock }) => {
	client.start();
	await settle();
	network.socket.open();
	await clock.advance(14999);
	assert.equal(network.socket.wasClosed, false);
	await clock.advance(1);
	assert.equal(network.socket.wasClosed, true);
	assert.equal(client.status.state, "waiting");
});

// --- Never a gap, never a drift -------------------------------------------------

online("a notification is told with its counts", {}, ({ client, network, of }) => {
	network.socket.receive(created("a", 11, 2));
	assert.equal(of("notification").length, 1);
	assert.equal(of("notification")[0].notification.id, "a");
	assert.deepEqual(of("change").at(-1).changes, [{ op: "created", id: "a" }]);
	assert.deepEqual([client.unread, client.position.seq], [2, 11]);
});

online("what is not above the last applied is dropped", {}, ({ client, network, of }) => {
	network.socket.receive(created("a", 11, 2));
	const before = of("change").length;
	network.socket.receive(
		created("a", 11, 9),
		created("b", 9, 9),
		update([{ op: "seen" }], 11, 9),
	);
	assert.equal(of("notification").length, 1);
	assert.equal(of("change").length, before);
	assert.equal(client.unread, 2);
	network.socket.receive(update([{ op: "all_read" }], 12, 0));
	assert.deepEqual([client.unread, client.position.seq], [0, 12]);
});

online("it resumes from what it applied", {}, async ({ network, clock }) => {
	network.socket.receive(created("a", 11, 2));
	await network.socket.end(1006);
	await clock.advance(30000);
	assert.equal(network.sockets.length, 2);
	network.socket.open();
	network.socket.receive({ type: "auth_required" });
	assert.deepEqual(network.socket.sent, [
		{ type: "auth", token: "secret", since: 11, epoch: EPOCH },
	]);
});

online("`connected` applies nothing", {}, async ({ client, network, clock, of }) => {
	await network.socket.end(1006);
	await clock.advance(30000);
	network.socket.open();
	network.socket.receive({ type: "connected", epoch: "e2" });
	assert.deepEqual(client.position, { epoch: EPOCH, seq: 10 });
	await network.socket.end(1006);
	await clock.advance(30000);
	network.socket.open();
	network.socket.receive({ type: "auth_required" });
	assert.equal(network.socket.sent[0].epoch, EPOCH);
	network.socket.receive({ type: "connected", epoch: "e2" });
	network.socket.receive({ ...update(undefined, 3, 7), reset: true }, unreadCount(3, 7));
	assert.deepEqual(client.position, { epoch: "e2", seq: 3 });
	assert.equal(client.unread, 7);
	assert.equal(of("change").filter(({ reset }) => reset).length, 1);
});

online("a reset counts though its number is lower", {}, ({ client, network, of }) => {
	network.socket.receive({ ...update(undefined, 2, 5), reset: true });
	assert.deepEqual([client.unread, client.position.seq], [5, 2]);
	assert.equal(of("change").at(-1).reset, true);
	network.socket.receive(created("a", 3, 6));
	assert.equal(client.unread, 6);
});

online(
	"an answer ahead of the stream opens no gap",
	{
		answer: () => [
			200,
			{ notification: { id: "x", read: true }, ...counts(13, 0) },
		],
	},
	async ({ client, network, of }) => {
		await client.markRead("x");
		assert.deepEqual([client.unread, client.position.seq], [0, 10]);
		network.socket.receive(created("a", 11, 2), created("b", 12, 3));
		assert.deepEqual(
			of("notification").map(({ notification }) => notification.id),
			["a", "b"],
		);
		assert.equal(client.unread, 0);
		network.socket.receive(
			update([{ op: "read", id: "x" }], 13, 0),
			created("c", 14, 1),
		);
		assert.deepEqual([client.unread, client.position.seq], [1, 14]);
	},
);

online(
	"a late answer does not set counts back",
	{
		answer: () => [200, counts(9, 42)],
	},
	async ({ client }) => {
		await client.request("GET", "/unread-count");
		assert.equal(client.unread, 1);
	},
);

online(
	"an answer from before a reset does not hold counts up",
	{},
	async ({ client, network }) => {
		let reply;
		network.answer = () => new Promise((resolve) => (reply = resolve));
		const pending = client.request("GET", "/unread-count");
		await settle();
		network.socket.receive({ ...update(undefined, 2, 5), reset: true });
		reply([200, counts(99, 42)]);
		await pending;
		assert.equal(client.unread, 5);
		network.socket.receive(created("a", 3, 6));
		assert.equal(client.unread, 6);
	},
);

online("what is not understood changes nothing", {}, ({ client, network, of }) => {
	const before = of("change").length;
	network.socket.receive(
		"not json",
		"null",
		"[]",
		"7",
		{ type: "constructor" },
		{ type: 3 },
	);
	network.socket.receive(
		{ type: "new_notification", seq: "11" },
		{ ...created("a", -1, 2) },
	);
	network.socket.receive({ type: "from_the_future", seq: 99 });
	assert.equal(of("change").length, before);
	assert.equal(client.position.seq, 10);
	assert.equal(client.status.state, "connected");
});

// --- Requests -----------------------------------------------------------------------

for (const [name, act, method, path] of [
	[
		"list",
		(c) => c.list({ limit: 5, cursor: "a/b", type: undefined }),
		"GET",
		"/?limit=5&cursor=a%2Fb",
	],
	["list without a query", (c) => c.list(), "GET", "/"],
	["get", (c) => c.get("../x"), "GET", "/..%2Fx"],
	["markRead", (c) => c.markRead("i"), "PATCH", "/i/read"],
	["markUnread", (c) => c.markUnread("i"), "PATCH", "/i/unread"],
	["markAllRead", (c) => c.markAllRead(), "POST", "/read-all"],
	["seen", (c) => c.seen(), "POST", "/seen"],
	["remove", (c) => c.remove("i"), "DELETE", "/i"],
])
	alone(`${name}() requests ${method} ${path}`, {}, async ({ client, network }) => {
		await act(client);
		const [request] = network.requests;
		assert.deepEqual(
			[request.method, request.path],
			[method, `/api/notifications${path}`],
		);
		assert.equal(request.headers.Authorization, "Bearer secret");
	});

alone(
	"a refusal is an error with its code",
	{
		answer: () => [
			400,
			{
				error: "Wrong",
				code: "invalid_request",
				details: [{ field: "limit" }],
			},
		],
	},
	async ({ client }) => {
		await assert.rejects(client.list({ limit: 0 }), (error) => {
			assert.ok(error instanceof TidingsError);
			assert.deepEqual([error.message, error.status], ["Wrong", 400]);
			assert.deepEqual(
				[error.code, error.details],
				["invalid_request", [{ field: "limit" }]],
			);
			return true;
		});
	},
);

alone(
	"no answer is an error of code network",
	{
		answer: () => Promise.reject(new TypeError("fetch failed")),
	},
	async ({ client }) => {
		await assert.rejects(client.list(), {
			name: "TidingsError",
			code: "network",
			status: 0,
		});
	},
);

alone(
	"a request refused with 401 is tried once with a fresh token",
	{
		token: (() => {
			let calls = 0;
			return () => `token ${++calls}`;
		})(),
		answer: ({ headers }) =>
			headers.Authorization === "Bearer token 2"
				? [200, {}]
				: [401, { code: "token_expired" }],
	},
	async ({ client, network }) => {
		await client.list();
		assert.equal(network.requests.length, 2);
		await client.list();
		assert.equal(network.requests.length, 3);
	},
);
