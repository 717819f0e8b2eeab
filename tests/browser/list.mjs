/**
 * The list on pages of its own, against the real server: what a user sees, hears and does.
 */

import assert from "node:assert/strict";
import { openList, testsOf, violations } from "./page.mjs";

const listTest = testsOf("list", openList);
const FRAMED = "tidings-list { height: 560px; border: 1px solid }";
const UNDO_FOR = 7000;

const has = (text) => ({ hasText: text });

/** What there is of the list of a page. */
function partsOf(page) {
	const list = page.locator("tidings-list");
	const rows = list.locator(".row");
	const button = (name) => list.getByRole("button", { name });
	return {
		list,
		rows,
		button,
		row: (title) =>
			rows.filter({
				has: page.locator(".title", has(new RegExp(`: ${title}$`))),
			}),
		all: button(/^All/),
		unread: button(/^Unread/),
		type: list.getByLabel("Type"),
		category: list.getByLabel("Category"),
		days: list.locator(".day"),
		pill: list.locator(".pill"),
		toast: list.locator(".toast"),
		trouble: list.locator(".trouble"),
		scroll: list.locator(".scroll"),
	};
}

const connected = (page) =>
	page.waitForFunction(() => {
		const { client } = document.querySelector("tidings-list");
		return client?.status.state === "connected";
	});

/** A page with `css`, that has a height for the list unless told otherwise. */
async function openLoaded(open, options) {
	const page = await open({ css: FRAMED, ...options });
	await connected(page);
	await partsOf(page)
		.list.locator(".list[aria-busy=false]")
		.waitFor({ state: "attached" });
	return page;
}

/** The rows are these, once it is settled. */
async function shows(page, ...titles) {
	await page.waitForFunction((wanted) => {
		const { shadowRoot } = document.querySelector("tidings-list");
		const found = [...shadowRoot.querySelectorAll(".title")];
		const text = ({ textContent }) => textContent.replace(/^\w+: /, "");
		return found.map(text).join() === wanted;
	}, titles.join());
}

/** What has the focus: an article by its title, anything else by its name or text. */
const focused = (page) =>
	page.evaluate(() => {
		const { activeElement } = document.activeElement?.shadowRoot ?? document;
		const title =
			activeElement.matches(".row") && activeElement.querySelector(".title");
		if (title) return title.textContent.replace(/^\w+: /, "");
		return activeElement.ariaLabel ?? activeElement.innerText;
	});

const create = (stack, ...titles) =>
	titles.reduce(
		(before, title) => before.then(() => stack.create("user1", "info", title)),
		Promise.resolve(),
	);

async function createMany(stack, count, more = {}) {
	const one = (_, n) => ({
		userId: "user1",
		type: "info",
		title: `n${n}`,
		message: "m",
		...more,
	});
	const notifications = Array.from({ length: count }, one);
	return (await stack.request("admin", "POST", "/batch", { notifications }))
		.notifications;
}

const countOf = (tab, count) =>
	tab.filter(has(new RegExp(`\\D${count || ""}$`))).waitFor();

// --- States -------------------------------------------------------------------------

listTest("an empty one says so, and takes what arrives", async ({ stack, open }) => {
	const page = await openLoaded(open);
	const { list, all, unread, category } = partsOf(page);
	await list.getByText("All caught up").waitFor();
	assert.equal(await category.isVisible(), false, "there is none to choose");
	await create(stack, "One");
	await shows(page, "One");
	await countOf(all, 1);
	await countOf(unread, 1);
	assert.equal(await list.getByText("All caught up").isVisible(), false);
	await list.getByText("That is all").waitFor();
});

listTest(
	"bones until there is an answer, and a failure can be tried again",
	async (all) => {
		let answer;
		const before = (page) =>
			page.route("**/api/notifications/?*", async (route) => {
				const allowed = await new Promise((resolve) => (answer = resolve));
				if (allowed) await route.fallback();
				else
					await route.fulfill({
						status: 503,
						json: {
							error: "no",
							code: "unavailable",
						},
					});
			});
		await create(all.stack, "One");
		const page = await all.open({ css: FRAMED, before });
		const { list, button } = partsOf(page);
		await list.locator(".bone").first().waitFor();
		await connected(page); // which would try again what had failed before
		answer(false);
		await list.getByText("Notifications could not be loaded.").waitFor();
		assert.equal(await list.locator(".bone").first().isVisible(), false);
		await button("Try again").click();
		answer(true);
		await shows(page, "One");
	},
);

