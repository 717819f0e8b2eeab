// The REST requests of the tests and their answers, against openapi.yaml.

import assert from 'node:assert/strict';

import { Place } from './documents.mjs';

const FIELDS = 6;
const METHODS = ['get', 'post', 'patch', 'delete', 'options'];
const PARAMETERS = { '{id}': '[0-9a-fA-F-]{36}', '{userId}': '[^/]+' };

// What a web server, or HTTP itself, adds to an answer
const FOREIGN = ['accept-ranges', 'connection', 'content-length', 'content-type', 'date', 'server', 'transfer-encoding'];

const paths = new Place('openapi.yaml', ['paths']);
const common = new Place('openapi.yaml', ['components', 'responses']);
const patterns = Object.keys(paths.value)
	.map((path) => [path, new RegExp(`^${path.replace(/\{\w+\}/g, (name) => PARAMETERS[name])}$`)]);

// ---- what was recorded ----

// Those of the last answer: "100 Continue" may stand before it.
function parseHeaders(text) {
	const [, ...lines] = text.trim().split(/\n\n(?=HTTP)/).at(-1).split('\n');
	return new Map(lines.map((line) => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
	}));
}

// What a web server refuses by itself, as a path that is no UTF-8, is none of ours.
const isOurs = ({ headers }) => headers.get('content-type') !== 'text/html';

// What record_request() of tests/system/common.bash has written
export function parseRequests(text) {
	const fields = text.split('\0').slice(0, -1);
	assert.equal(fields.length % FIELDS, 0, 'half a record');
	return Array.from({ length: fields.length / FIELDS }, (_, i) => {
		const [method, target, sent, status, headers, body] = fields.slice(i * FIELDS, (i + 1) * FIELDS);
		const { pathname, searchParams } = new URL(`http://localhost${target.startsWith('/') ? target : `/${target}`}`);
		return { method, path: pathname, query: [...searchParams], sent, status, headers: parseHeaders(headers), body };
	}).filter(isOurs);
}

// ---- what is documented ----

function methodsOf(item) {
	const methods = METHODS.filter((method) => item.at(method)).map((method) => method.toUpperCase());
	return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

// "METHOD PATH STATUS" for each answer in the document
export function documentedAnswers() {
	return Object.keys(paths.value).flatMap((path) =>
		METHODS.filter((method) => paths.at(path, method)).flatMap((method) =>
			Object.keys(paths.at(path, method, 'responses').value)
				.map((status) => `${method.toUpperCase()} ${path} ${status}`)));
}

// The codes of all errors in the document
export function documentedCodes() {
	return Object.keys(common.value).flatMap((name) => {
		const code = common.at(name, 'content', 'application/json', 'schema', 'properties', 'code')?.value;
		return code?.enum ?? code?.const ?? [];
	});
}

// ---- the comparison ----

function* faultsOfHeaders(response, headers) {
	const documented = Object.keys(response.at('headers')?.value ?? {});
	for (const name of headers.keys())
		if (!FOREIGN.includes(name) && !documented.some((one) => one.toLowerCase() === name))
			yield `the header ${name}`;
	for (const name of documented) {
		const header = response.at('headers', name), value = headers.get(name.toLowerCase());
		if (value === undefined && header.value.required)
			yield `no ${name}`;
		const fault = value !== undefined && header.at('schema').judge(value);
		if (fault)
			yield `${name}: ${fault}`;
	}
}

function* faultsOfBody(response, { method, headers, body }) {
	const schema = response.at('content', 'application/json', 'schema');
	const type = headers.get('content-type');
	if (method === 'HEAD')
		return; // curl(1) puts the head there
	if (!schema)
		yield body && 'a body';
	else
		yield type === 'application/json' ? schema.judge(JSON.parse(body)) : `it is ${type}`;
}

function* faultsOfQuery(operation, query) {
	const parameters = (operation.at('parameters')?.value ?? []).map((_, i) => operation.at('parameters', i));
	for (const [name, text] of query) {
		const schema = parameters.find(({ value }) => value.in === 'query' && value.name === name)?.at('schema');
		const typed = ['integer', 'boolean'].includes(schema?.value.type);
		const fault = schema ? schema.judge(typed ? JSON.parse(text) : text) : 'is not documented';
		yield fault && `the parameter ${name} ${fault}`;
	}
}

// A request that was not refused is one that the document allows.
function* faultsOfRequest(operation, { query, sent }) {
	const schema = operation.at('requestBody', 'content', 'application/json', 'schema');
	yield* faultsOfQuery(operation, query);
	if (schema)
		yield schema.judge(JSON.parse(sent));
	else if (!['', '{}'].includes(sent))
		yield 'a body was taken';
}

// The answer that the document has for a request, and what is wrong with the address
function findAnswer({ method, path, status, headers }) {
	const [name] = patterns.find(([, pattern]) => pattern.test(path)) ?? [];
	if (!name)
		return { response: status === '404' && common.at('NotFound') };
	const item = paths.at(name);
	const operation = item.at(method === 'HEAD' ? 'get' : method.toLowerCase());
	if (!operation) {
		const same = methodsOf(item).sort().join(', ') === headers.get('allow')?.split(', ').sort().join(', ');
		return { response: status === '405' && same && common.at('MethodNotAllowed') };
	}
	return { name, operation, response: operation.at('responses', status) };
}

// Returns the faults of one exchange as text, "" if there are none, and which answer it was.
export function judgeExchange(exchange) {
	const { method, path, status } = exchange;
	const { name, operation, response } = findAnswer(exchange);
	if (!response)
		return { faults: `${method} ${path}: ${status} is not documented: ${exchange.body}` };
	const faults = [...faultsOfHeaders(response, exchange.headers), ...faultsOfBody(response, exchange),
		...(operation && status.startsWith('2') ? faultsOfRequest(operation, exchange) : [])].filter(Boolean);
	return {
		faults: faults.length ? `${method} ${path} ${status}: ${faults.join('; ')}: ${exchange.body}` : '',
		answer: `${method === 'HEAD' ? 'GET' : method} ${name} ${status}`,
	};
}
