/**
 * The bell on pages of its own, against the real server: what a user sees, hears and does.
 */

import assert from "node:assert/strict";
import { openBell, testsOf, violations } from "./page.mjs";

const bellTest = testsOf("bell", openBell);

/** What there is of the first bell of a page. */
function partsOf(page) {
	const bell = page.locator("tidings-bell").first();
	const rows = bell.locator(".row");
	return {
		bell,
		rows,
		button: bell.locator(".bell"),
		badge: bell.locator(".badge"),
		panel: bell.locator(".panel"),
		trouble: bell.locator(".trouble"),
		row: (title) => rows.filter({ hasText: title }),
		named: (name) => bell.getByRole("button", { name, exact: true }).waitFor(),
		async show() {
			await bell.locator(".bell").click();
			await bell.locator(".panel").waitFor();
		},
	};
}

/** An open page whose bell is connected. */
async function live(open, options) {
	const page = await open(options);
	await partsOf(page).bell.locator(".bell .connected").waitFor();
	return page;
}

const many = (stack, count) =>
	stack.request("admin", "POST", "/batch", {
		notifications: Array.from({ length: count }, (_, n) => ({
			userId: "user1",
			type: "info",
			title: `n${n}`,
			message: "One of many",
		})),
	});

const countsOf = async (stack) => {
	const { unreadCount, unseenCount } = await stack.request("user1", "GET", "/unread-count");
	return [unreadCount, unseenCount];
};

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

