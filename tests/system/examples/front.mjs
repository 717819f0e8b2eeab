/**
 * What can stand between a sender and tidings, for tests: passes requests on to
 * UPSTREAM, and spoils some.
 *
 *	front.mjs UPSTREAM busy		the first request with each key gets 503
 *	front.mjs UPSTREAM lost		the first with each key is passed on, and its answer lost
 *	front.mjs UPSTREAM before N	the Nth request is not passed on, and never answered
 *	front.mjs UPSTREAM after N	the Nth is passed on, and never answered
 *
 * Prints its port, then a line for each request: passed, busy, lost or held, and its key.
 */

import { createServer } from "node:http";

const [upstream, mode, nth = "0"] = process.argv.slice(2);
const seen = new Set();
let count = 0;

async function bodyOf(request) {
	const parts = [];
	for await (const part of request) parts.push(part);
	return Buffer.concat(parts);
}

async function pass(request, body) {
	const { authorization, "content-type": type, "idempotency-key": key } = request.headers;
	const answer = await fetch(upstream + request.url, {
		method: request.method,
		headers: { Authorization: authorization, "Content-Type": type, "Idempotency-Key": key },
		body,
	});
	return [answer.status, Buffer.from(await answer.arrayBuffer())];
}

const json = { "Content-Type": "application/json" };

/** What is to be done with the next request, which has this key. */
function fate(key) {
	if (mode === "before" || mode === "after") return ++count === Number(nth) ? mode : "passed";
	if (seen.has(key)) return "passed";
	seen.add(key);
	return mode;
}

const server = createServer(async (request, response) => {
	const key = request.headers["idempotency-key"];
	const body = await bodyOf(request);
	const what = fate(key);

	if (what === "busy") {
		console.log(`busy ${key}`);
		response.writeHead(503, { ...json, "Retry-After": "1" });
		response.end('{"error": "Try again.", "code": "unavailable"}');
		return;
	}
	if (what === "before") {
		console.log(`held ${key}`);
		return;
	}
	const [status, answer] = await pass(request, body);
	console.log(`${what === "after" ? "held" : what} ${key}`);
	if (what === "lost") request.socket.destroy();
	else if (what === "passed") response.writeHead(status, json).end(answer);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
