/**
 * The bell, against the real server: what a user sees, hears and does.
 */

import assert from "node:assert/strict";
import { bellTest, countsOf, live, many, partsOf } from "./bell-page.mjs";

// --- The button ---------------------------------------------------------------------

bellTest("the name tells the exact count, the badge what it has room for", async (all) => {
	const { stack, open } = all;
	const page = await live(open);
	const { named, badge } = partsOf(page);
	await named("Notifications. Live");
	assert.equal(await badge.isVisible(), false);
	await stack.create("user1", "info", "One");
	await named("Notifications, 1 new. Live");
	assert.equal(await badge.textContent(), "1");
	await many(stack, 119);
	await named("Notifications, 120 new. Live");
	assert.equal(await badge.textContent(), "99+");
});

bellTest("arrivals are told by one sentence, and no more often than that", async (all) => {
	const { stack, open } = all;
	const page = await live(open);
	await page.evaluate(() => {
		const region = document.querySelector("tidings-bell").shadowRoot.querySelector("[role]");
		globalThis.said = [];
		new MutationObserver(() => globalThis.said.push(region.textContent)).observe(
			document.querySelector("tidings-bell").live,
			{ childList: true },
		);
	});
	const said = (text) =>
		partsOf(page).bell.getByRole("status").filter({ hasText: text }).waitFor();
	for (const title of ["One", "Two", "Three"]) await stack.create("user1", "info", title);
	await said("3 new notifications");
	for (const title of ["Four", "Five"]) await stack.create("user1", "info", title);
	await said("2 new notifications");
	assert.equal((await page.evaluate(() => globalThis.said)).length, 2);
});

// --- Language -----------------------------------------------------------------------

bellTest("it speaks the language around it, and changes with it", async ({ stack, open }) => {
	const page = await live(open, { lang: "de" });
	const { named, show, panel, row, badge } = partsOf(page);
	await named("Benachrichtigungen. Live");
	await many(stack, 120);
	await named("Benachrichtigungen, 120 neue. Live");
	await show();
	await row("n119").getByRole("button", { name: "Als gelesen markieren: n119" }).waitFor();
	await page.evaluate(() => document.documentElement.setAttribute("lang", "ar-EG"));
	await panel.getByText("تحديد الكل كمقروء").waitFor();
	await panel.getByText("١٢٠ غير مقروء").waitFor();
	await row("n119").getByText("معلومة").waitFor({ state: "attached" });
	await page.evaluate(() => document.querySelector("main").setAttribute("lang", "en"));
	await panel.getByText("120 unread").waitFor();
	await page.evaluate(() => document.querySelector("main").setAttribute("lang", "fr"));
	await page.evaluate(async () => {
		const { setWords } = await import("/tidings-words.js");
		setWords("fr", { markAllRead: "Tout marquer comme lu" });
	});
	await panel.getByText("Tout marquer comme lu").waitFor();
	await panel.getByText("120 unread").waitFor(); // what it lacks is English
	await page.keyboard.press("Escape");
	await page.evaluate(() => document.querySelector("main").setAttribute("lang", "ar-EG"));
	await stack.request("user1", "DELETE", "/?all=true");
	await many(stack, 120);
	await badge.filter({ hasText: "٩٩+" }).waitFor();
});

bellTest("times go on", async ({ stack, open }) => {
	await stack.create("user1", "info", "Once");
	const page = await live(open, { before: (page) => page.clock.install() });
	const { show, row } = partsOf(page);
	await show();
	await row("Once").getByText("just now").waitFor();
	await page.clock.fastForward(125_000);
	await row("Once").getByText("2 min. ago").waitFor();
});

// --- The panel ----------------------------------------------------------------------

bellTest("the panel shows the latest ten and how many are unread", async ({ stack, open }) => {
	await many(stack, 12);
	const page = await live(open, { attributes: 'href="/all"' });
	const { show, rows, row, panel, named } = partsOf(page);
	await show();
	await rows.nth(9).waitFor();
	await panel.getByText("12 unread").waitFor();
	await named("Notifications. Live"); // seen now
	assert.deepEqual(await countsOf(stack), [12, 0]);
	assert.equal(await rows.count(), 10);
	const all = panel.getByRole("link", { name: "See all notifications" });
	assert.equal(new URL(await all.getAttribute("href")).pathname, "/all");
	await rows.first().hover();
	await rows.first().getByRole("button", { name: "Delete" }).click();
	await panel.getByText("11 unread").waitFor();
	await row(/: n1One/).waitFor(); // the next one comes up
	assert.equal(await rows.count(), 10);
	await panel.getByRole("button", { name: "Mark all read" }).click();
	await panel.getByRole("button", { name: "Mark all read" }).waitFor({ state: "hidden" });
	assert.equal(await rows.and(page.locator(".unread")).count(), 0);
	assert.deepEqual(await countsOf(stack), [0, 0]);
	await page.evaluate(() =>
		document.querySelector("tidings-bell").setAttribute("href", "javascript:alert(1)"),
	);
	await all.waitFor({ state: "hidden" });
});

