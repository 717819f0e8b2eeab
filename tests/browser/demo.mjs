/**
 * The elements on the demo page against the real server: what a user sees.
 */

import assert from "node:assert/strict";
import { framesOf, inbox, openDemo, testsOf, violations } from "./page.mjs";

const pageTest = testsOf("page", openDemo);

pageTest("an empty inbox says so", async ({ open }) => {
	const page = await open();
	const { list, badge } = inbox(page, "user1");
	await list.getByText("All caught up").waitFor();
	assert.equal(await badge.isVisible(), false);
});

pageTest("a POST makes the badge change, of that user alone", async ({ stack, open }) => {
	const page = await open();
	const user1 = inbox(page, "user1");
	await stack.create("user1", "info", "First");
	await user1.shows("1");
	await user1.row("First").waitFor();
	await stack.create("user1", "info", "Second");
	await user1.shows("2");
	assert.deepEqual(await user1.rows.locator(".title").allTextContents(), [
		"Information: Second",
		"Information: First",
	]);
	assert.equal(await inbox(page, "user2").badge.isVisible(), false);
});

pageTest(
	"four types arrive in order with counts and consecutive seq",
	async ({ stack, open }) => {
		const page = await open();
		const { rows, shows } = inbox(page, "user1");
		const types = ["success", "info", "warning", "error"];
		const before = (await framesOf(page, "user1")).at(-1).seq;
		for (const type of types) await stack.create("user1", type, `A ${type}`);
		await shows("4");
		const frames = (await framesOf(page, "user1")).slice(-4);
		assert.deepEqual(
			frames.map(({ type, seq, unreadCount, notification }) => [
				type,
				seq - before,
				unreadCount,
				notification.type,
			]),
			types.map((type, index) => [
				"new_notification",
				index + 1,
				index + 1,
				type,
			]),
		);
		for (const type of types)
			assert.equal(await rows.locator(`.kind.${type}`).count(), 1);
	},
);

pageTest("the form sends, and says what is wrong", async ({ open }) => {
	const page = await open();
	const user2 = inbox(page, "user2");
	await page.getByRole("radio", { name: "user2" }).check();
	await page.getByRole("radio", { name: "Warning" }).check();
	await page.getByLabel("Title").fill("By hand");
	await page.getByLabel("Link").fill("javascript:alert(1)");
	await page.getByRole("button", { name: "Send", exact: true }).click();
	await page.locator("#result.failed", { hasText: "link" }).waitFor();
	await page.getByLabel("Link").fill("/orders/7");
	await page.getByRole("button", { name: "Send", exact: true }).click();
	await page.locator("#result:not(.failed)", { hasText: "Sent 1 to user2" }).waitFor();
	await user2.row("By hand").locator(".kind.warning").waitFor();
	const href = await user2.row("By hand").locator("a").getAttribute("href");
	assert.equal(new URL(href).pathname, "/orders/7");
	assert.equal(await inbox(page, "user1").rows.count(), 0);
});

pageTest("the form sends to everyone", async ({ open }) => {
	const page = await open();
	await page.getByRole("radio", { name: "everyone" }).check();
	await page.getByRole("button", { name: "Send", exact: true }).click();
	await page.locator("#result", { hasText: "Sent 1 to everyone" }).waitFor();
	for (const user of ["user1", "user2"]) await inbox(page, user).shows("1");
});

pageTest("the elements get the language, direction and theme that are chosen", async ({ open }) => {
	const page = await open();
	const card = inbox(page, "user1").card;
	const choose = (what, value) => page.locator(`[name=${what}]`).selectOption(value);
	const direction = () => card.evaluate((node) => getComputedStyle(node).direction);
	await choose("language", "ar");
	assert.equal(await direction(), "rtl");
	await choose("direction", "ltr");
	assert.equal(await direction(), "ltr");
	for (const theme of ["light", "dark"]) {
		await choose("theme", theme);
		const scheme = await card.evaluate((node) => getComputedStyle(node).colorScheme);
		assert.equal(scheme, theme);
	}
});

pageTest("what a notification says is text, never markup", async ({ stack, open }) => {
	const page = await open();
	const { row } = inbox(page, "user1");
	const title = '<img src=x onerror="throw 1"><b>bold</b>';
	await stack.create("user1", "info", title, { message: "</p><script>throw 2</script>" });
	await row("bold").waitFor();
	assert.equal(
		await row("bold").locator(".title").textContent(),
		`Information: ${title}`,
	);
	assert.equal(await row("bold").locator("img, b, script").count(), 0);
});