bellTest("without a network it says so, and tries again when asked to", async (all) => {
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

// --- The desktop --------------------------------------------------------------------

/** What the browser would show stands in `shown`; a page is hidden where a test says so. */
function fakeDesktop(page, permission = "granted") {
	return page.addInitScript((answer) => {
		globalThis.asked = 0;
		globalThis.shown = [];
		globalThis.Notification = class {
			static permission = "default";
			static async requestPermission() {
				globalThis.asked++;
				return (Notification.permission = answer);
			}
			constructor(title, options) {
				Object.assign(this, { title, ...options });
				globalThis.shown.push(this);
			}
			close() {
				this.closed = true;
				this.onclose?.();
			}
		};
		let hidden = false;
		Object.defineProperty(document, "hidden", { get: () => hidden });
		globalThis.hide = (value) => {
			hidden = value;
			document.dispatchEvent(new Event("visibilitychange"));
		};
	}, permission);
}

/** The titles of what is shown on the desktop. */
const shownBy = (page) =>
	page.evaluate(() => globalThis.shown.filter(({ closed }) => !closed).map((n) => n.title));

/** Waits until the desktop shows these. */
async function shows(page, ...titles) {
	await page.waitForFunction(
		(wanted) =>
			globalThis.shown
				.filter(({ closed }) => !closed)
				.map(({ title }) => title)
				.join() === wanted,
		titles.join(),
	);
}

/** Waits until no page says that it is visible. */
const nobodyLooks = (page) =>
	page.waitForFunction(async () => {
		const { held } = await navigator.locks.query();
		return held.every(({ name }) => name !== "tidings-visible");
	});

async function hide(page) {
	await page.evaluate(() => globalThis.hide(true));
	await nobodyLooks(page);
}

async function turnOn(page) {
	await partsOf(page).show();
	await page.getByRole("switch").click();
	await page.getByRole("switch", { checked: true }).waitFor();
	await page.keyboard.press("Escape");
}

const withDesktop = { attributes: "desktop", before: (page) => fakeDesktop(page) };

bellTest("without the attribute nothing is offered for the desktop", async ({ open }) => {
	const loaded = [];
	const before = async (page) => page.on("request", (request) => loaded.push(request.url()));
	const page = await live(open, { before });
	await partsOf(page).show();
	assert.equal(await page.getByRole("switch").isVisible(), false);
	assert.equal(loaded.some((url) => url.includes("tidings-desktop")), false);
	await page.evaluate(() => document.querySelector("tidings-bell").toggleAttribute("desktop"));
	await page.getByRole("switch", { name: "Show on the desktop", checked: false }).waitFor();
	await page.evaluate(() => document.querySelector("tidings-bell").toggleAttribute("desktop"));
	await page.getByRole("switch").waitFor({ state: "hidden" });
});

bellTest("the desktop is asked for on a click, and remembered", async ({ open }) => {
	const page = await live(open, withDesktop);
	await partsOf(page).show();
	const offer = page.getByRole("switch");
	await offer.waitFor();
	assert.equal(await page.evaluate(() => globalThis.asked), 0);
	await offer.click();
	await page.getByRole("switch", { checked: true }).waitFor();
	assert.equal(await page.evaluate(() => globalThis.asked), 1);
	const other = await live(open, { ...withDesktop, beside: page });
	await other.evaluate(() => (Notification.permission = "granted"));
	await page.getByRole("switch").click();
	await page.getByRole("switch", { checked: false }).waitFor();
	await page.getByRole("switch").click();
	await partsOf(other).show();
	await other.getByRole("switch", { checked: true }).waitFor();
});

bellTest("a refusal is said", async ({ open }) => {
	const before = (page) => fakeDesktop(page, "denied");
	const page = await live(open, { attributes: "desktop", before });
	const { show, panel } = partsOf(page);
	await show();
	await page.getByRole("switch", { checked: false }).click();
	await panel.getByText("Your browser does not allow it here.").waitFor();
	await page.getByRole("switch", { checked: false }).waitFor();
});

bellTest("the desktop shows what arrives while no page is visible", async ({ stack, open }) => {
	const page = await live(open, withDesktop);
	const { named } = partsOf(page);
	await stack.create("user1", "info", "Off");
	await turnOn(page);
	await stack.create("user1", "info", "Seen on the page");
	await named("Notifications, 1 new. Live");
	await hide(page);
	const { id } = await stack.create("user1", "info", "Hidden");
	await shows(page, "Hidden");
	const [shown] = await page.evaluate(() => globalThis.shown.map(({ tag, body }) => [tag, body]));
	assert.deepEqual(shown, [id, "About: Hidden"]);
	const other = await live(open, { ...withDesktop, beside: page }); // this one is visible
	await stack.create("user1", "info", "Seen on the other page");
	await named("Notifications, 3 new. Live");
	await partsOf(other).named("Notifications, 3 new. Live");
	assert.deepEqual(await shownBy(page), ["Hidden"]);
	await hide(other);
	await stack.create("user1", "info", "Once");
	await shows(page, "Hidden", "Once"); // it has the connection
	await partsOf(other).named("Notifications, 4 new. Live");
	assert.deepEqual(await shownBy(other), []);
	await page.close();
	await other.evaluate(() => (Notification.permission = "granted"));
	await other.waitForFunction(() => document.querySelector("tidings-bell").client.leading);
	await partsOf(other).bell.locator(".bell .connected").waitFor();
	await stack.create("user1", "info", "By the next");
	await shows(other, "By the next");
});

bellTest("what ended elsewhere goes from the desktop", async ({ stack, open }) => {
	const page = await live(open, withDesktop);
	await turnOn(page);
	await hide(page);
	const ids = {};
	for (const title of ["Read", "Deleted", "Withdrawn", "Left", "Also left"])
		ids[title] = (await stack.create("user1", "info", title)).id;
	await shows(page, "Read", "Deleted", "Withdrawn", "Left", "Also left");
	await stack.request("user1", "PATCH", `/${ids.Read}/read`);
	await shows(page, "Deleted", "Withdrawn", "Left", "Also left");
	await stack.request("user1", "DELETE", `/${ids.Deleted}`);
	await shows(page, "Withdrawn", "Left", "Also left");
	await stack.request("admin", "DELETE", `/users/user1/notifications/${ids.Withdrawn}`);
	await shows(page, "Left", "Also left");
	await stack.request("user1", "POST", "/read-all");
	await shows(page);
	for (const title of ["1", "2", "3", "4", "5", "6"])
		await stack.create("user1", "info", title);
	await shows(page, "2", "3", "4", "5", "6"); // no more than that
	const expiresAt = new Date(Date.now() + 1500).toISOString();
	await stack.create("user1", "info", "Brief", { expiresAt });
	await shows(page, "3", "4", "5", "6", "Brief");
	await shows(page, "3", "4", "5", "6");
	await page.evaluate(() => document.querySelector("tidings-bell").remove());
	await shows(page);
});

bellTest("a click on the desktop reads and follows", async ({ stack, open }) => {
	const page = await live(open, withDesktop);
	const { panel } = partsOf(page);
	await turnOn(page);
	await hide(page);
	await stack.create("user1", "info", "No link");
	await shows(page, "No link");
	await page.evaluate(() => globalThis.shown.at(-1).onclick());
	await panel.waitFor();
	await shows(page);
	await stack.create("user1", "info", "Go", { link: "/demo/page.html?2" });
	await shows(page, "Go");
	await page.evaluate(() => globalThis.shown.at(-1).onclick());
	await page.waitForURL(/page\.html\?2$/);
	await partsOf(page).bell.locator(".bell .connected").waitFor();
	assert.equal((await countsOf(stack))[0], 0);
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

// --- Places and looks ---------------------------------------------------------------

const corners = ["0 auto auto 0", "0 0 auto auto", "auto auto 0 0", "auto 0 0 auto", "45%"];
const windows = [
	["ltr", 1000],
	["rtl", 620],
	["ltr", 360],
];

bellTest("the panel is inside the window, wherever the bell is", async ({ stack, open }) => {
	await many(stack, 10);
	const height = 700;
	const css = corners
		.map((inset, n) => `.at${n} div { position: fixed; inset: ${inset}; contain: paint }`)
		.join("\n");
	const page = await live(open, { css, html: "<div>ELEMENT</div>", reducedMotion: "reduce" });
	const { show, panel, rows } = partsOf(page);
	for (const [n, inset] of corners.entries())
		for (const [dir, width] of windows) {
			await page.setViewportSize({ width, height });
			await page.evaluate((place) => Object.assign(document.body, place), {
				className: `at${n}`,
				dir,
			});
			await show();
			await rows.nth(9).locator(".mark").click({ trial: true }); // nothing covers it
			const box = await panel.boundingBox();
			const what = `${inset}, ${dir}, ${width}: ${JSON.stringify(box)}`;
			assert.ok(box.x >= 0 && box.x + box.width <= width, what);
			assert.ok(box.y >= 0 && box.y + box.height <= height, what);
			assert.ok(box.height > 250, what);
			await page.keyboard.press("Escape");
		}
});

bellTest("slots, parts and variables are the page's", async ({ open }) => {
	const slots = ["icon", "heading", "footer", "empty"].map(
		(name) => `<span slot="${name}">My ${name}</span>`,
	);
	const html = `ELEMENT<template>${slots.join("")}</template>`;
	const css = `
		tidings-bell { --tidings-surface: rgb(1, 2, 3); --tidings-panel-width: 300px }
		tidings-bell::part(bell) { border-radius: 20px }
		tidings-bell::part(head) { background: rgb(4, 5, 6) }`;
	const page = await live(open, { html, css });
	const { show, panel, bell, button } = partsOf(page);
	await page.evaluate(() => {
		const { content } = document.querySelector("template");
		document.querySelector("tidings-bell").append(content);
	});
	await show();
	for (const name of ["icon", "heading", "footer", "empty"])
		await page.getByText(`My ${name}`).waitFor();
	assert.equal(await bell.getByText("All caught up").isVisible(), false);
	const style = (locator, name) =>
		locator.evaluate((node, key) => getComputedStyle(node)[key], name);
	assert.equal(await style(panel, "backgroundColor"), "rgb(1, 2, 3)");
	assert.equal(await style(panel, "width"), "300px");
	assert.equal(await style(button, "borderRadius"), "20px");
	assert.equal(await style(bell.locator(".head"), "backgroundColor"), "rgb(4, 5, 6)");
});

bellTest("nothing moves for those who asked for that", async ({ open }) => {
	const page = await live(open, { reducedMotion: "reduce" });
	const { show, bell } = partsOf(page);
	await show();
	const running = await bell.evaluate(
		(node) => node.shadowRoot.getAnimations({ subtree: true }).length,
	);
	assert.equal(running, 0);
});

// --- Accessibility --------------------------------------------------------------------

const states = {
	async closed({ page, stack }) {
		await stack.create("user1", "info", "One");
		await partsOf(page).badge.waitFor();
	},
	async empty({ page }) {
		await partsOf(page).show();
		await partsOf(page).panel.locator(".strong").waitFor();
	},
	async filled({ page, stack }) {
		for (const type of ["info", "success", "warning", "error"])
			await stack.create("user1", type, type, { link: type === "info" ? "/" : undefined });
		await partsOf(page).show();
		await partsOf(page).row("success").locator(".mark").click();
		await partsOf(page).row("success").and(page.locator(":not(.unread)")).waitFor();
		await partsOf(page).row("error").hover();
	},
	async "120 unread"({ page, stack }) {
		await many(stack, 120);
		await partsOf(page).badge.waitFor();
		await partsOf(page).show();
		await partsOf(page).rows.nth(9).waitFor();
	},
	async failed({ page }) {
		await page.route(/notifications\/\?limit/, (route) =>
			route.fulfill({ status: 503, json: {} }),
		);
		await partsOf(page).show();
		await partsOf(page).panel.locator(".note .plain").waitFor();
	},
	async offline({ page, line }) {
		await page.context().setOffline(true);
		line.cut();
		await partsOf(page).bell.locator(".bell .waiting").waitFor();
		await partsOf(page).show();
		await partsOf(page).trouble.waitFor();
	},
	async "signed out"({ page }) {
		page.token = null;
		await page.evaluate(() =>
			document.querySelector("tidings-bell").setAttribute("token-url", "token?again"),
		);
		await partsOf(page).bell.locator(".bell .stopped").waitFor();
		await partsOf(page).show();
		await partsOf(page).trouble.waitFor();
	},
};

const looks = {
	light: {},
	dark: { colorScheme: "dark" },
	"right to left": { dir: "rtl" },
	"right to left, dark": { dir: "rtl", colorScheme: "dark" },
	narrow: { width: 360 },
	"more contrast": { contrast: "more" },
	"forced colours": { forcedColors: "active" },
};

async function dress(page, { dir = "ltr", width = 800, ...media }) {
	await page.setViewportSize({ width, height: 700 });
	const none = { colorScheme: "light", contrast: null, forcedColors: "none" };
	await page.emulateMedia({ ...none, ...media, reducedMotion: "reduce" });
	await page.evaluate((value) => (document.documentElement.dir = value), dir);
}

for (const [state, enter] of Object.entries(states))
	bellTest(`axe finds nothing: ${state}`, async ({ stack, line, open }) => {
		const page = await live(open, { attributes: 'href="/all" desktop' });
		await enter({ page, stack, line });
		for (const [look, options] of Object.entries(looks)) {
			await dress(page, options);
			assert.deepEqual(await violations(page), [], look);
		}
	});
