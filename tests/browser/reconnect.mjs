/**
 * How the client comes back, and when it does not.
 */

import assert from "node:assert/strict";
import { settle } from "./fakes.mjs";
import { alone, connect, counts, online, unreadCount } from "./setting.mjs";

// --- Coming back ------------------------------------------------------------------

const delayOf = ({ client }) => client.status.delay;

alone("waits grow twofold to a limit, full jitter", { random: 0.999999 }, async (all) => {
	const { client, network, clock } = all;
	client.start();
	await settle();
	const delays = [];
	for (let attempt = 0; attempt < 9; attempt++) {
		await network.socket.end(1006);
		delays.push(delayOf(all));
		await clock.advance(delayOf(all));
	}
	assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

alone("full jitter begins at nothing", { random: 0 }, async (all) => {
	all.client.start();
	await settle();
	await all.network.socket.end(1006);
	assert.equal(delayOf(all), 0);
});

online("only a connection that lasted forgets failures", { random: 0.999999 }, async (all) => {
	const { network, clock } = all;
	await network.socket.end(1006);
	assert.equal(delayOf(all), 500);
	await clock.advance(500);
	connect(network.socket, unreadCount(10, 1));
	await network.socket.end(1006);
	assert.equal(delayOf(all), 1000);
	await clock.advance(1000);
	connect(network.socket, unreadCount(10, 1));
	await clock.advance(10000);
	await network.socket.end(1006);
	assert.equal(delayOf(all), 500);
});

online("a server that goes says when to return", {}, async (all) => {
	await all.network.socket.end(1001, "4321");
	assert.equal(delayOf(all), 4321);
	await all.clock.advance(4320);
	assert.equal(all.network.sockets.length, 1);
	await all.clock.advance(1);
	assert.equal(all.network.sockets.length, 2);
});

for (const reason of ["", "soon", "-5", "1e3", "99999999999"])
	online(`a hint of "${reason}" is none`, { random: 0.999999 }, async (all) => {
		await all.network.socket.end(1001, reason);
		assert.equal(delayOf(all), 500);
	});

online("no return after 4403", {}, async ({ client, network, clock }) => {
	await network.socket.end(4403);
	assert.deepEqual([client.status.state, client.status.reason], ["stopped", "forbidden"]);
	assert.deepEqual(clock.pending, []);
	assert.equal(network.sockets.length, 1);
});

online("no return after 4401 with the same token", {}, async ({ client, network, clock }) => {
	network.socket.receive({ type: "auth_failed", code: "token_expired" });
	await network.socket.end(4401);
	assert.deepEqual(
		[client.status.state, client.status.reason],
		["stopped", "unauthorized"],
	);
	assert.deepEqual(clock.pending, []);
	client.token = "fresh";
	await settle();
	network.socket.open();
	network.socket.receive({ type: "auth_required" });
	assert.equal(network.socket.sent[0].token, "fresh");
});

online(
	"a supplier that repeats a refused token ends it",
	{
		token: () => "stale",
	},
	async ({ client, network, clock }) => {
		await network.socket.end(4401);
		await clock.advance(30000);
		assert.deepEqual(
			[client.status.state, client.status.reason],
			["stopped", "unauthorized"],
		);
		assert.equal(network.sockets.length, 1);
	},
);

let supplied = 0;
online(
	"a supplier's fresh token brings it back",
	{
		token: async () => `token ${++supplied}`,
	},
	async ({ client, network, clock }) => {
		const first = supplied;
		await network.socket.end(4401);
		await clock.advance(30000);
		assert.equal(supplied, first + 1);
		connect(network.socket, unreadCount(10, 1));
		assert.equal(network.socket.sent[0].token, `token ${supplied}`);
		assert.equal(client.status.state, "connected");
		await network.socket.end(1006);
		await clock.advance(30000);
		assert.equal(supplied, first + 1, "a token that works is not asked for again");
	},
);

online(
	"a supplier that fails is asked again",
	{
		token: (() => {
			let calls = 0;
			return async () => {
				if (++calls === 2) throw new Error("no network");
				return `token ${calls}`;
			};
		})(),
	},
	async ({ client, network, clock }) => {
		await network.socket.end(4401);
		await clock.advance(30000);
		assert.equal(client.status.state, "waiting");
		await clock.advance(30000);
		assert.equal(network.sockets.length, 2);
	},
);

for (const [code, reason] of [
	[4409, "replaced"],
	[4429, "server"],
])
	online(`${code} waits long`, { random: 0 }, async (all) => {
		await all.network.socket.end(code);
		assert.deepEqual([all.client.status.reason, delayOf(all)], [reason, 30000]);
	});

for (const [status, state, reason] of [
	[200, "waiting", "blocked"],
	[401, "stopped", "unauthorized"],
	[403, "waiting", "forbidden"],
	[503, "waiting", "server"],
])
	alone(
		`a socket refused while requests get ${status}`,
		{
			answer: () => [
				status,
				status === 200 ? counts(10, 4) : { error: "no", code: "x" },
			],
		},
		async ({ client, network }) => {
			client.start();
			await settle();
			await network.socket.end(1006);
			assert.equal(
				network.requests[0].path,
				"/api/notifications/unread-count",
			);
			assert.deepEqual(
				[client.status.state, client.status.reason],
				[state, reason],
			);
		},
	);

alone(
	"a refusal that says when to return is heeded",
	{ answer: () => [503, { error: "no" }, { "Retry-After": "7" }] },
	async (all) => {
		all.client.start();
		await settle();
		await all.network.socket.end(1006);
		assert.deepEqual([all.client.status.reason, delayOf(all)], ["server", 8750]);
	},
);

alone("each reason is said once", { random: 0 }, async ({ client, network, clock, warnings }) => {
	client.start();
	await settle();
	for (let attempt = 0; attempt < 3; attempt++) {
		network.answer = () => [[200, 500, 403][attempt], {}];
		for (let time = 0; time < 3; time++) {
			await network.socket.end(1006);
			await clock.advance(0);
		}
	}
	assert.equal(warnings.length, 3);
	assert.match(warnings[0], /^http:\/\/site.test\/api\/notifications: .*webserver/);
	assert.match(warnings[1], /tidings doctor/);
	assert.match(warnings[2], /ended/);
});

alone(
	"neither socket nor requests: the server",
	{
		answer: () => Promise.reject(new TypeError("fetch failed")),
	},
	async ({ client, network }) => {
		client.start();
		await settle();
		await network.socket.end(1006);
		assert.deepEqual(
			[client.status.state, client.status.reason],
			["waiting", "server"],
		);
	},
);

// --- Liveness ---------------------------------------------------------------------

online(
	"silence is tested, an answer ends the doubt",
	{},
	async ({ client, network, clock }) => {
		const { socket } = network;
		const pings = () => socket.sent.filter(({ type }) => type === "ping").length;
		await clock.advance(59999);
		assert.equal(pings(), 0);
		await clock.advance(1);
		assert.equal(pings(), 1);
		await clock.advance(9999);
		socket.receive({ type: "pong" });
		await clock.advance(59999);
		assert.deepEqual([pings(), client.status.state], [1, "connected"]);
		await clock.advance(1);
		await clock.advance(10000);
		assert.deepEqual([pings(), client.status.state], [2, "waiting"]);
		assert.equal(socket.wasClosed, true);
	},
);

online("a server's ping is answered", {}, ({ network }) => {
	network.socket.receive({ type: "ping", timestamp: "" });
	assert.deepEqual(network.socket.sent.at(-1), { type: "pong" });
});

let renewals = 0;
online(
	"a token that ends soon is renewed",
	{
		token: () => `renewal ${++renewals}`,
	},
	async ({ network, clock }) => {
		const first = renewals;
		network.socket.receive({ type: "token_expiring", expiresAt: "" });
		await settle();
		assert.deepEqual(network.socket.sent.at(-1), {
			type: "auth",
			token: `renewal ${first + 1}`,
		});
		await network.socket.end(1006);
		await clock.advance(30000);
		network.socket.open();
		network.socket.receive({ type: "auth_required" });
		assert.equal(network.socket.sent[0].token, `renewal ${first + 1}`);
	},
);
