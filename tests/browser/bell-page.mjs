/**
 * Pages with a bell as a test wants it, and what such tests have in common.
 */

import { newPage, POLICY, start, testsOf } from "./page.mjs";

/**
 * A page with a bell of user1. `page.token` is what the address `token` answers, null
 * for a user who is signed out.
 * @param {object} [options] of the context, and:
 * @param {string} [options.attributes] of the bell, beside `base` and `token-url`
 * @param {string} [options.html] of the page, and its place for the bell
 * @param {string} [options.css] of the page
 * @param {function(object): Promise} [options.before] what to do with the page first
 */
async function openBell(options = {}) {
	const { attributes = "", html = "BELL", css = "", before, ...rest } = options;
	const { lang = "en", dir = "ltr", ...more } = rest;
	const page = await newPage({ viewport: { width: 800, height: 700 }, ...more });
	const { line, stack } = await start();
	const bell = `<tidings-bell base="/api/notifications" token-url="token" ${attributes}>`;
	const body = `<!doctype html>
		<html lang="${lang}" dir="${dir}">
		<meta name="color-scheme" content="light dark">
		<title>A page with a bell</title>
		<link rel="stylesheet" href="page.css">
		<script type="module" src="../tidings-bell.js"></script>
		<main><h1>A page</h1>${html.replace("BELL", `${bell}</tidings-bell>`)}</main>`;
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

export const bellTest = testsOf("bell", openBell);

/** What there is of the first bell of a page. */
export function partsOf(page) {
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
export async function live(open, options) {
	const page = await open(options);
	await partsOf(page).bell.locator(".bell .connected").waitFor();
	return page;
}

export const many = (stack, count) =>
	stack.request("admin", "POST", "/batch", {
		notifications: Array.from({ length: count }, (_, n) => ({
			userId: "user1",
			type: "info",
			title: `n${n}`,
			message: "One of many",
		})),
	});

export const countsOf = async (stack) => {
	const { unreadCount, unseenCount } = await stack.request("user1", "GET", "/unread-count");
	return [unreadCount, unseenCount];
};
