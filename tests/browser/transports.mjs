/**
 * Socket, stream and polling: what each brings, and when one takes the other's place.
 */

import assert from "node:assert/strict";
import { settle } from "./fakes.mjs";
import { EPOCH, alone, connect, counts, created, unreadCount } from "./setting.mjs";
import { test } from "./tap.mjs";
import { TidingsClient } from "../../web/tidings-client.js";

const BASE = "/api/notifications";
const all = { transports: ["socket", "stream", "poll"] };
const hello = { type: "connected", epoch: EPOCH };

/** As the server has it for polls: a page that is `tag`, or nothing new. */
function pages(state) {
	return ({ path, headers }) => {
		if (path.endsWith("/unread-count")) return [200, counts(1, 0)];
		if (headers["If-None-Match"] === state.tag) return [304];
		return [200, state.page, { ETag: state.tag }];
	};
}

const page = (seq, unread, ...ids) => ({
	...counts(seq, unread),
	notifications: ids.map((id) => ({ id, title: `title of ${id}` })),
	total: ids.length,
});

async function begin({ client }) {
	client.start();
	await settle();
}

const transportOf = ({ client }) => [client.status.state, client.status.transport];

// --- The stream ---------------------------------------------------------------

const streaming = { transports: ["stream"] };

alone("a stream is asked for with token and position", streaming, async (setting) => {
	const { client, network } = setting;
	await begin(setting);
	assert.equal(network.stream.request.path, `${BASE}/stream`);
	assert.equal(network.stream.request.headers.Authorization, "Bearer secret");
	await network.stream.receive("retry: 2000\n\n", hello, unreadCount(10, 3, 2));
	assert.deepEqual(transportOf(setting), ["connected", "stream"]);
	assert.deepEqual([client.unread, client.unseen, client.position.seq], [3, 2, 10]);
	client.stop();
	assert.equal(network.stream.wasClosed, true);
	await begin(setting);
	assert.equal(network.stream.request.path, `${BASE}/stream?since=10&epoch=${EPOCH}`);
});

alone("events may come in any pieces", streaming, async (setting) => {
	await begin(setting);
	const { stream } = setting.network;
	await stream.receive(hello, unreadCount(10, 0));
	const text = `:\n\nevent: new_notification\nid: e1:11\ndata: ${JSON.stringify(
		created("é", 11, 1),
	)}\n\n:\n\n`;
	for (const character of text) await stream.receive(character);
	assert.deepEqual(
		setting.of("notification").map(({ notification }) => notification.id),
		["é"],
	);
});

alone("a stream without heartbeat is left", streaming, async (setting) => {
	const { network, clock } = setting;
	await begin(setting);
	await network.stream.receive(hello, unreadCount(10, 0));
	for (let beat = 0; beat < 4; beat++) {
		await clock.advance(59000);
		await network.stream.receive(":\n\n");
	}
	assert.equal(network.streams.length, 1);
	await clock.advance(60000);
	await clock.advance(10000);
	assert.equal(network.streams[0].wasClosed, true);
	assert.equal(setting.client.status.state, "waiting");
});

alone(
	"a token that ends soon begins a stream anew, quietly",
	{
		...streaming,
		token: (() => {
			let calls = 0;
			return () => `token ${++calls}`;
		})(),
	},
	async (setting) => {
		const { network } = setting;
		await begin(setting);
		await network.stream.receive(hello, unreadCount(10, 0));
		const before = setting.of("status").length;
		await network.stream.receive({ type: "token_expiring" });
		assert.equal(network.streams.length, 2);
		assert.equal(network.stream.request.headers.Authorization, "Bearer token 2");
		assert.equal(
			network.stream.request.path,
			`${BASE}/stream?since=10&epoch=${EPOCH}`,
		);
		assert.equal(setting.of("status").length, before);
		await network.stream.receive(hello, unreadCount(10, 0), {
			type: "token_expiring",
		});
		assert.equal(
			network.streams.length,
			2,
			"a token that lives too short is no loop",
		);
	},
);

for (const [code, state, reason, least] of [
	["going_away", "waiting", "server", 4321],
	["unavailable", "waiting", "server", 4321],
	["too_many_connections", "waiting", "replaced", 4321],
	["disconnected", "stopped", "forbidden"],
	["forgotten", "stopped", "forbidden"],
	["token_revoked", "stopped", "forbidden"],
])
	alone(`a stream that ends for ${code}`, streaming, async (setting) => {
		await begin(setting);
		const { stream } = setting.network;
		await stream.receive("retry: 2000\n\n", hello, unreadCount(10, 0));
		await stream.receive("retry: 4321\n\n", { type: "error", code });
		await stream.end();
		const { status } = setting.client;
		assert.deepEqual(
			[status.state, status.reason, status.delay],
			[state, reason, least],
		);
		assert.deepEqual(setting.clock.pending, least ? [least] : []);
	});

