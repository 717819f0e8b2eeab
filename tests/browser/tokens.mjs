/**
 * Where the client gets its token from, when it asks for another one, and what it does when
 * that is another user's.
 */

import assert from "node:assert/strict";
import { settle } from "./fakes.mjs";
import { EPOCH, alone, connect, counts, created, jwt, unreadCount } from "./setting.mjs";

const ADDRESS = "http://site.test/my/token";

/** A site whose token endpoint answers what `next()` says. */
function site(next) {
	const asked = [];
	const answer = (request) => {
		if (request.path !== "/my/token") return [200, counts(1, 0)];
		asked.push(request);
		return next(asked.length);
	};
	return { asked, options: { token: undefined, tokenUrl: ADDRESS, answer } };
}

const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();

async function begin({ client, network }) {
	client.start();
	await settle();
	return network.socket;
}

const stateOf = ({ client }) => [client.status.state, client.status.reason];

const renewing = site((n) => [200, { token: `t${n}`, expiresAt: inSeconds(900) }]);
alone(
	"a token-url is asked once, and again in good time",
	renewing.options,
	async (setting) => {
		const { client, network, clock } = setting;
		connect(await begin(setting), unreadCount(10, 1));
		assert.deepEqual(network.socket.sent[0], { type: "auth", token: "t1" });
		await client.list();
		assert.equal(network.requests.at(-1).headers.Authorization, "Bearer t1");
		assert.equal(renewing.asked.length, 1);
		assert.equal(renewing.asked[0].cache, "no-store");
		clock.now += 839_000;
		await client.list();
		assert.equal(renewing.asked.length, 1);
		clock.now += 1000;
		await client.list();
		assert.equal(network.requests.at(-1).headers.Authorization, "Bearer t2");
		network.socket.receive({ type: "token_expiring" });
		await settle();
		assert.deepEqual(network.socket.sent.at(-1), { type: "auth", token: "t2" });
		assert.equal(renewing.asked.length, 2, "the one that is known is good");
	},
);

const together = site((n) => [200, { token: `t${n}` }]);
alone("those who wait for a token share it", together.options, async ({ client }) => {
	client.start();
	await Promise.all([client.list(), client.list(), client.list()]);
	assert.equal(together.asked.length, 1);
});

for (const status of [401, 403]) {
	const signedOut = site(() => [status, { error: "You are not logged in." }]);
	alone(`${status} of a token-url is the end`, signedOut.options, async (setting) => {
		await begin(setting);
		assert.deepEqual(stateOf(setting), ["stopped", "unauthorized"]);
		assert.equal(setting.network.sockets.length, 0);
		assert.match(setting.warnings.join(), /token/);
		assert.deepEqual(setting.clock.pending, []);
	});
}

const failing = site((n) => (n < 3 ? [500, {}] : [200, { token: "t" }]));
alone("a token-url that fails is asked again", failing.options, async (setting) => {
	await begin(setting);
	assert.deepEqual(stateOf(setting), ["waiting", "server"]);
	await setting.clock.advance(30000);
	await setting.clock.advance(30000);
	assert.equal(setting.network.sockets.length, 1);
});

const short = site((n) => [200, { token: `t${n}`, expiresAt: inSeconds(20) }]);
alone("tokens that live too short are no loop", short.options, async (setting) => {
	const { network, clock } = setting;
	connect(await begin(setting), unreadCount(10, 1));
	for (let warned = 0; warned < 20; warned++) {
		network.socket.receive({ type: "token_expiring" });
		await settle();
	}
	assert.equal(network.socket.sent.length, 2);
	await clock.advance(15000);
	network.socket.receive({ type: "token_expiring" });
	await settle();
	assert.equal(network.socket.sent.length, 3);
});

