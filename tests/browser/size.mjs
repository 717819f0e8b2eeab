/**
 * What a page has to load, as a web server that compresses sends it: the modules that are
 * installed, minified, each compressed by itself. Languages are loaded when they are needed.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { missing, test } from "./tap.mjs";

const source = new URL("../../web/", import.meta.url).pathname;
const built = join(process.env.top_builddir ?? "", "web/dist/");
const KIB = 1024;

const text = (name) => readFileSync(join(built, name), "utf8");

/** The modules themselves and all that they import, whenever they are loaded. */
function loaded(names, found = new Set()) {
	for (const name of names) {
		if (found.has(name)) continue;
		found.add(name);
		const imports = text(name).matchAll(/(?:from|import)\s*"\.\/([\w-]+\.js)"/g);
		loaded(
			[...imports].map(([, imported]) => imported),
			found,
		);
	}
	return found;
}

function size(...names) {
	return [...loaded(names)].reduce(
		(sum, name) => sum + gzipSync(text(name), { level: 9 }).length,
		0,
	);
}

function lacking() {
	if (!process.env.top_builddir) return "top_builddir does not name a build directory";
	const name = "tidings-client.js";
	if (text(name) !== readFileSync(join(source, name), "utf8")) return undefined;
	return "esbuild was not there at the build (on Debian: apt-get install esbuild)";
}

const budgets = [
	["the client", 6 * KIB, "tidings-client.js"],
	["bell, list and client as one", 20 * KIB, "tidings.js"],
	["the bell", 20 * KIB, "tidings-bell.js"],
	["the list", 20 * KIB, "tidings-list.js"],
];
const why = lacking();

for (const [what, most, ...modules] of budgets) {
	const name = `size: ${what} with all that is imported: at most ${most} bytes gzipped`;
	if (why) missing(name, why);
	else
		test(name, () => {
			const bytes = size(...modules);
			assert.ok(bytes <= most, `${bytes} bytes`);
		});
}