listTest("without a line what is held stays, and it says why", async (all) => {
	const { stack, open, line } = all;
	await create(stack, "One");
	const page = await openLoaded(open);
	const { trouble } = partsOf(page);
	await shows(page, "One");
	assert.equal(await trouble.isVisible(), false);
	line.cut();
	await trouble.filter(has("cannot be reached")).waitFor();
	await create(stack, "Two");
	await shows(page, "One");
	line.mend();
	await shows(page, "Two", "One");
	await trouble.waitFor({ state: "hidden" });
});

listTest("attributes and slots", async ({ stack, open }) => {
	const [one] = await createMany(stack, 3);
	await stack.request("user1", "PATCH", `/${one.id}/read`);
	const html = `<tidings-list base="/api/notifications" token-url="token" page="1"
		filter="unread" categories="b  a"><b slot="heading">Inbox</b></tidings-list>`;
	const page = await openLoaded(open, { html });
	const { unread, category, list } = partsOf(page);
	await shows(page, "n2", "n1");
	assert.equal(await unread.getAttribute("aria-pressed"), "true");
	assert.deepEqual(await category.locator("option").allTextContents(), [
		"All categories",
		"a",
		"b",
	]);
	await list.getByText("Inbox").waitFor();
	await list.evaluate((node) => node.removeAttribute("filter"));
	await shows(page, "n2", "n1", "n0");
});

// --- Filters ------------------------------------------------------------------------

listTest("among the unread ones what is read leaves, and comes back", async (all) => {
	const { stack, open } = all;
	await create(stack, "One", "Two", "Three");
	const page = await openLoaded(open);
	const { unread, row, list, button } = partsOf(page);
	await unread.click();
	await shows(page, "Three", "Two", "One");
	await row("Two").click();
	await shows(page, "Three", "One");
	await countOf(unread, 2);
	await countOf(partsOf(page).all, 3);
	const { notifications } = await stack.request("user1", "GET", "/");
	assert.equal(notifications[1].read, true);
	await stack.request("user1", "PATCH", `/${notifications[1].id}/unread`);
	await shows(page, "Three", "Two", "One");
	await stack.request("user1", "PATCH", `/${notifications[0].id}/read`);
	await stack.request("user1", "DELETE", `/${notifications[2].id}`);
	await shows(page, "Two");
	await button("Mark all read").click();
	await list.getByText("All caught up").waitFor();
	await countOf(unread, 0);
	assert.equal(await button("Mark all read").getAttribute("aria-disabled"), "true");
});

listTest("by type and category, which may be none at all", async ({ stack, open }) => {
	await stack.create("user1", "info", "Order", { category: "orders" });
	await stack.create("user1", "error", "Disk", { category: "system" });
	await stack.create("user1", "error", "Plain");
	const page = await openLoaded(open, { attributes: 'categories="billing"' });
	const { type, category, list, button } = partsOf(page);
	await shows(page, "Plain", "Disk", "Order");
	assert.deepEqual(await category.locator("option").allTextContents(), [
		"All categories",
		"billing",
		"orders",
		"system",
	]);
	await type.selectOption("error");
	await shows(page, "Plain", "Disk");
	await category.selectOption("system");
	await shows(page, "Disk");
	await stack.create("user1", "error", "Other", { category: "orders" });
	await stack.create("user1", "error", "Net", { category: "system" });
	await shows(page, "Net", "Disk");
	await category.selectOption("billing");
	await list.getByText("Nothing matches").waitFor();
	await button("Clear filters").click();
	await shows(page, "Net", "Other", "Plain", "Disk", "Order");
	assert.equal(await focused(page), "Type", "focus is not lost with the button");
});

listTest("nothing of one user is left for the next", async ({ stack, open }) => {
	await stack.create("user1", "info", "Mine", { category: "orders" });
	await stack.create("user2", "info", "Other", { category: "news" });
	const page = await openLoaded(open, { before: (page) => page.clock.install() });
	const { category, row, toast } = partsOf(page);
	await category.selectOption("orders");
	await row("Mine").hover();
	await row("Mine").locator(".remove").click();
	await shows(page);
	page.token = stack.demo.tokens.user2;
	const deleted = page.waitForResponse(
		(answer) => answer.request().method() === "DELETE",
	);
	await page.evaluate(() =>
		document.querySelector("tidings-list").setAttribute("token-url", "token?2"),
	);
	assert.equal((await deleted).status(), 200, "what was deleted is, as that user");
	await shows(page, "Other");
	assert.deepEqual(await category.locator("option").allTextContents(), [
		"All categories",
		"news",
	]);
	assert.equal(await toast.isVisible(), false);
});

