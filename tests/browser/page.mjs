/**
 * Pages in headless Chromium, under the policy `default-src 'self'`: the demo, and
 * ones with elements as a test wants them.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Line, Stack } from "./stack.mjs";
import { missing, test } from "./tap.mjs";

const POLICY = "default-src 'self'";
const TIMEOUT = 20_000;
const FLAGS = [
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	// A document whose headers the test adds counts as one from elsewhere
	"--disable-features=LocalNetworkAccessChecks",
];

const here = new URL(".", import.meta.url).pathname;
const modules = process.env.TIDINGS_NODE_MODULES ?? here;
export const require = createRequire(join(modules, "package.json"));

function findChromium() {
	if (process.env.CHROMIUM) return process.env.CHROMIUM;
	try {
		const command = "command -v chromium || command -v google-chrome";
		return execFileSync("sh", ["-c", command], { encoding: "utf8" }).trim();
	} catch {
		return null;
	}
}

/** @returns {string|undefined} what is missing to run a page */
export function lacking() {
	if (!findChromium())
		return "chromium is not installed (on Debian: apt-get install chromium)";
	try {
		require.resolve("playwright-core");
		require.resolve("axe-core");
	} catch {
		return "npm packages are missing (npm ci in tests/browser)";
	}
	if (
		process.env.TIDINGS_DEMO ||
		existsSync(join(process.env.top_srcdir ?? "", "quickstart"))
	)
		return undefined;
	return "there is no quickstart to start a server with";
}

/** A browser of its own, which whoever asks closes. */
export function launch() {
	const { chromium } = require("playwright-core");
	return chromium.launch({ executablePath: findChromium(), args: FLAGS });
}

let started = null;
const running = {}; // stack, line and browser, as far as they were started

/** Starts server and browser once for all tests. */
export function start() {
	started ??= (async () => {
		running.stack = new Stack();
		await running.stack.start();
		running.line = new Line(running.stack.url);
		await running.line.open();
		running.browser = await launch();
		return running;
	})();
	return started;
}

/** Ends what start() started, even if it failed half-way. */
export async function finish() {
	await running.browser?.close();
	await running.line?.close();
	await running.stack?.stop();
}

/**
 * How to declare tests of one kind of page: each begins with empty inboxes, and the
 * pages that it opened are closed, and must have had no trouble.
 */
export function testsOf(kind, openPage) {
	const why = lacking();
	return (name, body) => {
		if (why) return missing(`${kind}: ${name}`, why);
		test(`${kind}: ${name}`, async () => {
			const { stack, line } = await start();
			const pages = [];
			const open = async (options) => {
				pages.push(await openPage(options));
				return pages.at(-1);
			};
			await stack.empty("user1", "user2");
			try {
				await body({ stack, line, open });
				for (const page of pages) assert.deepEqual(page.troubles, []);
			} finally {
				line.mend();
				for (const page of pages) await page.context().close();
			}
		});
	};
}

/**
 * A page in a context of its own, or in that of the page `beside`. `troubles` holds what
 * the policy refused and what the page threw.
 */
async function newPage({ beside, ...options }) {
	const { browser } = await start();
	const viewport = { width: 1320, height: 900 };
	const context = beside?.context() ?? (await browser.newContext({ viewport, ...options }));
	context.setDefaultTimeout(TIMEOUT);
	const page = await context.newPage();
	watch(page);
	return page;
}

/** The demo page, both users connected. */
export async function openDemo(options = {}) {
	const page = await newPage(options);
	const { url } = await fetch((await start()).line.url); // the server may redirect
	await page.route(url, underPolicy);
	await page.goto(url);
	for (const user of ["user1", "user2"]) await inbox(page, user).connected();
	return page;
}

/**
 * A page with an element of user1. `page.token` is what the address `token` answers, null
 * for a user who is signed out.
 * @param {string} name of the element
 * @param {object} [options] of the context, and:
 * @param {string} [options.attributes] of the element, beside `base` and `token-url`
 * @param {string} [options.html] of the page, and its place for the ELEMENT
 * @param {string} [options.css] of the page
 * @param {string} [options.module] that defines the element, if not the one of its name
 * @param {function(object): Promise} [options.before] what to do with the page first
 */