alone(
	"a stream whose token is refused is not begun again with it",
	streaming,
	async (setting) => {
		await begin(setting);
		const { stream } = setting.network;
		await stream.receive(hello, { type: "auth_failed", code: "token_expired" });
		await stream.end();
		const { state, reason } = setting.client.status;
		assert.deepEqual([state, reason], ["stopped", "unauthorized"]);
	},
);

// --- Polling --------------------------------------------------------------------

const polling = { transports: ["poll"], random: 0.5 };

alone(
	"polling asks again, and costs nothing while nothing is new",
	polling,
	async (setting) => {
		const { client, network, clock } = setting;
		const state = { tag: '"a"', page: page(10, 1, "a") };
		network.answer = pages(state);
		await begin(setting);
		assert.deepEqual(transportOf(setting), ["connected", "poll"]);
		assert.equal(network.requests[0].path, `${BASE}/?limit=20`);
		assert.deepEqual([client.unread, client.position.seq], [1, 10]);
		const before = setting.of("change").length;
		await clock.advance(14999);
		assert.equal(network.requests.length, 1);
		await clock.advance(1);
		assert.equal(network.requests.length, 2);
		assert.equal(network.requests[1].headers["If-None-Match"], '"a"');
		assert.equal(setting.of("change").length, before);
		assert.equal(setting.of("status").length, 2);
		client.stop();
		await clock.advance(100000);
		assert.equal(network.requests.length, 2);
	},
);

alone("what is new is told, what else has changed is not known", polling, async (setting) => {
	const { client, network, clock, of } = setting;
	const state = { tag: '"a"', page: page(10, 1, "a") };
	network.answer = pages(state);
	await begin(setting);
	assert.equal(of("notification").length, 0, "what was there is not new");
	Object.assign(state, { tag: '"b"', page: page(13, 3, "c", "b", "a") });
	await clock.advance(15000);
	assert.deepEqual(
		of("notification").map(({ notification, seq }) => [notification.id, seq]),
		[
			["b", 13],
			["c", 13],
		],
	);
	assert.equal(of("change").at(-1).changes, undefined);
	assert.deepEqual([client.unread, client.position.seq], [3, 13]);
	Object.assign(state, { tag: '"c"', page: page(14, 0, "c", "b", "a") });
	await clock.advance(15000);
	assert.equal(of("notification").length, 2);
	assert.deepEqual([client.unread, of("change").at(-1).seq], [0, 14]);
	Object.assign(state, { tag: '"d"', page: page(2, 5, "a") });
	await clock.advance(15000);
	assert.deepEqual([client.unread, of("change").at(-1).reset], [5, true]);
	assert.equal(of("status").length, 2);
});

alone("the first notification of all is new", polling, async (setting) => {
	const state = { tag: '"a"', page: page(0, 0) };
	setting.network.answer = pages(state);
	await begin(setting);
	Object.assign(state, { tag: '"b"', page: page(1, 1, "a") });
	await setting.clock.advance(15000);
	assert.equal(setting.of("notification").length, 1);
});

alone("polling that fails waits, and goes on", polling, async (setting) => {
	const { client, network, clock } = setting;
	const good = pages({ tag: '"a"', page: page(10, 1, "a") });
	network.answer = good;
	await begin(setting);
	network.answer = () => [503, { error: "no" }, { "Retry-After": "40" }];
	await clock.advance(15000);
	assert.deepEqual(
		[client.status.state, client.status.reason, client.status.delay],
		["waiting", "server", 50000],
	);
	network.answer = good;
	await clock.advance(50000);
	assert.deepEqual(transportOf(setting), ["connected", "poll"]);
});

alone(
	"polls bear the token of their time",
	{
		...polling,
		token: (() => {
			let calls = 0;
			return () => ({
				token: `token ${++calls}`,
				expiresAt: new Date(Date.now() + 70000).toISOString(),
			});
		})(),
	},
	async (setting) => {
		const { network, clock } = setting;
		network.answer = pages({ tag: '"a"', page: page(10, 1, "a") });
		await begin(setting);
		await clock.advance(15000);
		await clock.advance(45000);
		const tokens = network.requests.map(({ headers }) =>
			headers.Authorization.at(-1),
		);
		assert.deepEqual(tokens, ["1", "1", "2"]);
		assert.equal(setting.of("status").length, 2);
	},
);

// --- From one to the other ------------------------------------------------------

alone("blocked socket, then stream; blocked stream, then polling", all, async (setting) => {
	const { client, network, clock, warnings } = setting;
	network.answer = pages({ tag: '"a"', page: page(10, 1, "a") });
	await begin(setting);
	await network.socket.end(1006);
	assert.equal(network.requests[0].path, `${BASE}/unread-count`);
	assert.equal(network.streams.length, 1);
	assert.deepEqual(
		[client.status.state, client.status.reason],
		["connecting", "blocked"],
	);
	await clock.advance(15000); // a proxy that keeps all to itself
	assert.equal(network.streams[0].wasClosed, true);
	assert.deepEqual(transportOf(setting), ["connected", "poll"]);
	assert.equal(warnings.length, 1, "said once");
	assert.match(warnings[0], /tidings-webserver\(7\)/);
});

