/**
 * The client in headless Chromium against the real server, a page with nothing else: tabs
 * that share a connection, other transports, tokens that end, and users that change.
 */

import assert from "node:assert/strict";
import { lacking, openProfile, start } from "./page.mjs";
import { missing, test } from "./tap.mjs";

const why = lacking();
const PATIENCE = 20_000;

function profileTest(name, body, policy) {
	if (why) return missing(`shared: ${name}`, why);
	test(`shared: ${name}`, async () => {
		const { stack, line } = await start();
		const profile = await openProfile(policy);
		await stack.empty("user1", "user2");
		for (const user of ["user1", "user2"]) await connections(stack, user, 0);
		try {
			await body({ stack, line, ...profile });
			for (const page of profile.context.pages())
				assert.deepEqual(page.troubles, []);
		} finally {
			line.mend();
			await profile.context.close();
		}
	});
}

/** Waits until the server has so many connections of a user. */
async function connections(stack, user, count) {
	const late = Date.now() + PATIENCE;
	for (;;) {
		const found = await stack.connections(user);
		if (found.length === count) return found;
		if (Date.now() > late)
			assert.equal(found.length, count, `connections of ${user}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** Waits until a page's `tab` has all this: of the client, its status, or `heard`. */
async function has(page, wanted) {
	const found = () =>
		page.evaluate(() => {
			const { client, heard } = globalThis.tab;
			const { unread, leading, status } = client;
			return { unread, leading, heard: heard.join(), ...status };
		});
	const late = Date.now() + PATIENCE;
	for (;;) {
		const all = await found();
		const fits = ([name, value]) => all[name] === value;
		if (Object.entries(wanted).every(fits)) return;
		if (Date.now() > late) assert.deepEqual(all, { ...all, ...wanted });
		await page.waitForTimeout(20);
	}
}

const resetsOf = (page) => page.evaluate(() => globalThis.tab.resets);
const dispatch = (page, type) =>
	page.evaluate((type) => void dispatchEvent(new Event(type)), type);

/** The page's token endpoint: answers what `session.answer` is. */
async function endpoint(context, line, answer) {
	const session = { answer, asked: 0 };
	await context.route(new URL("/my/token", line.url).href, (route) => {
		session.asked++;
		const { status = 200, body = {} } = session.answer();
		return route.fulfill({ status, json: body });
	});
	return session;
}

profileTest("three tabs, one socket; the leader closed, the others go on", async (all) => {
	const { stack, open } = all;
	const token = stack.demo.tokens.user1;
	const tabs = [];
	for (let count = 0; count < 3; count++) tabs.push(await open({ token }));
	for (const tab of tabs) await has(tab, { state: "connected", transport: "socket" });
	await has(tabs[0], { leading: true });
	await connections(stack, "user1", 1);
	await stack.create("user1", "info", "one");
	for (const tab of tabs) await has(tab, { heard: "one", unread: 1 });
	const closed = tabs[0].close();
	const titles = ["one"];
	for (let n = 0; n < 10; n++) {
		titles.push(`during ${n}`);
		await stack.create("user1", "info", `during ${n}`);
	}
	await closed;
	await stack.create("user1", "info", "after");
	titles.push("after");
	for (const tab of tabs.slice(1)) {
		await has(tab, { state: "connected", heard: titles.join(), unread: 12 });
		assert.equal(await resetsOf(tab), 0);
	}
	await connections(stack, "user1", 1);
	await tabs[2].evaluate(() => globalThis.tab.client.markAllRead());
	await has(tabs[1], { unread: 0 });
});

profileTest("a leader that is reloaded comes back as one that follows", async (all) => {
	const { stack, open } = all;
	const token = stack.demo.tokens.user1;
	const [first, second] = [await open({ token }), await open({ token })];
	await has(second, { state: "connected", leading: false });
	await first.goto("about:blank");
	await has(second, { state: "connected", leading: true });
	await stack.create("user1", "info", "one");
	await has(second, { heard: "one" });
	await open({ token });
	await connections(stack, "user1", 1);
});

profileTest("a leader that crashes is replaced, and nobody misses a thing", async (all) => {
	const { stack, context, open } = all;
	const token = stack.demo.tokens.user1;
	const [first, second] = [await open({ token }), await open({ token })];
	await has(second, { state: "connected", leading: false });
	const session = await context.newCDPSession(first);
	const crashed = first.waitForEvent("crash");
	session.send("Page.crash").catch(() => {}); // nobody is left to answer
	await stack.create("user1", "info", "one");
	await crashed;
	await stack.create("user1", "info", "two");
	await has(second, { state: "connected", leading: true, heard: "one,two" });
	await connections(stack, "user1", 1);
});

profileTest("another user's tab does not join", async ({ stack, open }) => {
	const { user1, user2 } = stack.demo.tokens;
	const [first, other] = [await open({ token: user1 }), await open({ token: user2 })];
	for (const tab of [first, other]) await has(tab, { state: "connected", leading: true });
	await stack.create("user1", "info", "for user1");
	await stack.create("user2", "info", "for user2");
	await has(first, { heard: "for user1", unread: 1 });
	await has(other, { heard: "for user2", unread: 1 });
	await connections(stack, "user1", 1);
	await connections(stack, "user2", 1);
});

profileTest("a disconnect by an administrator ends all tabs", async ({ stack, open }) => {
	const token = stack.demo.tokens.user1;
	const tabs = [await open({ token }), await open({ token })];
	for (const tab of tabs) await has(tab, { state: "connected" });
	await stack.request("admin", "POST", "/disconnect", { userId: "user1" });
	for (const tab of tabs) await has(tab, { state: "stopped", reason: "forbidden" });
	for (const tab of tabs) await dispatch(tab, "online");
	await connections(stack, "user1", 0);
});

// --- Tokens -----------------------------------------------------------------------

profileTest("a token is renewed on the same socket before it ends", async (all) => {
	const { stack, line, context, open } = all;
	const lives = [62, 900]; // the server warns 60 seconds before the end
	const session = await endpoint(context, line, () => ({
		body: { token: stack.token("user1", lives.shift()) },
	}));
	const page = await open({ tokenUrl: "/my/token" });
	await has(page, { state: "connected" });
	const [before] = await connections(stack, "user1", 1);
	await page.waitForResponse(/my\/token/);
	assert.equal(session.asked, 2);
	await stack.create("user1", "info", "still here");
	await has(page, { heard: "still here", state: "connected" });
	const [after] = await connections(stack, "user1", 1);
	assert.equal(after.id, before.id);
});

profileTest("a refused token is replaced; signed out is signed out", async (all) => {
	const { stack, line, context, open } = all;
	const lives = [-60, 900];
	const session = await endpoint(context, line, () => ({
		body: { token: stack.token("user1", lives.shift()) },
	}));
	const page = await open({ tokenUrl: "/my/token" });
	await has(page, { state: "connected" });
	assert.equal(session.asked, 2);
	session.answer = () => ({ status: 401 });
	const other = await open({ tokenUrl: "/my/token" });
	await has(other, { state: "stopped", reason: "unauthorized" });
	session.answer = () => ({ body: { token: stack.token("user1", 900) } });
	await dispatch(other, "online");
	await has(other, { state: "connected", leading: false });
});

profileTest("log out and in as another user: nothing of the first stays", async (all) => {
	const { stack, line, context, open } = all;
	let user = "user1";
	const session = await endpoint(context, line, () => ({
		body: { token: stack.token(user, session.asked > 2 ? 900 : 62) },
	}));
	await stack.create("user1", "info", "a secret");
	const tabs = [];
	for (let count = 0; count < 2; count++) {
		tabs.push(await open({ tokenUrl: "/my/token" }));
		await has(tabs[count], { state: "connected", unread: 1 });
	}
	user = "user2";
	for (const tab of tabs) {
		await has(tab, { state: "connected", unread: 0 });
		assert.equal(await resetsOf(tab), 1);
	}
	await connections(stack, "user1", 0);
	await connections(stack, "user2", 1);
	await stack.create("user1", "info", "another secret");
	await stack.create("user2", "info", "a greeting");
	for (const tab of tabs) await has(tab, { heard: "a greeting", unread: 1 });
});

// --- The line -----------------------------------------------------------------------

profileTest("a refused upgrade: by stream, and back to the socket", async (all) => {
	const { stack, line, open } = all;
	line.refuses = /upgrade: websocket/i;
	const page = await open({ token: stack.demo.tokens.user1 });
	await has(page, { state: "connected", transport: "stream" });
	await stack.create("user1", "info", "streamed");
	await has(page, { heard: "streamed", unread: 1 });
	const [{ kind }] = await connections(stack, "user1", 1);
	assert.equal(kind, "events");
	line.mend();
	await dispatch(page, "online");
	await has(page, { transport: "socket" });
	await stack.create("user1", "info", "by socket");
	await has(page, { heard: "streamed,by socket", unread: 2 });
});

profileTest("neither socket nor stream: by polling, and still notified", async (all) => {
	const { stack, line, open } = all;
	line.refuses = /upgrade: websocket|GET \S+\/stream/i;
	await stack.create("user1", "info", "before");
	const token = stack.demo.tokens.user1;
	const [page, other] = [await open({ token }), await open({ token })];
	for (const tab of [page, other])
		await has(tab, { state: "connected", transport: "poll" });
	await has(other, { leading: false, unread: 1 });
	await connections(stack, "user1", 0);
	await stack.create("user1", "info", "polled");
	await dispatch(page, "visibilitychange");
	for (const tab of [page, other]) await has(tab, { heard: "polled", unread: 2 });
	line.mend();
	await dispatch(page, "online");
	await has(page, { transport: "socket" });
	await stack.create("user1", "info", "by socket");
	for (const tab of [page, other]) {
		await has(tab, { heard: "polled,by socket", unread: 3 });
		assert.equal(await resetsOf(tab), 0);
	}
});

profileTest("offline and back: what was missed comes, once", async (all) => {
	const { stack, line, context, open } = all;
	const token = stack.demo.tokens.user1;
	const tabs = [await open({ token }), await open({ token })];
	for (const tab of tabs) await has(tab, { state: "connected" });
	await context.setOffline(true);
	line.cut();
	for (const tab of tabs) await has(tab, { state: "waiting", reason: "offline" });
	for (const title of ["one", "two"]) await stack.create("user1", "info", title);
	line.mend();
	await context.setOffline(false);
	for (const tab of tabs) await has(tab, { state: "connected", heard: "one,two" });
});

profileTest(
	"pages of an origin that is not allowed are told so",
	async ({ stack, open }) => {
		const base = new URL("/api/notifications", stack.url).href; // localhost
		const page = await open({ token: stack.demo.tokens.user1, base });
		await has(page, { state: "waiting", reason: "origin" });
		const advice = page.said.filter((text) => text.includes("allowed-origins"));
		assert.equal(advice.length, 1);
	},
	"default-src 'self'; connect-src *",
);