async function openElement(name, options) {
	const { attributes = "", html = "ELEMENT", css = "", before, module, ...rest } = options;
	const { lang = "en", dir = "ltr", ...more } = rest;
	const page = await newPage({ viewport: { width: 800, height: 700 }, ...more });
	const { line, stack } = await start();
	const given = `base="/api/notifications" token-url="token" ${attributes}`;
	const body = `<!doctype html>
		<html lang="${lang}" dir="${dir}">
		<meta name="color-scheme" content="light dark">
		<title>A page with notifications</title>
		<link rel="stylesheet" href="page.css">
		<script type="module" src="../${module ?? name}.js"></script>
		<main><h1>A page</h1>${html.replace("ELEMENT", `<${name} ${given}></${name}>`)}</main>`;
	const headers = { "content-security-policy": POLICY };
	page.token = stack.demo.tokens.user1;
	await page.route("**/page.html*", (route) =>
		route.fulfill({ contentType: "text/html", headers, body }),
	);
	await page.route("**/page.css", (route) =>
		route.fulfill({ contentType: "text/css", body: css }),
	);
	await page.route("**/demo/token*", (route) =>
		page.token === null
			? route.fulfill({ status: 401, json: {} })
			: route.fulfill({ json: { token: page.token } }),
	);
	await before?.(page);
	await page.goto(new URL("/demo/page.html", line.url).href);
	return page;
}

export const openBell = (options = {}) => openElement("tidings-bell", options);
export const openList = (options = {}) => openElement("tidings-list", options);

/** Notes what a page says on the console, what it throws, and what the policy refused. */
function watch(page) {
	page.said = [];
	page.troubles = [];
	page.on("pageerror", (error) => page.troubles.push(error.message));
	page.on("console", (message) => {
		page.said.push(message.text());
		if (/content security policy/i.test(message.text()))
			page.troubles.push(message.text());
	});
}

async function underPolicy(route) {
	const response = await route.fetch();
	const headers = { ...response.headers(), "content-security-policy": POLICY };
	await route.fulfill({ response, headers });
}

/**
 * A browser's profile that opens pages with nothing but a client in each: `tab.client`, made
 * of the options, and `tab.heard`, the titles that it was told of.
 */
export async function openProfile(policy = POLICY) {
	const { browser, line } = await start();
	const context = await browser.newContext();
	context.setDefaultTimeout(TIMEOUT);
	const address = new URL("/a-page", line.url).href;
	await context.route(address, (route) =>
		route.fulfill({
			contentType: "text/html",
			headers: { "content-security-policy": policy },
			body: "<!doctype html><title>A page</title>",
		}),
	);
	const open = async (options) => {
		const page = await context.newPage();
		watch(page);
		await page.goto(address);
		await page.evaluate(run, options);
		return page;
	};
	return { context, open };
}

/** In the page. */
async function run(options) {
	const { TidingsClient } = await import("/tidings-client.js");
	const tab = { heard: [], states: [], resets: 0 };
	tab.client = new TidingsClient(options);
	tab.client.addEventListener("notification", ({ detail }) =>
		tab.heard.push(detail.notification.title),
	);
	tab.client.addEventListener("status", ({ detail }) => tab.states.push(detail.state));
	tab.client.addEventListener("change", ({ detail }) => (tab.resets += Boolean(detail.reset)));
	globalThis.tab = tab;
	tab.client.start();
}

/** What one user has on the page. */
export function inbox(page, user) {
	const card = page.locator(`#${user}`);
	const list = card.locator("tidings-list");
	const bell = card.locator("tidings-bell");
	const exactly = (text) => new RegExp(`^${text}$`);
	return {
		card,
		bell,
		list,
		button: bell.locator(".bell"),
		badge: bell.locator(".badge"),
		panel: bell.getByRole("dialog"),
		rows: list.locator(".row"),
		row: (title) => list.locator(".row").filter({ hasText: title }),
		connected: () => card.locator(".words", { hasText: exactly("Live") }).waitFor(),
		shows: (text) => bell.locator(".badge", { hasText: exactly(text) }).waitFor(),
		isQuiet: () => bell.locator(".badge").waitFor({ state: "hidden" }),
		unread: (count) =>
			list
				.locator(".tab:last-of-type .number", { hasText: exactly(count || "") })
				.waitFor({ state: count ? "visible" : "attached" }),
	};
}

/** The frames that `user` got so far, oldest first, as the page logged them. */
export async function framesOf(page, user) {
	const lines = await page.locator("#frames li").evaluateAll((items) =>
		items.map((item) => ({
			user: item.querySelector(".user").textContent,
			frame: JSON.parse(item.querySelector("pre").textContent),
		})),
	);
	return lines
		.reverse()
		.filter((line) => line.user === user)
		.map(({ frame }) => frame);
}

/** What axe finds, by rule and node. */
export async function violations(page) {
	await page.evaluate(require("axe-core").source);
	const found = await page.evaluate(async () => {
		const rules = { "target-size": { enabled: true } };
		return (await globalThis.axe.run({ rules })).violations;
	});
	return found.map(
		({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`,
	);
}
