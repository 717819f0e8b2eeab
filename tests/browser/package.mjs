/**
 * What is installed is a package for npm, whose exports are there; and the module that is all of
 * it at once is the same as its parts.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openBell, testsOf } from "./page.mjs";
import { missing, test } from "./tap.mjs";

const { top_builddir, top_srcdir } = process.env;
const dist = join(top_builddir ?? "", "web/dist");

function packageTest(name, body) {
	if (top_builddir) test(`package: ${name}`, body);
	else missing(`package: ${name}`, "top_builddir does not name a build directory");
}

const contents = () => JSON.parse(readFileSync(join(dist, "package.json"), "utf8"));

packageTest("what it exports is there, with its types", () => {
	for (const [name, target] of Object.entries(contents().exports)) {
		const files = typeof target === "string" ? [target] : Object.values(target);
		assert.ok(name === "./package.json" || target.types, name);
		for (const file of files) assert.ok(existsSync(join(dist, file)), file);
	}
});

packageTest("it is of the version that all is", () => {
	const configure = readFileSync(join(top_srcdir, "configure.ac"), "utf8");
	const [, version] = configure.match(/^AC_INIT\(\[tidings\], \[(.*)\]\)$/m);
	assert.equal(contents().version, version);
});

packageTest("npm packs all of it", () => {
	const said = execFileSync("npm", ["pack", "--dry-run", "--json", "--offline"], {
		cwd: dist,
		encoding: "utf8",
		stdio: ["ignore", "pipe", "ignore"],
	});
	const [{ name, files }] = JSON.parse(said);
	assert.equal(name, "tidings-web");
	const packed = new Set(files.map(({ path }) => path));
	for (const file of ["tidings.js", "tidings.d.ts", "languages/de.js", "README.md"])
		assert.ok(packed.has(file), file);
});

const pageTest = testsOf("package", openBell);

pageTest("one module has both elements, with one client, and the words", async ({ stack, open }) => {
	const page = await open({
		module: "tidings",
		html: `ELEMENT<tidings-list base="/api/notifications" token-url="token"></tidings-list>`,
		attributes: "desktop",
	});
	const badge = page.locator("tidings-bell .badge");
	await page.locator("tidings-list").getByText("All caught up").waitFor();
	await stack.create("user1", "info", "Through one module");
	await badge.filter({ hasText: /^1$/ }).waitFor();
	await page.locator("tidings-list .row", { hasText: "Through one module" }).waitFor();
	const same = await page.evaluate(async () => {
		const [bell, list] = document.querySelectorAll("tidings-bell, tidings-list");
		const { setWords, TidingsClient } = await import("/tidings.js");
		setWords("en", { markAllRead: "Done with all" });
		return bell.client === list.client && bell.client instanceof TidingsClient;
	});
	assert.ok(same);
	await page.locator("tidings-list", { hasText: "Done with all" }).waitFor();
	await page.evaluate(() => (document.documentElement.lang = "de"));
	await page.locator("tidings-list", { hasText: "Ungelesen" }).waitFor();
});
