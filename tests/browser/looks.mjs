/**
 * How the bell looks: where its panel is, what the page may change, and what axe finds.
 */

import assert from "node:assert/strict";
import { bellTest, live, many, partsOf } from "./bell-page.mjs";
import { violations } from "./page.mjs";

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