alone("a stream that is not there is passed over", all, async (setting) => {
	const { network } = setting;
	network.streams = null;
	const answer = pages({ tag: '"a"', page: page(10, 1, "a") });
	network.answer = (request) =>
		request.path.includes("/stream") ? [404, {}] : answer(request);
	await begin(setting);
	await network.socket.end(1006);
	assert.deepEqual(transportOf(setting), ["connected", "poll"]);
});

alone("a push daemon that is away is awaited, not given up", all, async (setting) => {
	const { client, network, clock } = setting;
	network.streams = null;
	network.answer = ({ path }) => (path.includes("/stream") ? [502, {}] : [200, {}]);
	await begin(setting);
	for (let attempt = 1; attempt < 4; attempt++) {
		await network.socket.end(1006);
		assert.deepEqual(
			[client.status.state, client.status.reason],
			["waiting", "server"],
		);
		await clock.advance(client.status.delay);
		assert.equal(network.sockets.length, attempt + 1);
	}
});

alone(
	"without WebSocket it begins with the stream",
	{ ...all, WebSocket: null },
	async (setting) => {
		await begin(setting);
		assert.equal(setting.network.streams.length, 1);
	},
);

alone(
	"a constructor that throws is a blocked socket",
	{
		...all,
		WebSocket: class {
			constructor() {
				throw new Error("refused by the policy of the page");
			}
		},
	},
	async (setting) => {
		await begin(setting);
		assert.equal(setting.network.streams.length, 1);
	},
);

alone(
	"what has worked is tried some more before the next",
	{ ...all, random: 0 },
	async (setting) => {
		const { network, clock } = setting;
		await begin(setting);
		connect(network.socket, unreadCount(10, 1));
		await network.socket.end(1006);
		for (let failures = 0; failures < 3; failures++) {
			assert.equal(network.streams.length, 0);
			await clock.advance(0);
			await network.socket.end(1006);
		}
		assert.equal(network.streams.length, 1);
	},
);

alone("the better ones are tried again after ten minutes, quietly", all, async (setting) => {
	const { client, network, clock } = setting;
	network.answer = pages({ tag: '"a"', page: page(10, 1, "a") });
	await begin(setting);
	await network.socket.end(1006);
	await network.stream.end();
	assert.deepEqual(transportOf(setting), ["connected", "poll"]);
	const before = setting.of("status").length;
	while (network.sockets.length < 2) {
		assert.ok(clock.now < 1_700_000, "within eleven minutes");
		await clock.advance(15000);
	}
	assert.ok(clock.now >= 1_600_000, "not before ten");
	assert.equal(setting.of("status").length, before);
	connect(network.socket, unreadCount(10, 1));
	assert.equal(network.socket.sent[0].since, undefined, "it needs an epoch");
	assert.deepEqual(transportOf(setting), ["connected", "socket"]);
	assert.ok(!setting.of("change").some(({ reset }) => reset));
	network.socket.receive(created("b", 11, 2));
	assert.equal(client.position.epoch, EPOCH);
	assert.equal(setting.of("notification").length, 1);
	const requests = network.requests.length;
	await clock.advance(15000);
	assert.equal(network.requests.length, requests, "no poll goes on");
});

alone("what happened between the last poll and the socket is fetched", all, async (setting) => {
	const { client, network, clock, of } = setting;
	network.answer = pages({ tag: '"a"', page: page(10, 1, "a") });
	await begin(setting);
	await network.socket.end(1006);
	await network.stream.end();
	client.stop();
	await clock.advance(600_000);
	await begin(setting);
	connect(network.socket, unreadCount(12, 3));
	assert.equal(of("change").at(-1).reset, true);
	assert.deepEqual([client.unread, client.position], [3, { epoch: EPOCH, seq: 12 }]);
});

alone("between two transports nothing is told twice or not at all", all, async (setting) => {
	const { network, clock, of } = setting;
	await begin(setting);
	connect(network.socket, unreadCount(10, 0));
	network.socket.receive(created("a", 11, 1), created("b", 12, 2));
	network.streams = null;
	const answer = pages({ tag: '"x"', page: page(13, 3, "c", "b", "a") });
	network.answer = (request) =>
		request.path.includes("/stream") ? [404, {}] : answer(request);
	for (let failures = 0; failures < 4; failures++) {
		await network.socket.end(1006);
		await clock.advance(30000);
	}
	assert.deepEqual(transportOf(setting), ["connected", "poll"]);
	assert.deepEqual(
		of("notification").map(({ notification }) => notification.id),
		["a", "b", "c"],
	);
});

test("client: no transport that could be used is an error", () => {
	const base = "http://site.test/";
	const options = { base, WebSocket: null };
	for (const transports of [["pigeon"], ["socket"], []])
		assert.throws(() => new TidingsClient({ ...options, transports }), TypeError);
});