// --- Pages and arrivals -------------------------------------------------------------

listTest("the end of the list brings the next page", async ({ stack, open }) => {
	await createMany(stack, 90);
	const page = await openLoaded(open, { attributes: 'page="20"' });
	const { row, scroll, list } = partsOf(page);
	await row("n89").waitFor();
	assert.equal(await row("n0").count(), 0);
	while ((await row("n0").count()) === 0)
		await scroll.evaluate((node) => node.scrollTo(0, node.scrollHeight));
	await list.getByText("That is all").waitFor();
	assert.equal(await list.locator('.row[aria-posinset="90"]').count(), 1);
});

listTest("so does a button, with the focus going on", async ({ stack, open }) => {
	await createMany(stack, 30);
	const blind = () => {
		globalThis.IntersectionObserver = class {
			observe() {}
			unobserve() {}
		};
	};
	const before = (page) => page.addInitScript(blind);
	const page = await openLoaded(open, { attributes: 'page="20"', before });
	const { rows, button } = partsOf(page);
	await rows.nth(19).waitFor();
	await button("Load more").click();
	await rows.nth(29).waitFor();
	assert.equal(await focused(page), "n9");
	assert.equal(await button("Load more").isVisible(), false);
});

for (const [where, css, scrolled] of [
	["the list", FRAMED, "tidings-list"],
	["the page", "", "html"],
])
	listTest(`what arrives while ${where} is scrolled waits above`, async (all) => {
		const { stack, open } = all;
		await createMany(stack, 40);
		const page = await openLoaded(open, { css });
		const { rows, pill, row } = partsOf(page);
		await rows.nth(19).waitFor();
		await create(stack, "At once");
		await row("At once").waitFor();
		assert.equal(await pill.isVisible(), false);
		await page.evaluate((name) => {
			const node = document.querySelector(name);
			globalThis.scroller = node.shadowRoot?.querySelector(".scroll") ?? node;
			globalThis.scroller.scrollTop = 700;
		}, scrolled);
		const place = () =>
			row("n33").evaluate((node) => node.getBoundingClientRect().top);
		await page.waitForFunction(() => {
			const { inbox } = document.querySelector("tidings-list");
			inbox.hold(); // as it does itself, a frame later
			return true;
		});
		const before = await place();
		await create(stack, "One", "Two", "Three");
		await pill.filter(has("3 new")).waitFor();
		assert.equal(await row("Three").count(), 0);
		assert.equal(await place(), before, "nothing moved");
		// By the mouse alone: click() may scroll first, to where there is no pill
		const { x, y, width, height } = await pill.boundingBox();
		await page.mouse.click(x + width / 2, y + height / 2);
		await row("Three").waitFor();
		assert.equal(await focused(page), "Three");
		await pill.waitFor({ state: "hidden" });
		assert.ok((await row("Three").boundingBox()).y >= 0);
	});

listTest("many at once are all there", async ({ stack, open }) => {
	const page = await openLoaded(open);
	const { all, rows } = partsOf(page);
	await createMany(stack, 130);
	await countOf(all, 130);
	await rows.nth(24).waitFor();
	assert.equal(await rows.first().getAttribute("aria-setsize"), "130");
});

listTest("days are headings, which move on at midnight", async ({ stack, open }) => {
	await create(stack, "One");
	const at = new Date();
	const before = (page) => page.clock.install({ time: at });
	const page = await openLoaded(open, { before });
	const { days, row } = partsOf(page);
	await days.filter(has("Today")).waitFor();
	at.setHours(24, 1);
	await page.clock.setSystemTime(at);
	await page.clock.runFor(30_000);
	await days.filter(has("Yesterday")).waitFor();
	await page.clock.setSystemTime(at.getTime() + 86_400_000);
	await page.clock.runFor(30_000);
	const name = new Intl.DateTimeFormat("en", { weekday: "long" }).format(new Date());
	await days.filter(has(new RegExp(`^${name}, `))).waitFor();
	await row("One").locator("time", has("2 days ago")).waitFor();
	assert.equal(await days.count(), 1);
});

