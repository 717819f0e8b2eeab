/**
 * Notifications on the desktop, where a test sees what the browser would show.
 */

import assert from "node:assert/strict";
import { bellTest, countsOf, live, partsOf } from "./bell-page.mjs";

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

bellTest("where only service workers may, the switch goes", async ({ stack, open }) => {
	const page = await live(open, withDesktop);
	await turnOn(page);
	await hide(page);
	await page.evaluate(() => {
		const { permission } = Notification;
		globalThis.Notification = class {
			static permission = permission;
			constructor() {
				throw new TypeError("Illegal constructor");
			}
		};
	});
	await stack.create("user1", "info", "Nowhere to be shown");
	await partsOf(page).show();
	await page.getByRole("switch").waitFor({ state: "hidden" });
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
