#!/usr/bin/env node
/**
 * Sends one notification to a user: send.mjs USER TITLE MESSAGE KEY
 *
 * KEY names what has happened, as order-2041-paid: by it a repeat does no harm, so what was
 * not answered, or with 503, is sent again. Node 18 or later.
 *
 * Environment: TIDINGS_URL as https://example.org/api/notifications; TIDINGS_TOKEN is a
 * publisher key, which "tidings key add" makes, or the token of a service.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ATTEMPTS = 6;
const WORTH_REPEATING = [502, 503, 504];

export async function notify(user, title, message, key, type = "info") {
	const request = {
		method: "POST",
		headers: {
			Authorization: `Bearer ${process.env.TIDINGS_TOKEN}`,
			"Content-Type": "application/json",
			"Idempotency-Key": key,
		},
		body: JSON.stringify({ userId: user, type, title, message }),
	};
	let problem;
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		let wait = 2 ** attempt;
		try {
			const response = await fetch(`${process.env.TIDINGS_URL}/`, {
				...request,
				signal: AbortSignal.timeout(30000),
			});
			const answer = await response.json().catch(() => ({}));
			if (response.ok) return answer.notification;
			problem = answer.error ?? `the server answered ${response.status}`;
			if (!WORTH_REPEATING.includes(response.status)) break;
			wait = Number(response.headers.get("Retry-After")) || wait;
		} catch (error) {
			problem = error.cause?.message ?? error.message; // no connection, or no answer in time
		}
		if (attempt + 1 < ATTEMPTS) await sleep(Math.min(wait, 60) * 1000);
	}
	throw new Error(problem);
}

async function main(args) {
	if (args.length !== 4) {
		console.error("Usage: send.mjs USER TITLE MESSAGE KEY");
		process.exit(2);
	}
	try {
		await notify(...args);
	} catch (error) {
		console.error(error.message);
		process.exit(1);
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
