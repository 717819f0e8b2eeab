// Whether doc/openapi.yaml and doc/asyncapi.yaml are what they claim to be, and say the same as
// clients and programs have said to each other in the tests of the system: all that was seen is
// documented, and all that is documented was seen.
//
// The traffic is in the directory that $traffic names; a test in tests/system adds its own by
// record_traffic. The packages are those of package-lock.json: npm ci, here or where
// TIDINGS_NODE_MODULES points.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

import { missing, run, test } from '../browser/tap.mjs';

// Shows the first of many.
function none(what, list) {
	assert.equal(list.length, 0, `${list.length} ${what}:\n${list.slice(0, 20).join('\n')}`);
}

// What all tests have recorded in files with this ending
function recorded(ending) {
	const { traffic } = process.env;
	return readdirSync(traffic).filter((name) => name.endsWith(ending))
		.map((name) => readFileSync(`${traffic}/${name}`, 'utf8')).join('');
}

function testDocuments({ checkContents, checkDocument, documents }) {
	for (const name of Object.keys(documents)) {
		test(`${name} is as its specification says`, () => checkDocument(name));
		test(`${name}: references, schemas and examples`, () => checkContents(name));
	}
}

function testRequests({ documentedAnswers, documentedCodes, judgeExchange, parseRequests }) {
	const exchanges = parseRequests(recorded('.requests'));
	const judged = exchanges.map(judgeExchange);
	test(`openapi.yaml: ${exchanges.length} requests and answers`, () =>
		none('are not as documented', judged.map(({ faults }) => faults).filter(Boolean)));
	test('openapi.yaml: every address, method and status was seen', () => {
		const seen = new Set(judged.map(({ answer }) => answer));
		none('were not seen', documentedAnswers().filter((answer) => !seen.has(answer)));
	});
	test('openapi.yaml: every code of an error was seen', () => {
		const seen = new Set(exchanges.map(({ body }) => /"code":"(\w+)"/.exec(body)?.[1]));
		none('were not seen', documentedCodes().filter((code) => !seen.has(code)));
	});
}

function testMessages({ documentedEvents, judgeConnection, parseConnections }) {
	const judged = parseConnections(recorded('.messages')).map(judgeConnection);
	test(`asyncapi.yaml: all that was said on ${judged.length} connections`, () =>
		none('are not as documented', judged.flatMap(({ faults }) => faults)));
	test('asyncapi.yaml: every message, code and close code was seen', () => {
		const seen = new Set(judged.flatMap((one) => one.seen));
		none('were not seen', documentedEvents().filter((event) => !seen.has(event)));
	});
}

async function testAll() {
	testDocuments(await import('./documents.mjs'));
	if (!existsSync(process.env.traffic ?? ''))
		return missing('the traffic of the tests', 'no test has recorded its traffic: see tests/local.am');
	testRequests(await import('./requests.mjs'));
	testMessages(await import('./messages.mjs'));
}

await testAll().catch((error) => {
	if (error.code !== 'MODULE_NOT_FOUND')
		throw error;
	missing('the documents in doc/', 'the npm packages are missing: npm ci in tests/contract');
});
process.exitCode = await run() ? 0 : 1;