// --- Deleting -----------------------------------------------------------------------

const isGone = async (stack, id) => {
	const { notifications } = await stack.request("user1", "GET", "/");
	return !notifications.some((one) => one.id === id);
};

listTest("deleting can be undone, and what comes back has its place", async (all) => {
	const { stack, open } = all;
	await create(stack, "One", "Two", "Three", "Four");
	const page = await openLoaded(open, { before: (page) => page.clock.install() });
	const { row, toast, button, list } = partsOf(page);
	await row("Three").hover();
	await row("Three").locator(".remove").click();
	await shows(page, "Four", "Two", "One");
	await toast.filter(has("Notification deleted")).waitFor();
	await countOf(partsOf(page).all, 3);
	await countOf(partsOf(page).unread, 3);
	await list.getByRole("status").filter(has("Notification deleted")).waitFor();
	await row("Two").locator(".remove").click();
	await toast.filter(has("2 deleted")).waitFor();
	await shows(page, "Four", "One");
	await button("Undo").click();
	await shows(page, "Four", "Three", "Two", "One");
	assert.equal(await focused(page), "Two");
	await countOf(partsOf(page).all, 4);
	await page.clock.runFor(2 * UNDO_FOR);
	assert.equal((await stack.request("user1", "GET", "/")).total, 4);
	assert.equal(await toast.isVisible(), false);
});

listTest("after a while it is done, but not while it is pointed at", async (all) => {
	const { stack, open } = all;
	const [one] = await createMany(stack, 2);
	const page = await openLoaded(open, { before: (page) => page.clock.install() });
	const { row, toast } = partsOf(page);
	await row("n0").hover();
	await row("n0").locator(".remove").click();
	await toast.hover();
	await page.clock.runFor(3 * UNDO_FOR);
	assert.ok(await toast.isVisible());
	assert.equal(await isGone(stack, one.id), false);
	await page.mouse.move(1, 1);
	const deleted = page.waitForResponse(
		(answer) => answer.request().method() === "DELETE",
	);
	await page.clock.runFor(UNDO_FOR);
	assert.equal((await deleted).status(), 200);
	assert.ok(await isGone(stack, one.id));
	await shows(page, "n1");
	await toast.waitFor({ state: "hidden" });
});

listTest("leaving the page does not undo it", async ({ stack, open }) => {
	const made = await createMany(stack, 3);
	const page = await openLoaded(open);
	const { row } = partsOf(page);
	for (const title of ["n0", "n2"]) {
		await row(title).hover();
		await row(title).locator(".remove").click();
	}
	await shows(page, "n1");
	await page.goto("about:blank");
	for (const { id } of [made[0], made[2]]) while (!(await isGone(stack, id)));
	assert.equal(await isGone(stack, made[1].id), false);
});

listTest("what cannot be deleted comes back", async ({ stack, open }) => {
	await create(stack, "One", "Two");
	const before = async (page) => {
		await page.clock.install();
		await page.route("**/api/notifications/*-*", (route) =>
			route.fulfill({
				status: 503,
				json: { error: "no", code: "unavailable" },
			}),
		);
	};
	const page = await openLoaded(open, { before });
	const { row, list } = partsOf(page);
	await row("One").hover();
	await row("One").locator(".remove").click();
	await shows(page, "Two");
	await page.clock.runFor(UNDO_FOR);
	await shows(page, "Two", "One");
	await list.getByRole("status").filter(has("That did not work")).waitFor();
});

// --- By key -------------------------------------------------------------------------

