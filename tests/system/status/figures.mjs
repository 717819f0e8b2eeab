// What is exported against what is told: the page status.fcgi(8) names for each metric its figure.
//
//	figures.mjs PAGE METRICS BEFORE AFTER
//
// METRICS is the text of /metrics, BEFORE and AFTER are JSON of a moment before it and after it,
// between which most figures stand still and others grow. Prints every difference, and fails if
// there is one.
import { readFileSync } from "node:fs";

const [page, metrics, before, after] = process.argv.slice(2).map((name) => readFileSync(name, "utf8"));
const first = JSON.parse(before);
const last = JSON.parse(after);
const problems = [];
// What goes up and down by itself, whoever uses the disk and the cache
const restless = new Set(["store.disk.freeBytes", "store.cache.hitRate"]);
const scales = { Microseconds: 1e-6, Milliseconds: 1e-3 };

const samples = new Map();
const types = new Map();
for (const line of metrics.trim().split("\n")) {
	const type = /^# TYPE (\S+) (\S+)$/.exec(line);
	const sample = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
	if (type) types.set(type[1], type[2]);
	else if (sample) samples.set(`${sample[1]}{${sample[2] ?? ""}}`, Number(sample[3]));
	else if (!line.startsWith("# HELP ")) problems.push(`not understood: ${line}`);
}

const at = (object, path) => path.split(".").reduce((value, name) => value?.[name], object);
const scale = (path) =>
	Object.entries(scales).find(([suffix]) => path.endsWith(suffix))?.[1] ?? 1;
const numberOf = (value, text) => (typeof value === "object" || text ? 1 : Number(value));

function check(key, path, low, high, factor) {
	const found = samples.get(key);
	const slack = Math.abs(high) * 1e-9;
	samples.delete(key);
	if (found === undefined) problems.push(`${path} is not exported as ${key}`);
	else if (!restless.has(path) && (found < low * factor - slack || found > high * factor + slack))
		problems.push(`${key} is ${found}, but ${path} was ${low} and then ${high}`);
}

/** As C writes it: 5e-05, 0.0001, 5. */
function secondsOf(microseconds) {
	const seconds = Number((microseconds * 1e-6).toPrecision(12));
	return seconds < 1e-4 ? seconds.toExponential().replace(/-(\d)$/, "-0$1") : String(seconds);
}

function checkHistogram(name, path) {
	const [low, high] = [at(first, path), at(last, path)];
	for (const bound of Object.keys(low.buckets))
		check(`${name}_bucket{le="${secondsOf(bound)}"}`, path, low.buckets[bound],
			high.buckets[bound], 1);
	check(`${name}_bucket{le="+Inf"}`, path, low.count, high.count, 1);
	check(`${name}_count{}`, path, low.count, high.count, 1);
	check(`${name}_sum{}`, path, low.sum, high.sum, 1e-6);
}

const told = new Set();
const rows = [...page.matchAll(/^\.It (tidings_\S+) Ta (\S+) Ta (\S+) Ta (\S+)$/gm)];
for (const [, name, type, label, path] of rows) {
	const [low, high] = [at(first, path), at(last, path)];
	const [labelName, labelValue] = label === "\\(en" ? [] : label.split("=");
	told.add(path);
	if (types.get(name) !== type) problems.push(`${name} is ${types.get(name)}, not ${type}`);
	if (low === undefined) problems.push(`there is no figure ${path}`);
	else if (type === "histogram") checkHistogram(name, path);
	else if (labelName && !labelValue && typeof low === "object")
		for (const member of Object.keys(low))
			check(`${name}{${labelName}="${member}"}`, path, low[member], high[member], scale(path));
	else {
		const text = labelName && !labelValue;
		const value = text ? low : labelValue;
		check(`${name}{${labelName ? `${labelName}="${value}"` : ""}}`, path,
			numberOf(low, text), numberOf(high, text), scale(path));
	}
}

/** Every figure stands in the table, itself or with others of an object. */
function find(object, path) {
	for (const [name, value] of Object.entries(object)) {
		const here = path ? `${path}.${name}` : name;
		if (told.has(here) && here.includes(".")) continue;
		if (value && typeof value === "object") find(value, here);
		else if (!told.has(here)) problems.push(`${here} is not in the table`);
	}
}

find(first, "");
if (rows.length < 60) problems.push(`the page has ${rows.length} metrics`);
for (const key of samples.keys()) problems.push(`${key} is not in the page`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