pageTest("links lead to http(s) and to this site only", async ({ open }) => {
	const page = await open();
	const links = [
		"https://example.org/a",
		"HTTP://example.org/",
		"/here?x=1",
		"javascript:alert(1)",
		" javascript:alert(1)",
		"data:text/html,x",
		"//example.org/",
		"/\\example.org/",
		"/\t/example.org/",
		"https://",
		"",
		7,
		null,
	];
	const taken = await page.evaluate(async (all) => {
		const module = [...performance.getEntriesByType("resource")]
			.map(({ name }) => name)
			.find((name) => name.endsWith("/tidings-view.js"));
		const { safeLink } = await import(module);
		return all.filter((link) => safeLink(link) !== null);
	}, links);
	assert.deepEqual(taken, [
		"https://example.org/a",
		"HTTP://example.org/",
		"/here?x=1",
		"",
	]);
});

pageTest(
	"opening makes all seen and nothing read, in every window",
	async ({ stack, open }) => {
		const [here, there] = [await open(), await open()].map((page) =>
			inbox(page, "user1"),
		);
		await stack.create("user1", "info", "Look");
		await there.shows("1");
		await here.shows("1");
		await here.button.click();
		await here.panel.locator(".row", { hasText: "Look" }).waitFor();
		await here.isQuiet();
		await there.isQuiet();
		const { unreadCount, unseenCount } = await stack.request(
			"user1",
			"GET",
			"/unread-count",
		);
		assert.deepEqual([unreadCount, unseenCount], [1, 0]);
		await stack.create("user1", "info", "While open");
		await here.panel.locator(".row", { hasText: "While open" }).waitFor();
		await there.row("While open").waitFor();
		await there.isQuiet();
	},
);

pageTest("what is done in one window happens in the other", async ({ stack, open }) => {
	const [here, there] = [await open(), await open()].map((page) => inbox(page, "user1"));
	for (const title of ["One", "Two", "Three"]) await stack.create("user1", "info", title);
	for (const side of [here, there]) await side.unread(3);
	await here.row("Two").click();
	await there.unread(2);
	await there.list.locator(".row:not(.unread)", { hasText: "Two" }).waitFor();
	await there.row("Two").getByRole("button", { name: "Mark as unread" }).click();
	await here.unread(3);
	await here.list.locator(".row.unread", { hasText: "Two" }).waitFor();
	await here.row("Three").hover();
	await here.row("Three").getByRole("button", { name: "Delete" }).click();
	await there.row("Three").waitFor({ state: "detached" });
	await there.list.getByRole("button", { name: "Mark all read" }).click();
	await here.unread(0);
	assert.equal(await here.list.locator(".row.unread").count(), 0);
	assert.equal(await here.rows.count(), 2);
});

pageTest("a broadcast is everybody's, to read and delete as one's own", async ({ stack, open }) => {
	const page = await open();
	const users = ["user1", "user2"].map((user) => inbox(page, user));
	await stack.create("user2", "info", "Own");
	await users[1].shows("1");
	await stack.broadcast("To all", { link: "/news" });
	await users[0].shows("1");
	await users[1].shows("2");
	for (const { row } of users) await row("To all").locator(".kind.warning").waitFor();
	await users[0].row("To all").getByRole("button", { name: "Mark as read" }).click();
	await users[0].unread(0);
	await users[1].unread(2);
	await users[1].row("To all").hover();
	await users[1].row("To all").getByRole("button", { name: "Delete" }).click();
	await users[1].row("To all").waitFor({ state: "detached" });
	await users[1].unread(1);
	assert.equal(await users[0].rows.count(), 1);
});

pageTest("what ends goes from list, open panel and badge", async ({ stack, open }) => {
	const page = await open();
	const users = ["user1", "user2"].map((user) => inbox(page, user));
	const own = await stack.create("user1", "info", "Own");
	const all = await stack.broadcast("To all");
	const expiresAt = new Date(Date.now() + 5000).toISOString();
	await stack.broadcast("For a moment", { expiresAt });
	await users[0].shows("3");
	await users[1].shows("2");
	await users[0].button.click();
	await users[0].panel.locator(".row", { hasText: "For a moment" }).waitFor();
	await stack.request("admin", "DELETE", `/broadcast/${all.id}`);
	await stack.request("admin", "DELETE", `/users/user1/notifications/${own.id}`);
	for (const { row } of users)
		for (const title of ["To all", "For a moment"])
			await row(title).waitFor({ state: "detached" });
	await users[0].panel.getByText("All caught up").waitFor();
	await users[1].isQuiet();
	for (const { unread, rows } of users) {
		await unread(0);
		assert.equal(await rows.count(), 0);
	}
});