listTest(
	"the page keys lead through the feed and out of it",
	async ({ stack, open }) => {
		await createMany(stack, 60);
		const page = await openLoaded(open, { attributes: 'page="30"' });
		const { rows, row, type } = partsOf(page);
		await rows.nth(24).waitFor();
		const press = async (key) => {
			await page.keyboard.press(key);
			return focused(page);
		};
		await type.focus();
		assert.equal(await press("Tab"), "n59");
		assert.equal(await press("PageDown"), "n58");
		assert.equal(await press("PageDown"), "n57");
		assert.equal(await press("PageUp"), "n58");
		assert.equal(await press("Home"), "n59");
		assert.equal(await press("PageUp"), "n59", "there is none above");
		await page.keyboard.press("End");
		while ((await focused(page)) !== "n0") await page.keyboard.press("PageDown");
		assert.ok(await row("n0").isVisible());
		assert.equal(await press("PageDown"), "n0", "there is none below");
		assert.equal(await press("Tab"), "Mark as read: n0");
		assert.equal(await press("Tab"), "Delete: n0");
		await page.keyboard.press("PageUp");
		assert.equal(await focused(page), "n1", "from a button as well");
		await page.keyboard.press("Control+End");
		assert.equal(await focused(page), "That is all");
		await page.keyboard.press("Shift+Tab");
		await page.keyboard.press("Shift+Tab");
		await page.keyboard.press("Shift+Tab");
		assert.equal(await focused(page), "n1", "where it was, not among all of them");
		assert.equal(await press("Control+Home"), "Type");
	},
);

listTest(
	"Enter reads, Delete deletes, Control+Z undoes, focus stays near",
	async (all) => {
		const { stack, open } = all;
		await create(stack, "One", "Two", "Three");
		const page = await openLoaded(open);
		const { row, unread, button } = partsOf(page);
		await row("Two").focus();
		await page.keyboard.press("Enter");
		await countOf(unread, 2);
		assert.equal(await focused(page), "Two");
		await page.keyboard.press("Delete");
		await shows(page, "Three", "One");
		assert.equal(await focused(page), "One");
		await page.keyboard.press("Delete");
		await shows(page, "Three");
		assert.equal(
			await focused(page),
			"Three",
			"the last one is deleted: the one above",
		);
		await page.keyboard.press("Control+z");
		await shows(page, "Three", "Two", "One");
		assert.equal(await focused(page), "One");
		await unread.focus();
		await page.keyboard.press("Enter");
		await shows(page, "Three", "One");
		await row("Three").focus();
		await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await shows(page, "One");
		assert.equal(
			await focused(page),
			"One",
			"that it was read took the row and its button",
		);
		const { notifications } = await stack.request("user1", "GET", "/");
		await stack.request("user1", "DELETE", `/${notifications.at(-1).id}`);
		await shows(page);
		assert.notEqual(await page.evaluate(() => document.activeElement), null);
		await button(/^All/).focus();
	},
);

listTest(
	"a link is followed by Enter, and is the article's",
	async ({ stack, open }) => {
		await stack.create("user1", "info", "Linked", { link: "/after" });
		const page = await openLoaded(open);
		await page.route("**/after", (route) => route.fulfill({ body: "there" }));
		await partsOf(page).row("Linked").focus();
		const read = page.waitForResponse((answer) => answer.url().endsWith("/read"));
		await page.keyboard.press("Enter");
		await page.waitForURL("**/after");
		await read.catch(() => {}); // it may be over before the page is
		while ((await stack.request("user1", "GET", "/unread-count")).unreadCount);
	},
);

listTest("articles are named, described and counted", async ({ stack, open }) => {
	await createMany(stack, 30);
	const page = await openLoaded(open, { attributes: 'page="10"' });
	const { list } = partsOf(page);
	const feed = list.getByRole("feed", { name: "Notifications" });
	await feed.getByRole("article", { name: "Information: n29" }).waitFor();
	const article = feed.getByRole("article").first();
	assert.equal(await article.getAttribute("aria-posinset"), "1");
	const described = await article.evaluate((node) =>
		node
			.getAttribute("aria-describedby")
			.split(" ")
			.map((id) => node.getRootNode().getElementById(id).textContent),
	);
	assert.deepEqual(described, ["m", "just now"]);
});

// --- Ten thousand -------------------------------------------------------------------

const THOUSANDS = 10;
const NODES_MOST = 5000; // in the shadow tree: those of some 75 to 150 rows
const ARRIVAL_MOST = 10; // nodes: the row, its day, and those it pushes to the next slice

