// Keeps what is said on a connection for tests/contract, if $recording says where; see
// record_traffic in common.bash. It is written at the end, so that it delays nothing.

import { appendFileSync } from 'node:fs';

const { recording } = process.env;
const lines = [];
let connections = 0;

if (recording)
	process.on('exit', () => appendFileSync(`${recording}.messages`, lines.join('')));

// Returns a function that takes what happens on a connection of this kind, "websocket" or "stream":
// { said: message } by the client, { told: message } by the server, or { closed: code } by the server.
export function recorder(kind) {
	const connection = `${process.pid}-${++connections}`;

	return (event) => {
		if (recording)
			lines.push(`${JSON.stringify({ connection, kind, ...event })}\n`);
	};
}