alone(
	"the token itself says when it ends",
	{
		token: (() => {
			let calls = 0;
			const end = () => Math.floor(Date.now() / 1000) + 900;
			return () => jwt({ sub: "ann", exp: end(), n: ++calls });
		})(),
	},
	async ({ client, network, clock }) => {
		const used = () => network.requests.at(-1).headers.Authorization;
		await client.list();
		const first = used();
		clock.now += 830_000;
		await client.list();
		assert.equal(used(), first);
		clock.now += 20_000;
		await client.list();
		assert.notEqual(used(), first);
	},
);

alone(
	"a user who has changed leaves nothing behind",
	{
		token: jwt({ sub: "ann" }),
	},
	async (setting) => {
		const { client, network, of } = setting;
		const first = await begin(setting);
		connect(first, unreadCount(10, 4));
		first.receive(created("a", 11, 5));
		let reply;
		network.answer = () => new Promise((resolve) => (reply = resolve));
		const pending = client.list();
		await settle();
		client.token = jwt({ sub: "bob" });
		await settle();
		assert.equal(first.wasClosed, true);
		assert.deepEqual([client.unread, client.unseen, client.position], [0, 0, null]);
		const { reset, forget } = of("change").at(-1);
		assert.deepEqual([reset, forget], [true, true]);
		reply([200, counts(12, 6)]);
		await assert.rejects(pending, { code: "user_changed" });
		assert.equal(client.unread, 0);
		first.receive(created("b", 12, 6));
		assert.equal(client.unread, 0);
		const { socket } = network;
		socket.open();
		socket.receive({ type: "auth_required" });
		assert.deepEqual(socket.sent, [{ type: "auth", token: jwt({ sub: "bob" }) }]);
		socket.receive({ type: "connected", epoch: EPOCH }, unreadCount(3, 1));
		assert.deepEqual([client.unread, client.position.seq], [1, 3]);
	},
);

let user = "ann";
const switching = site((n) => [200, { token: jwt({ sub: user, n }) }]);
alone(
	"another user's token is not sent on the same socket",
	switching.options,
	async (setting) => {
		const { network, of } = setting;
		const first = await begin(setting);
		connect(first, unreadCount(10, 4));
		user = "bob";
		first.receive({ type: "token_expiring" });
		await settle();
		assert.equal(first.sent.length, 1);
		assert.equal(first.wasClosed, true);
		assert.equal(network.sockets.length, 2);
		assert.equal(of("change").at(-1).forget, true);
		connect(network.socket, unreadCount(2, 0));
		assert.equal(network.socket.sent[0].since, undefined);
	},
);

alone(
	"the same user with a fresh token stays",
	{ token: jwt({ sub: "ann", n: 1 }) },
	async (setting) => {
		const { client, network, of } = setting;
		connect(await begin(setting), unreadCount(10, 4));
		const before = of("change").length;
		client.token = jwt({ sub: "ann", n: 2 });
		await settle();
		assert.equal(network.sockets.length, 1);
		assert.equal(network.socket.sent.at(-1).token, jwt({ sub: "ann", n: 2 }));
		assert.deepEqual([client.unread, of("change").length], [4, before]);
	},
);

alone(
	"what supplies tokens can be replaced",
	{ token: () => "old" },
	async ({ client, network }) => {
		await client.list();
		client.token = () => "new";
		await client.list();
		const used = network.requests.map(({ headers }) => headers.Authorization);
		assert.deepEqual(used, ["Bearer old", "Bearer new"]);
	},
);

let supply;
const slowly = () => new Promise((resolve) => (supply = resolve));
alone("an answer that comes too late is not taken", { token: slowly }, async (setting) => {
	const { client, network } = setting;
	await begin(setting);
	client.token = () => "new";
	await settle();
	supply("old");
	await settle();
	assert.equal(network.sockets.length, 1);
	connect(network.socket, unreadCount(10, 1));
	assert.equal(network.socket.sent[0].token, "new");
	await client.list();
	assert.equal(network.requests.at(-1).headers.Authorization, "Bearer new");
});
