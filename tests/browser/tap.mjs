/**
 * TAP, one test after another. A test is a name and an async function that
 * throws when it fails; `only` (the first argument of the program) runs those
 * whose name holds it.
 */

const tests = [];
const only = process.argv[2] ?? "";

export function test(name, body) {
	if (name.includes(only)) tests.push({ name, body });
}

/** A test that cannot be run here: skipped, but a failure where CI=true. */
export function missing(name, why) {
	if (process.env.CI === "true") test(name, () => Promise.reject(new Error(why)));
	else if (name.includes(only)) tests.push({ name, skip: why });
}

const indent = (text) => text.replace(/^/gm, "# ");

/** @returns {Promise<boolean>} whether all passed */
export async function run() {
	let failed = 0;
	console.log(`1..${tests.length}`);
	for (const [index, { name, body, skip }] of tests.entries()) {
		const line = `${index + 1} - ${name}`;
		try {
			await body?.();
			console.log(`ok ${line}${skip ? ` # SKIP ${skip}` : ""}`);
		} catch (error) {
			failed++;
			console.log(`not ok ${line}\n${indent(error.stack ?? String(error))}`);
		}
	}
	return failed === 0;
}
