/**
 * The status page against the real server, under its own policy: what an administrator sees.
 */

import assert from "node:assert/strict";
import { lacking, require, start } from "./page.mjs";
import { missing, test } from "./tap.mjs";

const TIMEOUT = 20_000;
const why = lacking();

/** A test with the page open; fails if the policy refused something or the script threw. */
function statusTest(name, options, body) {
	if (why) return missing(`status: ${name}`, why);
	test(`status: ${name}`, async () => {
		const { browser, stack, line } = await start();
		const context = await browser.newContext(options);
		const page = await context.newPage();
		const troubles = [];
		context.setDefaultTimeout(TIMEOUT);
		page.on("pageerror", (error) => troubles.push(error.message));
		page.on("console", (message) => {
			if (/policy/i.test(message.text())) troubles.push(message.text());
		});
		try {
			await page.goto(new URL("/tidings-status", line.url).href);
			await body({ page, stack, line });
			assert.deepEqual(troubles, []);
		} finally {
			line.mend();
			await context.close();
		}
	});
}

const tile = (page, name) =>
	page.locator(".tiles > div").filter({ has: page.getByText(name, { exact: true }) });
const live = (page, text) =>
	page.locator("#live [role=status]").filter({ hasText: text }).waitFor();

/** How many notifications were created, as the page shows it. */
async function created(page) {
	const text = await tile(page, "Created a second").locator("small").textContent();
	return Number(text.replace(/\D/g, ""));
}

statusTest("it follows what happens, without being loaded again", {}, async ({ page, stack }) => {
	await live(page, /^Live$/);
	await page.evaluate(() => (globalThis.isTheSame = true));
	await page.getByText("All figures").click();
	const before = await created(page);
	await stack.create("user1", "info", "Counted");
	await tile(page, "Created a second")
		.getByText(`${(before + 1).toLocaleString("en")} notifications`)
		.waitFor();
	assert.equal(await page.evaluate(() => globalThis.isTheSame), true);
	assert.equal(await page.locator("details").evaluate(({ open }) => open), true);
	await page.getByRole("cell", { name: "Connections of clients", exact: true }).waitFor();
});

statusTest("it says when it does not follow any more", {}, async ({ page, line }) => {
	await live(page, /^Live$/);
	line.cut();
	await live(page, /^Not live/);
	line.mend();
	await live(page, /^Live$/);
});

statusTest("it can be paused", {}, async ({ page }) => {
	const button = page.getByRole("button");
	let asked = 0;
	await page.clock.install();
	await page.reload();
	await live(page, /^Live$/);
	page.on("request", () => asked++);
	await button.click();
	await live(page, /^Paused$/);
	await page.clock.runFor(60_000);
	assert.equal(asked, 0);
	await button.click();
	await live(page, /^Live$/);
	const request = page.waitForRequest(/tidings-status$/);
	await page.clock.runFor(2500);
	await request;
});

statusTest("it shows all of it without a script", { javaScriptEnabled: false }, async ({ page }) => {
	await page.getByRole("heading", { name: "All is well" }).waitFor();
	await page.getByRole("img", { name: /^Clients and users: clients [\d–]/ }).waitFor();
	assert.equal(await page.locator("#live").isVisible(), false);
	await page.getByRole("link", { name: "every 5 s" }).click();
	assert.match(page.url(), /refresh=5$/);
	await page.getByRole("heading", { name: "All is well" }).waitFor();
});

/** A daemon is stopped, and not just ended, for it would be started again. */
statusTest("it tells which daemon is away", {}, async ({ page, stack }) => {
	stack.signal("pushd", "SIGSTOP");
	try {
		await page.getByText("The push daemon does not answer").waitFor();
		await page.getByRole("heading", { name: "Something does not work" }).waitFor();
	} finally {
		stack.signal("pushd", "SIGCONT");
	}
	await page.getByRole("heading", { name: "All is well" }).waitFor();
	await page.getByText("Answers again: tidings-pushd").waitFor();
});

const looks = {
	light: { viewport: { width: 1280, height: 900 } },
	dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
	narrow: { viewport: { width: 390, height: 844 } },
};

for (const [look, options] of Object.entries(looks))
	statusTest(`axe finds nothing: ${look}`, options, async ({ page }) => {
		await live(page, /^Live$/);
		await page.getByText("All figures").click();
		await page.evaluate(require("axe-core").source);
		const found = await page.evaluate(
			async () => (await globalThis.axe.run()).violations,
		);
		assert.deepEqual(
			found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`),
			[],
		);
		const room = await page.evaluate(() => {
			const { scrollWidth, clientWidth } = document.documentElement;
			return clientWidth - scrollWidth;
		});
		assert.equal(room, 0, "nothing sticks out");
	});
