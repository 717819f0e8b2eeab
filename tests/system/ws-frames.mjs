/*
 * Prints what a WebSocket brings, one message a line:
 *
 *	node ws-frames.mjs ws://HOST:PORT/PATH TOKEN
 *
 * until its input or the socket ends. The token goes with the upgrade. A server
 * that is not there yet is tried again for ten seconds; any other answer than
 * 101 is an error. Only whole text frames are understood, as short notices are.
 */
import { randomBytes } from 'node:crypto';
import http from 'node:http';

const [address, token] = process.argv.slice(2);
const deadline = Date.now() + 10_000;

function fail(what) {
	console.error(`ws-frames: ${what}`);
	process.exit(1);
}

/** Takes whole frames off the front of `bytes`; returns what is left. */
function printFrames(bytes) {
	while (bytes.length >= 2) {
		const short = bytes[1] & 0x7f;
		const head = short === 126 ? 4 : 2;
		if (bytes.length < head) break;
		const end = head + (short === 126 ? bytes.readUInt16BE(2) : short);
		if (short === 127) fail('a frame that is too long');
		if (bytes.length < end) break;
		if (bytes[0] === 0x81) console.log(bytes.toString('utf8', head, end));
		bytes = bytes.subarray(end);
	}
	return bytes;
}

function connect() {
	const request = http.get(address.replace(/^ws/, 'http'), {
		agent: false,
		headers: {
			Connection: 'Upgrade',
			Upgrade: 'websocket',
			'Sec-WebSocket-Version': '13',
			'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
			Authorization: `Bearer ${token}`,
		},
	});
	request.on('upgrade', (response, socket, head) => {
		let bytes = printFrames(head);
		socket.on('data', (more) => (bytes = printFrames(Buffer.concat([bytes, more]))));
		socket.on('error', (error) => fail(error.message));
		socket.on('close', () => process.exit(0));
	});
	request.on('response', ({ statusCode }) =>
		statusCode === 503 ? again(`status ${statusCode}`) : fail(`status ${statusCode}`));
	request.on('error', (error) => again(error.message));
}

function again(why) {
	if (Date.now() > deadline) fail(why);
	setTimeout(connect, 50);
}

process.stdin.resume().on('end', () => process.exit(0));
connect();
