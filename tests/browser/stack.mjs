/**
 * The real server, started by ./quickstart on a free port in a directory of its
 * own, and a line to it that a test can cut.
 */

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_TIMEOUT = 300_000; // the first start may have to build
const STOP_TIMEOUT = 20_000;
const BASE = "/api/notifications";

const base64url = (text) => Buffer.from(text).toString("base64url");

async function freePort() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address();
	server.close();
	await once(server, "close");
	return port;
}

/** What `dir/demo.json` says once it is there and whole; an error if `child` ends before. */
function demoOf(child, dir) {
	return new Promise((resolve, reject) => {
		const watcher = watch(dir, () => {
			const demo = readDemo(dir);
			if (demo) settle(resolve, demo);
		});
		const fail = (what) =>
			settle(reject, new Error(`quickstart ${what}:\n${child.said}`));
		const ended = () => fail("ended before it was ready");
		const timer = setTimeout(() => fail("did not start in time"), START_TIMEOUT);
		const settle = (outcome, value) => {
			watcher.close();
			clearTimeout(timer);
			child.off("close", ended);
			outcome(value);
		};
		child.on("close", ended);
	});
}

function readDemo(dir) {
	try {
		return JSON.parse(readFileSync(join(dir, "demo.json"), "utf8"));
	} catch {
		return null;
	}
}

/** The server; what a publisher and a user's program would ask of it. */
export class Stack {
	#child = null;
	#dir;

	/** Starts one, or takes the one whose demo.json is in TIDINGS_DEMO. */
	async start() {
		this.#dir = process.env.TIDINGS_DEMO;
		this.demo = this.#dir ? readDemo(this.#dir) : await this.#quickstart();
		this.url = new URL(this.demo.url);
	}

	async #quickstart() {
		this.#dir = mkdtempSync(join(tmpdir(), "tidings-browser-"));
		const command = join(process.env.top_srcdir, "quickstart");
		const port = String(await freePort());
		const child = spawn(command, ["--yes", "--port", port, "--dir", this.#dir], {
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.#child = child;
		child.said = "";
		for (const stream of [child.stdout, child.stderr])
			stream.on(
				"data",
				(text) => (child.said = (child.said + text).slice(-4000)),
			);
		child.on("error", (error) => (child.said += error.message));
		return demoOf(child, this.#dir);
	}

	async stop() {
		const child = this.#child;
		if (child?.pid && child.exitCode === null && child.signalCode === null) {
			child.kill("SIGTERM");
			const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
			await once(child, "exit");
			clearTimeout(timer);
		}
		if (child) rmSync(this.#dir, { recursive: true, force: true });
	}

	/** Signals one of the programs; it is started again under another id. */
	signal(program, signal) {
		process.kill(readDemo(this.#dir).pids[program], signal);
	}

	/** A token that ends so many seconds from now. */
	token(user, seconds) {
		const key = readFileSync(join(this.#dir, "jwt.key"));
		const now = Math.floor(Date.now() / 1000);
		const parts = [{ alg: "HS256" }, { sub: user, iat: now, exp: now + seconds }];
		const text = parts.map((part) => base64url(JSON.stringify(part))).join(".");
		return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
	}

	/** The connections that the push daemon has of this user. */
	async connections(user) {
		const socket = connect(join(this.#dir, "run/push-control.sock"));
		socket.write(`${JSON.stringify({ command: "connections", user })}\n`);
		let answer = "";
		for await (const text of socket.setEncoding("utf8"))
			if ((answer += text).endsWith("\n")) break;
		return JSON.parse(answer).connections;
	}

	/** @throws when the answer is not 2xx */
	async request(who, method, path, body) {
		const response = await fetch(new URL(BASE + path, this.url), {
			method,
			headers: {
				Authorization: `Bearer ${this.demo.tokens[who]}`,
				...(body && { "Content-Type": "application/json" }),
			},
			body: body && JSON.stringify(body),
		});
		if (!response.ok)
			throw new Error(`${method} ${path}: ${await response.text()}`);
		return response.json();
	}

	async create(userId, type, title, more) {
		const body = { userId, type, title, message: `About: ${title}`, ...more };
		return (await this.request("admin", "POST", "/", body)).notification;
	}

	/** To everybody who is known. */
	async broadcast(title, more) {
		const body = { type: "warning", title, message: `About: ${title}`, ...more };
		return (await this.request("admin", "POST", "/broadcast", body)).notification;
	}

	/** An empty inbox with nothing unseen. */
	async empty(...users) {
		for (const user of users) {
			await this.request(user, "DELETE", "/?all=true");
			await this.request(user, "POST", "/seen");
		}
	}
}

/**
 * Carries bytes between a browser and the server until it is cut. It breaks off where the
 * browser says what `refuses` fits, as a proxy does that knows no better.
 */
export class Line {
	refuses = null;
	#target;
	#server;
	#ends = new Set();
	#isCut = false;

	constructor(target) {
		this.#target = target;
		this.#server = createServer((near) => this.#join(near));
	}

	async open() {
		this.#server.listen(0, "127.0.0.1");
		await once(this.#server, "listening");
		this.url = new URL(this.#target);
		this.url.hostname = "127.0.0.1";
		this.url.port = this.#server.address().port;
	}

	#join(near) {
		if (this.#isCut) return near.resetAndDestroy();
		near.on("data", (text) => this.refuses?.test(text) && near.resetAndDestroy());
		const far = connect(this.#target.port, this.#target.hostname);
		for (const [one, other] of [
			[near, far],
			[far, near],
		]) {
			this.#ends.add(one);
			one.on("error", () => other.destroy());
			one.on("close", () => {
				this.#ends.delete(one);
				other.destroy();
			});
			one.pipe(other);
		}
	}

	/** Ends what is connected and refuses what comes, until mend(). */
	cut() {
		this.#isCut = true;
		for (const end of this.#ends) end.resetAndDestroy();
	}

	mend() {
		this.#isCut = false;
		this.refuses = null;
	}

	async close() {
		this.cut();
		this.#server.close();
		await once(this.#server, "close");
	}
}