listTest(
	"10,000 are scrolled through with few nodes and no long standstill",
	async (all) => {
		const { stack, open } = all;
		for (let n = 0; n < THOUSANDS; n++) await createMany(stack, 1000);
		const page = await openLoaded(open, { attributes: 'page="100"' });
		await countOf(partsOf(page).all, "10,000");
		const seen = await page.evaluate(scrollThrough, THOUSANDS * 1000);
		await partsOf(page).rows.last().focus();
		assert.equal(seen.held, THOUSANDS * 1000);
		assert.ok(seen.nodes < NODES_MOST, `${seen.nodes} nodes`);
		assert.ok(seen.longest < 2000, `${seen.longest} ms without a frame`);
		assert.ok(
			seen.long < seen.frames / 4,
			`${seen.long} of ${seen.frames} frames are late`,
		);
		await page.keyboard.press("Home");
		await partsOf(page).list.locator('.row[aria-posinset="30"]').waitFor();
		await page.evaluate(countMutations);
		await create(stack, "One more");
		await partsOf(page).row("One more").waitFor();
		const arrival = await page.evaluate(() => globalThis.mutations);
		console.log(
			`# ${JSON.stringify(seen)}, an arrival: ${JSON.stringify(arrival)}`,
		);
		assert.ok(
			arrival.added <= ARRIVAL_MOST,
			`${arrival.added} nodes for one arrival`,
		);
		assert.ok(
			arrival.changed <= ARRIVAL_MOST * 100,
			`${arrival.changed} attributes`,
		);
	},
);

/** In the page: to the end of all, some screens a frame. */
async function scrollThrough(wanted) {
	const list = document.querySelector("tidings-list");
	const scroll = list.shadowRoot.querySelector(".scroll");
	const found = { nodes: 0, frames: 0, long: 0, longest: 0 };
	let last = performance.now();
	while (true) {
		await new Promise(requestAnimationFrame);
		const now = performance.now();
		found.frames++;
		if (now - last > 200) found.long++;
		found.longest = Math.max(found.longest, Math.round(now - last));
		last = now;
		if (found.frames % 20 === 0) {
			const { length } = list.shadowRoot.querySelectorAll("*");
			found.nodes = Math.max(found.nodes, length);
		}
		const left = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
		if (left < 1 && list.inbox.items.length === wanted) break;
		scroll.scrollBy(0, 8 * scroll.clientHeight);
	}
	return { ...found, held: list.inbox.items.length };
}

/** In the page: counts from now on what is done to the feed. */
function countMutations() {
	globalThis.mutations = { added: 0, changed: 0 };
	const observer = new MutationObserver((records) => {
		for (const { type, addedNodes } of records) {
			globalThis.mutations.added += addedNodes.length;
			globalThis.mutations.changed += type === "attributes";
		}
	});
	const { shadowRoot } = document.querySelector("tidings-list");
	const what = { childList: true, attributes: true, subtree: true };
	observer.observe(shadowRoot.querySelector(".list"), what);
}

// --- Accessibility ------------------------------------------------------------------

const looks = {
	light: {},
	dark: { colorScheme: "dark" },
	"right to left": { lang: "ar", dir: "rtl" },
	narrow: { viewport: { width: 360, height: 740 } },
	forced: { forcedColors: "active" },
};

for (const [look, options] of Object.entries(looks))
	listTest(`axe finds nothing: ${look}`, async ({ stack, open, line }) => {
		const page = await openLoaded(open, {
			reducedMotion: "reduce",
			...options,
		});
		const { list, rows, pill, toast, trouble, unread } = partsOf(page);
		const tabs = list.locator(".tab");
		const finds = async (state) =>
			assert.deepEqual(await violations(page), [], state);
		await list.locator(".note:visible").waitFor();
		await finds("empty");
		for (const type of ["success", "info", "warning", "error"])
			await stack.create("user1", type, `A ${type}`, {
				category: type,
				link: type === "info" ? "/x" : undefined,
			});
		await createMany(stack, 30, { category: "many" });
		await rows.nth(20).waitFor();
		await finds("with rows");
		await list.locator("select").first().selectOption("error");
		await list.locator("select").last().selectOption("many");
		await list.locator(".note:visible").waitFor();
		await finds("nothing matches");
		await list.locator(".note:visible .plain").click();
		await rows.nth(20).waitFor();
		await list.locator(".scroll").evaluate((node) => node.scrollTo(0, 600));
		await rows.nth(10).focus();
		await page.keyboard.press("Delete");
		await create(stack, "One more");
		await pill.waitFor();
		await toast.waitFor();
		line.cut();
		await trouble.waitFor();
		await finds("scrolled, deleted, cut off");
		await tabs.last().click();
		await list.locator(".note:visible").waitFor();
		await finds("failed");
	});
