/**
 * A page with one of the elements as a test wants it.
 */

import { newPage, POLICY, start } from "./page.mjs";

/**
 * A page with an element of user1. `page.token` is what the address `token` answers, null
 * for a user who is signed out.
 * @param {string} name of the element
 * @param {object} [options] of the context, and:
 * @param {string} [options.attributes] of the element, beside `base` and `token-url`
 * @param {string} [options.html] of the page, and its place for the ELEMENT
 * @param {string} [options.css] of the page
 * @param {function(object): Promise} [options.before] what to do with the page first
 */
export async function openElement(name, options = {}) {
	const { attributes = "", html = "ELEMENT", css = "", before, ...rest } = options;
	const { lang = "en", dir = "ltr", ...more } = rest;
	const page = await newPage({ viewport: { width: 800, height: 700 }, ...more });
	const { line, stack } = await start();
	const given = `base="/api/notifications" token-url="token" ${attributes}`;
	const body = `<!doctype html>
		<html lang="${lang}" dir="${dir}">
		<meta name="color-scheme" content="light dark">
		<title>A page with notifications</title>
		<link rel="stylesheet" href="page.css">
		<script type="module" src="../${name}.js"></script>
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
