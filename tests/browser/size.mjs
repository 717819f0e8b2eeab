/**
 * What a page has to load, as a web server that compresses sends it.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { test } from "./tap.mjs";

const web = new URL("../../web/", import.meta.url);
const KIB = 1024;

function size(name) {
	return gzipSync(readFileSync(new URL(name, web)), { level: 9 }).length;
}

test("size: the client is at most 6 KiB gzipped", () => {
	const bytes = size("tidings-client.js");
	assert.ok(bytes <= 6 * KIB, `${bytes} bytes`);
});

test("size: client, bell, list and what they share are at most 20 KiB gzipped", () => {
	const modules = readdirSync(web).filter((name) => name.endsWith(".js"));
	assert.ok(modules.includes("tidings-bell.js") && modules.includes("tidings-list.js"));
	const bytes = modules.reduce((sum, name) => sum + size(name), 0);
	assert.ok(bytes <= 20 * KIB, `${bytes} bytes`);
});
