/**
 * The client module in plain Node, without a page, against the real server: by the stream,
 * by a WebSocket that is given to it, and by polling.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { lacking, start } from "./page.mjs";
import { missing, test } from "./tap.mjs";
import { WebSocket } from "./websocket.mjs";
import { TidingsClient } from "../../web/tidings-client.js";

const why = lacking();

/** A client that is connected. */
async function connected(options) {
	const client = new TidingsClient(options);
	const ready = new Promise((resolve, reject) =>
		client.addEventListener("status", ({ detail }) => {
			if (detail.state === "connected") resolve();
			if (detail.state === "stopped") reject(new Error(detail.reason));
		}),
	);
	client.start();
	await ready;
	return client;
}

for (const [transport, given] of [
	["stream", { WebSocket: null }],
	["socket", { WebSocket }],
	["poll", { transports: ["poll"] }],
]) {
	const name = `node: by ${transport}, without a page`;
	if (why) {
		missing(name, why);
		continue;
	}
	test(name, async () => {
		const { stack } = await start();
		await stack.empty("user1");
		const base = new URL("/api/notifications", stack.url).href;
		const token = stack.demo.tokens.user1;
		const client = await connected({ base, token, ...given });
		try {
			assert.equal(client.status.transport, transport);
			if (!client.position) await once(client, "change");
			assert.deepEqual([client.unread, client.leading], [0, true]);
			if (transport !== "poll") {
				const told = once(client, "notification");
				const { id } = await stack.create("user1", "info", "Hello");
				const [{ detail }] = await told;
				assert.equal(detail.notification.id, id);
			} else {
				await stack.create("user1", "info", "Hello");
				await client.list();
			}
			assert.equal(client.unread, 1);
			const { notifications } = await client.list({ limit: 1 });
			await client.markRead(notifications[0].id);
			assert.equal(client.unread, 0);
		} finally {
			client.stop();
		}
	});
}