bellTest("each can be read, unread and deleted", async ({ stack, open }) => {
	await stack.create("user1", "warning", "Mind this");
	const page = await live(open);
	const { show, row, panel } = partsOf(page);
	await show();
	const mine = row("Mind this");
	await mine.getByText("Warning:").waitFor({ state: "attached" });
	await mine.getByRole("button", { name: "Mark as read: Mind this" }).click();
	await mine.getByRole("button", { name: "Mark as unread: Mind this" }).click();
	await mine.getByRole("button", { name: "Mark as read: Mind this" }).waitFor();
	assert.deepEqual(await countsOf(stack), [1, 0]);
	await mine.getByRole("button", { name: "Delete: Mind this" }).click();
	await panel.getByText("All caught up").waitFor();
	await panel.page().getByRole("status").filter({ hasText: "deleted" }).waitFor();
});

bellTest("what cannot be done is said", async ({ stack, open }) => {
	await stack.create("user1", "info", "Mind this");
	const page = await live(open);
	const { show, row, bell } = partsOf(page);
	await show();
	await page.route("**/read", (route) => route.fulfill({ status: 503, json: {} }));
	await row("Mind this").getByRole("button", { name: "Mark as read" }).click();
	await bell.getByRole("status").filter({ hasText: "did not work" }).waitFor();
	assert.deepEqual(await countsOf(stack), [1, 0]);
});

bellTest("loading, failure and what comes after are shown", async ({ stack, open }) => {
	await stack.create("user1", "info", "There at last");
	const page = await live(open);
	const { show, panel, row } = partsOf(page);
	const held = [];
	await page.route(/notifications\/\?limit/, (route) => held.push(route));
	await show();
	await panel.getByText("Loading").waitFor();
	await held[0].fulfill({ status: 503, json: { error: "No", code: "unavailable" } });
	await panel.getByText("Notifications could not be loaded.").waitFor();
	await page.unroute(/notifications\/\?limit/);
	await panel.getByRole("button", { name: "Try again" }).click();
	await row("There at last").waitFor();
	assert.equal(await panel.getByText("could not be loaded").isVisible(), false);
});

// --- Links --------------------------------------------------------------------------

bellTest("a link is one: a click reads and follows it", async ({ stack, open }) => {
	await stack.create("user1", "info", "Go", { link: "/demo/page.html?2" });
	const page = await live(open);
	const { show, row } = partsOf(page);
	await show();
	await row("Go").click({ position: { x: 200, y: 60 } }); // the link covers the row
	await page.waitForURL(/page\.html\?2$/);
	await partsOf(page).named("Notifications. Live");
	assert.deepEqual(await countsOf(stack), [0, 0]);
});

bellTest("the middle button opens a link elsewhere, and reads it", async ({ stack, open }) => {
	await stack.create("user1", "info", "Go", { link: "/demo/icon.svg" });
	const page = await live(open);
	const { show, row, panel } = partsOf(page);
	await show();
	const opened = page.context().waitForEvent("page");
	await row("Go").getByRole("link").click({ button: "middle" });
	await (await opened).waitForURL(/icon\.svg$/);
	await panel.getByRole("button", { name: "Mark as unread: Go" }).waitFor({ state: "attached" });
	assert.ok(await panel.isVisible());
	assert.deepEqual(await countsOf(stack), [0, 0]);
});

bellTest("a page may follow a link by itself", async ({ stack, open }) => {
	const { id } = await stack.create("user1", "info", "Go", { link: "/elsewhere" });
	const page = await live(open);
	const { show, row, panel } = partsOf(page);
	await page.evaluate(() =>
		document.addEventListener("follow", (event) => {
			event.preventDefault();
			globalThis.followed = event.detail.notification.id;
		}),
	);
	await show();
	await row("Go").getByRole("link").click();
	await panel.waitFor({ state: "hidden" });
	assert.equal(await page.evaluate(() => globalThis.followed), id);
	assert.match(page.url(), /page\.html$/);
});

// --- Connection ---------------------------------------------------------------------

bellTest("without a network it says so, and comes back with it", async (all) => {
	const { line, open } = all;
	const page = await live(open);
	const { show, trouble, named, panel } = partsOf(page);
	await page.context().setOffline(true);
	line.cut();
	await named("Notifications. Offline");
	await show();
	await trouble.getByText("There is no network.").waitFor();
	line.mend();
	await page.context().setOffline(false);
	await trouble.waitFor({ state: "hidden" });
	await panel.getByText("Live").waitFor();
});

bellTest("without a server it tries again when asked to", async ({ line, open }) => {
	const patient = () => (Math.random = () => 100); // 50 seconds until it tries by itself
	const page = await live(open, { before: (page) => page.addInitScript(patient) });
	const { show, trouble, named, panel } = partsOf(page);
	await show();
	await panel.getByText("All caught up").waitFor();
	line.cut();
	await trouble.getByText("The server cannot be reached.").waitFor();
	await named("Notifications. Reconnecting");
	line.mend();
	await trouble.getByRole("button", { name: "Try again" }).click();
	await trouble.waitFor({ state: "hidden" });
	await named("Notifications. Live");
	assert.equal(await panel.evaluate((node) => node.matches(":focus")), true);
});