pageTest("more than 99 are 99+", async ({ stack, open }) => {
	await Promise.all(
		Array.from({ length: 99 }, (_, n) => stack.create("user1", "info", `n${n}`)),
	);
	const page = await open();
	const { shows } = inbox(page, "user1");
	await shows("99");
	await stack.create("user1", "info", "one more");
	await shows("99\\+");
});

/** The ids that a frame says were created, one change a frame or several. */
function createdBy({ notification, changes = [] }) {
	if (notification) return [notification.id];
	return changes.filter(({ op }) => op === "created").map(({ id }) => id);
}

pageTest("a cut line is shown, and resumed without a gap", async ({ stack, line, open }) => {
	const page = await open();
	const user1 = inbox(page, "user1");
	await stack.create("user1", "info", "Before");
	await user1.shows("1");
	const { seq, epoch } = await page.evaluate(
		() => document.querySelector("#user1 tidings-bell").client.position,
	);
	line.cut();
	await user1.card.locator(".words", { hasText: "Reconnecting" }).waitFor();
	const missed = [];
	for (const title of ["During 1", "During 2", "During 3"])
		missed.push((await stack.create("user1", "info", title)).id);
	assert.equal(await user1.rows.count(), 1);
	line.mend();
	await user1.connected();
	await user1.shows("4");
	await user1.row("During 3").waitFor();
	missed.push((await stack.create("user1", "info", "After")).id);
	await user1.shows("5");
	assert.deepEqual(await user1.rows.locator(".title").allTextContents(), [
		"Information: After",
		"Information: During 3",
		"Information: During 2",
		"Information: During 1",
		"Information: Before",
	]);
	const frames = await framesOf(page, "user1");
	const after = frames.slice(frames.findLastIndex(({ type }) => type === "connected"));
	assert.equal(after[0].epoch, epoch);
	assert.equal(
		after.some(({ reset }) => reset),
		false,
	);
	assert.deepEqual(after.flatMap(createdBy), missed);
	assert.equal(after.at(-1).seq, seq + 4);
});

for (const signal of ["SIGTERM", "SIGKILL"])
	pageTest(`a push daemon ended by ${signal} is found again`, async ({ stack, open }) => {
		const page = await open();
		const user1 = inbox(page, "user1");
		await stack.create("user1", "info", "Before");
		await user1.shows("1");
		await page.evaluate(() => {
			const { client } = document.querySelector("#user1 tidings-bell");
			globalThis.lost = new Promise((resolve) =>
				client.addEventListener("status", resolve, { once: true }),
			);
		});
		stack.signal("pushd", signal);
		await page.evaluate(() => globalThis.lost.then(() => {}));
		const during = await stack.create("user1", "info", "During");
		await user1.connected();
		await user1.shows("2");
		await user1.row("During").waitFor();
		const frames = await framesOf(page, "user1");
		const after = frames.slice(
			frames.findLastIndex(({ type }) => type === "connected"),
		);
		assert.deepEqual(after.flatMap(createdBy), [during.id]);
	});

pageTest("one that was missed comes as itself", async ({ stack, open }) => {
	const page = await open();
	const user1 = inbox(page, "user1");
	const cut = user1.card.getByRole("button", { name: "Cut the line" });
	await cut.click();
	await user1.card.locator(".words", { hasText: "Reconnecting" }).waitFor();
	await stack.create("user1", "warning", "Missed");
	await cut.click();
	await user1.shows("1");
	await user1.row("Missed").waitFor();
	const frames = await framesOf(page, "user1");
	assert.equal(frames.filter(({ type }) => type === "new_notification").length, 1);
});

pageTest("a wrong token is said, and no more is tried", async ({ open }) => {
	const page = await open();
	const { card } = inbox(page, "user1");
	await page.evaluate(() => {
		const { client } = document.querySelector("#user1 tidings-bell");
		client.stop();
		client.token = "not.a.token";
		client.start();
	});
	await card.locator(".words", { hasText: "Signed out" }).waitFor();
	const last = (await framesOf(page, "user1")).at(-1);
	assert.equal(last.type, "auth_failed");
});

