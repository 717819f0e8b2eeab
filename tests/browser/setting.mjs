/**
 * A client among fakes: what a test of the client module starts from.
 */

import { Clock, Network, settle } from "./fakes.mjs";
import { test } from "./tap.mjs";
import { TidingsClient } from "../../web/tidings-client.js";

export const EPOCH = "e1";
export const counts = (seq, unread, unseen = unread) => ({
	seq,
	unreadCount: unread,
	unseenCount: unseen,
});
export const unreadCount = (...of) => ({ type: "unread_count", ...counts(...of) });
export const created = (id, ...of) => ({
	type: "new_notification",
	notification: { id, title: `title of ${id}` },
	...counts(...of),
});
export const update = (changes, ...of) => ({
	type: "notification_update",
	changes,
	...counts(...of),
});

/** A token that says so much, signed by nobody. */
export function jwt(claims) {
	const text = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
	return `${text({ alg: "HS256" })}.${text(claims)}.signature`;
}

/** A client with its fakes; everything that it told is in `events`. */
async function setting(options, body) {
	const clock = new Clock(options.random);
	const network = new Network();
	if (options.answer) network.answer = options.answer;
	const client = new TidingsClient({
		base: "http://site.test/api/notifications/",
		token: "token" in options ? options.token : "secret",
		transports: options.transports ?? ["socket"],
		tokenUrl: options.tokenUrl,
		WebSocket: "WebSocket" in options ? options.WebSocket : network.WebSocket,
		fetch: network.fetch,
	});
	const warnings = [];
	const { warn } = console;
	console.warn = (text) => warnings.push(text);
	const events = [];
	for (const type of ["notification", "change", "status"])
		client.addEventListener(type, ({ detail }) => events.push({ type, ...detail }));
	const of = (type) => events.filter((event) => event.type === type);
	try {
		await body({ client, network, clock, of, warnings });
	} finally {
		client.stop();
		clock.restore();
		console.warn = warn;
	}
}

/** As setting(), connected: the stream begins at 10 with one unread. */
function connected(options, body) {
	return setting(options, async (all) => {
		all.client.start();
		await settle();
		connect(all.network.socket, unreadCount(10, 1));
		await body(all);
	});
}

export function connect(socket, ...messages) {
	socket.open();
	socket.receive(
		{ type: "auth_required" },
		{ type: "connected", epoch: EPOCH },
		...messages,
	);
}

const withTest = (scene) => (name, options, body) =>
	test(`client: ${name}`, () => scene(options, body));
export const alone = withTest(setting);
export const online = withTest(connected);
