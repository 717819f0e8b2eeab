// What the scenarios share: where the programs are, tokens, users, and the shell that runs them.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { Client } from './client.mjs';

export const dir = process.env.dir;
export const PUSH = process.env.push ?? `${dir}/push.sock`;

const key = readFileSync(process.env.key_file).subarray(0, -1);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export const seconds = () => Math.floor(Date.now() / 1000);

// A token of these claims, whatever they say.
export function mint(claims, header = { alg: 'HS256', typ: 'JWT' }, secret = key) {
	const text = `${encode(header)}.${encode(claims)}`;
	return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

export function tokenOf(user, life = 3600) {
	return mint({ sub: user, iat: seconds(), exp: seconds() + life });
}

let users = 0;

// A name that no other scenario has.
export function newUser() {
	return `user-${process.pid}-${++users}-${process.hrtime.bigint()}`;
}

// A session of this user, greeted. Options as of Client.open().
export async function join(user, options = {}) {
	const client = await Client.open(options.where ?? PUSH, { token: tokenOf(user), ...options });
	client.greeting = await client.greeted();
	return client;
}

export function resumeQuery(since, epoch) {
	return `since=${since}&epoch=${encodeURIComponent(epoch)}`;
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Has the shell that started this run a line, with the functions of common.bash: they start
// and stop the programs. Throws if that fails.
export async function shell(line) {
	process.stdout.write(`${line}\n`);
	const { value } = await answers.next();
	if (value !== '0')
		throw new Error(`the shell says ${value}: ${line}`);
}

// Calls it until it gives something that is true; for what shows no event.
export async function until(what, check, patience = 20_000) {
	const end = Date.now() + patience;
	for (;;) {
		const value = await check();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`not so within ${patience} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