pageTest("coming online tests the line", async ({ open }) => {
	const page = await open();
	await page.evaluate(() => dispatchEvent(new Event("online")));
	await page.locator("#frames .type", { hasText: "pong" }).first().waitFor();
	assert.equal((await framesOf(page, "user1")).at(-1).type, "pong");
});

pageTest("all of it works by keyboard", async ({ stack, open }) => {
	const page = await open();
	const { button, panel, row } = inbox(page, "user1");
	for (const title of ["One", "Two"]) await stack.create("user1", "info", title);
	await row("Two").waitFor();
	await button.focus();
	await page.keyboard.press("Enter");
	await panel.waitFor();
	assert.equal(await button.getAttribute("aria-expanded"), "true");
	const focused = () =>
		page.evaluate(() => {
			let { activeElement } = document;
			while (activeElement.shadowRoot?.activeElement)
				({ activeElement } = activeElement.shadowRoot);
			return (
				activeElement.getAttribute("aria-label") ??
				activeElement.textContent
			);
		});
	await panel.locator(".row", { hasText: "Two" }).waitFor();
	await page.keyboard.press("Tab");
	assert.equal(await focused(), "Mark all read");
	await page.keyboard.press("Tab");
	assert.equal(await focused(), "Mark as read: Two");
	await page.keyboard.press("Space");
	await panel.getByRole("button", { name: "Mark as unread: Two" }).waitFor();
	assert.equal(await focused(), "Mark as unread: Two");
	await page.keyboard.press("Tab");
	assert.equal(await focused(), "Delete: Two");
	await page.keyboard.press("Enter");
	await panel.locator(".row", { hasText: "Two" }).waitFor({ state: "detached" });
	assert.equal(await focused(), "Delete: One");
	await page.keyboard.press("Escape");
	await panel.waitFor({ state: "hidden" });
	assert.equal(await button.getAttribute("aria-expanded"), "false");
	assert.match(await focused(), /^Notifications/);
});

pageTest("arrivals are announced, connection and count are named", async ({ stack, open }) => {
	const page = await open();
	const { bell } = inbox(page, "user1");
	await stack.create("user1", "info", "Hear this");
	await bell
		.getByRole("status")
		.filter({ hasText: "New notification: Hear this" })
		.waitFor();
	await bell.getByRole("button", { name: "Notifications, 1 new. Live" }).waitFor();
});

pageTest("a click elsewhere closes the panel", async ({ open }) => {
	const page = await open();
	const { button, panel } = inbox(page, "user1");
	await button.click();
	await panel.waitFor();
	await page.locator("h1").click();
	await panel.waitFor({ state: "hidden" });
});

pageTest("the policy that the tests impose is in force", async ({ open }) => {
	const page = await open();
	const blocked = await page.evaluate(
		() =>
			new Promise((resolve) => {
				document.addEventListener("securitypolicyviolation", (event) =>
					resolve(event.effectiveDirective),
				);
				const style = document.createElement("style");
				style.textContent = "body { color: red }";
				document.head.append(style);
			}),
	);
	assert.match(blocked, /^style-src/);
	assert.ok(page.troubles.length > 0, "a violation is noticed");
	page.troubles.length = 0;
});

// --- Accessibility ------------------------------------------------------------------

const looks = {
	light: {},
	dark: { colorScheme: "dark" },
	narrow: { viewport: { width: 390, height: 844 } },
};

for (const [look, options] of Object.entries(looks))
	pageTest(`axe finds nothing: ${look}`, async ({ stack, open }) => {
		const page = await open({ ...options, reducedMotion: "reduce" });
		const { button, panel, row, unread } = inbox(page, "user1");
		assert.deepEqual(await violations(page), [], "empty");
		for (const type of ["success", "info", "warning", "error"])
			await stack.create("user1", type, `A ${type}`, {
				link: type === "info" ? "/x" : undefined,
			});
		await unread(4);
		await row("A success").click();
		await unread(3);
		assert.deepEqual(await violations(page), [], "with notifications");
		await button.click();
		await panel.locator(".row", { hasText: "A info" }).waitFor();
		assert.deepEqual(await violations(page), [], "with the panel open");
	});