bellTest("signed out it says so, and comes back when signed in again", async (all) => {
	const { stack, open } = all;
	await stack.create("user1", "info", "Still here");
	const before = async (page) => (page.token = null);
	const page = await open({ before });
	const { show, trouble, named, panel, row } = partsOf(page);
	await named("Notifications. Signed out");
	await show();
	await trouble.getByText("Please sign in again.").waitFor();
	await panel.getByText("could not be loaded").waitFor();
	page.token = stack.demo.tokens.user1;
	await panel.getByRole("button", { name: "Try again" }).click();
	await row("Still here").waitFor();
	await panel.getByText("Live").waitFor();
	assert.equal(await trouble.isVisible(), false);
});

bellTest("attributes change the connection, a move does not", async ({ stack, open }) => {
	const sockets = [];
	const html = "<div id=a>ELEMENT</div><div id=b></div>";
	const before = async (page) => page.on("websocket", (socket) => sockets.push(socket));
	const page = await live(open, { html, before });
	const { named, bell } = partsOf(page);
	await page.evaluate(() => {
		const bell = document.querySelector("tidings-bell");
		document.getElementById("b").append(bell);
		const other = bell.cloneNode();
		document.getElementById("a").append(other); // has the same client
	});
	await page.locator("#a tidings-bell .connected").first().waitFor();
	await stack.create("user1", "info", "One");
	await page.locator("#a").getByRole("button", { name: "1 new" }).waitFor();
	await page.locator("#b").getByRole("button", { name: "1 new" }).waitFor();
	assert.equal(sockets.length, 1);
	page.token = stack.demo.tokens.user2;
	await page.evaluate(() => {
		for (const bell of document.querySelectorAll("tidings-bell")) {
			bell.setAttribute("user", "user2");
			bell.setAttribute("token-url", "token?user2");
		}
	});
	await named("Notifications. Live");
	await bell.locator(".badge").waitFor({ state: "hidden" });
	assert.equal(sockets.length, 2);
	assert.equal(sockets[0].isClosed(), true);
	const closed = sockets[1].waitForEvent("close");
	await page.evaluate(() => {
		for (const bell of document.querySelectorAll("tidings-bell")) bell.remove();
	});
	await closed;
});

bellTest("a page may bring the client", async ({ stack, open }) => {
	const html = "<tidings-bell></tidings-bell>";
	const page = await open({ html });
	const { button, panel } = partsOf(page);
	await button.click(); // nothing to show yet
	assert.equal(await panel.isVisible(), false);
	await page.evaluate(async (token) => {
		const { TidingsClient } = await import("/tidings-client.js");
		const bell = document.querySelector("tidings-bell");
		bell.client = new TidingsClient({ token });
		bell.client.start();
	}, page.token);
	await partsOf(page).named("Notifications. Live");
	await stack.create("user1", "info", "One");
	await partsOf(page).named("Notifications, 1 new. Live");
});

// --- Keys and focus -----------------------------------------------------------------

bellTest("keys lead through the panel and out of it", async ({ stack, open }) => {
	for (const title of ["Three", "Two", "One"])
		await stack.create("user1", "info", title, title === "Two" ? { link: "/2" } : {});
	const page = await live(open, { html: 'ELEMENT<a href="/after">After</a>' });
	const { button, panel, row } = partsOf(page);
	const focused = () =>
		page.evaluate(() => {
			let { activeElement } = document;
			while (activeElement.shadowRoot) ({ activeElement } = activeElement.shadowRoot);
			return activeElement.ariaLabel ?? activeElement.textContent;
		});
	await button.focus();
	await page.keyboard.press("Space");
	await row("One").waitFor();
	const path = [];
	for (const key of ["ArrowDown", "ArrowDown", "End", "ArrowDown", "ArrowUp", "Home"]) {
		await page.keyboard.press(key);
		path.push(await focused());
	}
	assert.deepEqual(path, [
		"Mark as read: One",
		"Two",
		"Mark as read: Three",
		"Mark as read: Three",
		"Two",
		"Mark as read: One",
	]);
	await page.keyboard.press("Escape");
	await panel.waitFor({ state: "hidden" });
	assert.match(await focused(), /^Notifications/);
	await page.keyboard.press("Enter");
	await panel.getByRole("button", { name: "Mark all read" }).focus();
	await page.keyboard.press("Enter");
	await panel.getByText("unread").first().waitFor({ state: "hidden" });
	await page.keyboard.press("ArrowDown"); // the button is gone, focus is still inside
	assert.equal(await focused(), "Mark as unread: One");
	await page.getByRole("link", { name: "After" }).focus();
	await panel.waitFor({ state: "hidden" });
	assert.equal(await focused(), "After");
});
