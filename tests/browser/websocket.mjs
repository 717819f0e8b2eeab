/**
 * As much of a WebSocket (RFC 6455) as the client module uses, for a Node that has none:
 * text messages in single frames, and no extension.
 */

import { randomBytes } from "node:crypto";
import { request } from "node:http";

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class WebSocket {
	readyState = 0;
	#socket;
	#rest = Buffer.alloc(0);

	constructor(url, protocol) {
		const asked = request(url.replace(/^ws/, "http"), {
			headers: {
				Connection: "Upgrade",
				Upgrade: "websocket",
				"Sec-WebSocket-Version": "13",
				"Sec-WebSocket-Key": randomBytes(16).toString("base64"),
				"Sec-WebSocket-Protocol": protocol,
			},
		});
		asked.on("upgrade", (_, socket, head) => this.#open(socket, head));
		asked.on("response", (response) => {
			response.resume();
			this.#end(1006);
		});
		asked.on("error", () => this.#end(1006));
		asked.end();
	}

	send(text) {
		this.#write(TEXT, Buffer.from(text));
	}

	close() {
		if (this.readyState === 1) this.#write(CLOSE, Buffer.from([3, 232])); // 1000
		this.#socket?.end();
		this.readyState = 3;
	}

	#open(socket, head) {
		this.#socket = socket;
		this.readyState = 1;
		socket.on("error", () => {});
		socket.on("close", () => this.#end(1006));
		socket.on("data", (data) => this.#receive(data));
		this.#receive(head);
	}

	#end(code, reason = "") {
		const { onclose } = this;
		this.readyState = 3;
		this.onclose = null;
		this.#socket?.end();
		onclose?.({ code, reason });
	}

	/** What a client sends is masked; the mask 0 leaves it as it is. */
	#write(kind, data) {
		const long = data.length > 125;
		const head = Buffer.alloc(long ? 8 : 6);
		head[0] = 128 + kind;
		head[1] = 128 + (long ? 126 : data.length);
		if (long) head.writeUInt16BE(data.length, 2);
		this.#socket.write(Buffer.concat([head, data]));
	}

	#receive(data) {
		this.#rest = Buffer.concat([this.#rest, data]);
		while (this.#rest.length >= 2) {
			const short = this.#rest[1];
			const at = short < 126 ? 2 : 4;
			if (this.#rest.length < at) return;
			const end = at + (short < 126 ? short : this.#rest.readUInt16BE(2));
			if (this.#rest.length < end) return;
			const payload = this.#rest.subarray(at, end);
			const kind = this.#rest[0] & 15;
			this.#rest = this.#rest.subarray(end);
			if (kind === TEXT) this.onmessage?.({ data: payload.toString() });
			else if (kind === PING) this.#write(PONG, payload);
			else if (kind === CLOSE)
				this.#end(
					payload.readUInt16BE(0),
					payload.subarray(2).toString(),
				);
		}
	}
}
