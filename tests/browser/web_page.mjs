/**
 * What tidings-web(7) shows, as it stands there and under the policy: what is HTML makes up the
 * page, styles and scripts are files of it.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openBell, testsOf } from "./page.mjs";

const pageTest = testsOf("tidings-web(7)", openBell);

const manual = readFileSync(new URL("../../man/tidings-web.7.in", import.meta.url), "utf8");
const blocks = [...manual.matchAll(/^\.Bd -literal.*\n([^]*?)^\.Ed$/gm)].map(([, text]) => text);
const elements = blocks.filter((text) => text.startsWith("<"));
const styles = blocks.filter((text) => /^tidings-\S+.*\{/.test(text));
const scripts = blocks.filter((text) => !elements.includes(text) && !styles.includes(text));

/** What the application has: the modules, an address for tokens, and the scripts. */
async function beApplication(page) {
	const bare = (url) => url.replace("/tidings/", "/");
	await page.route("**/tidings/**", (route) =>
		route.continue({ url: bare(route.request().url()) }),
	);
	await page.route("**/my/token", (route) => route.fulfill({ json: { token: page.token } }));
	await page.route("**/script-*.js", (route) =>
		route.fulfill({
			contentType: "text/javascript",
			body: scripts[route.request().url().match(/script-(\d+)/)[1]],
		}),
	);
	await page.addInitScript(() => {
		globalThis.pushed = [];
		globalThis.router = { push: (link) => globalThis.pushed.push(link) };
	});
}

const tags = scripts.map((_, n) => `<script type="module" src="/script-${n}.js"></script>`);
const styleOf = (locator, name) =>
	locator.evaluate((node, name) => getComputedStyle(node)[name], name);

pageTest("all as one module connects both elements", async ({ stack, open }) => {
	const page = await open({
		html: elements[0],
		module: "tidings/tidings",
		before: beApplication,
	});
	await page.locator("tidings-bell .bell .connected").waitFor();
	await stack.create("user1", "info", "Shipped");
	await page.locator("tidings-list .row", { hasText: "Shipped" }).waitFor();
});

pageTest("words, events, styles and the client do as they say", async ({ stack, open }) => {
	assert.deepEqual([elements.length, styles.length, scripts.length], [3, 2, 3]);
	const page = await open({
		html: [...elements.slice(1), ...tags].join("\n"),
		css: styles.join("\n"),
		module: "tidings/tidings-bell",
		before: beApplication,
	});
	const bell = page.locator("tidings-bell");
	const list = page.locator("tidings-list");

	await list.getByText("Nothing here yet", { exact: true }).waitFor();
	for (const name of ["billing", "orders"])
		await list.locator("option", { hasText: name }).waitFor({ state: "attached" });

	await stack.create("user1", "success", "Shipped", { link: "/orders/1" });
	await page.waitForFunction(() => document.title === "Shipped");

	assert.equal(await styleOf(list, "colorScheme"), "dark");
	assert.equal(await styleOf(bell.locator(".bell"), "borderRadius"), "50%");
	await bell.locator(".bell").click();
	const unread = bell.locator(".row.unread");
	await unread.waitFor();
	assert.equal(await styleOf(unread, "borderInlineStart"), "3px solid rgb(255, 165, 0)");

	await page.evaluate(() => (document.documentElement.lang = "fr"));
	await bell.getByText("1 non lue", { exact: true }).waitFor();

	const address = page.url();
	await unread.getByRole("link").click();
	await page.waitForFunction(() => globalThis.pushed.length > 0);
	assert.deepEqual(await page.evaluate(() => globalThis.pushed), ["/orders/1"]);
	assert.equal(page.url(), address);
});
