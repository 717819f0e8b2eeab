/**
 * What the elements say, in each language that comes with them.
 */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "./tap.mjs";
import { english, loadWords, setWords, vocabulary, Words } from "../../web/tidings-words.js";

const languages = new URL("../../web/languages/", import.meta.url);
const shipped = readdirSync(languages).map((name) => name.replace(/\.js$/, ""));
const wordsTest = (name, body) => test(`words: ${name}`, body);

const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
const forms = (word) => (typeof word === "string" ? [word] : Object.values(word));

/** A form that names the number itself, "two new ones", needs no `{n}`. */
function isFilledAlike(form, reference) {
	const unnumbered = (text) => places(text).filter((place) => place !== "{n}");
	return (
		String(unnumbered(form)) === String(unnumbered(reference)) &&
		(places(reference).includes("{n}") || !places(form).includes("{n}"))
	);
}

wordsTest("English has every form, each with its number", () => {
	for (const [key, word] of Object.entries(english).filter(([, word]) => word.other)) {
		for (const form of forms(word)) assert.ok(form.includes("{n}"), key);
	}
});

for (const language of shipped) {
	const load = async () => (await import(new URL(`${language}.js`, languages))).default;

	wordsTest(`${language} has the keys of English`, async () => {
		assert.deepEqual(Object.keys(await load()), Object.keys(english));
	});

	wordsTest(`${language} has each plural form that it takes`, async () => {
		const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
		for (const [key, word] of Object.entries(await load())) {
			const wanted = english[key].other ? [...pluralCategories].sort() : undefined;
			const given = word.other ? Object.keys(word).sort() : undefined;
			assert.deepEqual(given, wanted, key);
			if (word.other) assert.ok(word.other.includes("{n}"), key);
		}
	});

	wordsTest(`${language} fills the same places`, async () => {
		for (const [key, word] of Object.entries(await load())) {
			const reference = forms(english[key]).at(-1);
			for (const form of forms(word)) {
				assert.ok(form.trim(), key);
				assert.ok(isFilledAlike(form, reference), `${key}: ${form}`);
			}
		}
	});
}

wordsTest("a language is fetched once asked for, its regions with it", async () => {
	assert.equal(new Words("de").say("remove"), "Delete");
	const changed = new Promise((resolve) =>
		vocabulary.addEventListener("change", resolve, { once: true }),
	);
	setWords("de", { retry: "Noch mal" }); // before they are there
	await loadWords("de-AT");
	await changed;
	assert.equal(new Words("de").say("remove"), "Löschen");
	assert.equal(new Words("de-AT").say("remove"), "Löschen");
	assert.equal(new Words("DE-at").say("retry"), "Noch mal");
});

wordsTest("any word is replaced, in its language alone", async () => {
	setWords("de-CH", { close: "Zumachen" });
	assert.equal(new Words("de-CH").say("close"), "Zumachen");
	assert.equal(new Words("de").say("close"), "Schließen");
	setWords("xx", { retry: "Xx" });
	const words = new Words("xx");
	assert.deepEqual([words.say("retry"), words.say("close")], ["Xx", "Close"]);
	setWords("en", { now: "a moment ago" });
	assert.equal(words.say("now"), "a moment ago");
	setWords("en", { now: english.now });
});

wordsTest("plurals and digits are those of the language", async () => {
	await loadWords("ar");
	const words = new Words("ar-EG");
	const said = [0, 1, 2, 3, 11, 100].map((n) => words.say("arrivedMany", { n }));
	assert.equal(new Set(said).size, 6);
	assert.equal(said[2], "إشعاران جديدان");
	assert.equal(said[3], "٣ إشعارات جديدة");
	assert.equal(words.say("badgeMost", { n: 99 }), "٩٩+");
	assert.equal(new Words("de").say("unread", { n: 12345 }), "12.345 ungelesen");
});

wordsTest("values are text, whatever stands in them", () => {
	const words = new Words();
	const title = "$& {action} {n}";
	assert.equal(words.say("arrived", { title }), `New notification: ${title}`);
	assert.equal(words.say("arrived"), "New notification: {title}");
	assert.equal(words.say("no such word"), undefined);
});

wordsTest("what is no language is English", () => {
	for (const tag of [undefined, "", "de_DE", "?", "x"]) {
		const words = new Words(tag);
		assert.deepEqual([words.language, words.say("close")], ["en", "Close"], tag);
	}
});

wordsTest("times are told from now", () => {
	const words = new Words("en");
	const now = new Date(2026, 2, 29, 23, 30).getTime();
	const ago = (seconds) => words.relativeTime(now - seconds * 1000, now);
	assert.deepEqual(
		[-60, 0, 59, 60, 3599, 3600, 86400, 3 * 86400].map(ago),
		[
			"just now",
			"just now",
			"just now",
			"1 min. ago",
			"59 min. ago",
			"1 hr. ago",
			"yesterday",
			"3 days ago",
		],
	);
	assert.equal(ago(8 * 86400), "Mar 21, 2026");
	assert.match(words.fullTime(now), /^Sunday, March 29, 2026/);
});

wordsTest("days have names", () => {
	const words = new Words("en");
	const now = new Date(2026, 10, 1, 23, 30).getTime(); // 25 hours long in New York
	const day = (...of) => words.day(new Date(...of).getTime(), now);
	assert.equal(day(2026, 10, 1), "Today");
	assert.equal(day(2026, 9, 31, 23, 59), "Yesterday");
	assert.equal(day(2026, 9, 30), "Friday, October 30");
	assert.equal(day(2025, 11, 31), "Wednesday, December 31, 2025");
});
