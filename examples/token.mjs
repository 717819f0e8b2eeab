/**
 * The address that a page asks for a token of tidings:
 *
 *	<tidings-bell token-url="/my/token"></tidings-bell>
 *
 * Whoever is logged in gets {"token": ..., "expiresAt": ...}, others get 401. Who that is
 * you say by a function of the request, which gives the user's name or nothing:
 *
 *	http.createServer(tokenEndpoint((request) => sessions.get(cookie(request))?.user))
 *	app.get("/my/token", tokenEndpoint((request) => request.session.user)); // Express
 *
 * Environment: TIDINGS_KEY_FILE is the key that tidings knows as key-file, a secret for
 * HS256; where it is one of keys-dir, TIDINGS_KEY_ID is its name there.
 * TIDINGS_TOKEN_SECONDS is how long a token lives (900).
 */

import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";

const base64url = (data) => Buffer.from(data).toString("base64url");

async function makeToken(user, issued, expires) {
	let key = await readFile(process.env.TIDINGS_KEY_FILE);
	if (key.at(-1) === 10) key = key.subarray(0, -1); // tidings leaves out one newline, too
	const header = { alg: "HS256", typ: "JWT", kid: process.env.TIDINGS_KEY_ID };
	const claims = { sub: user, iat: issued, exp: expires };
	const signed = [header, claims].map((part) => base64url(JSON.stringify(part))).join(".");
	return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

function answer(response, status, body) {
	response.writeHead(status, {
		"Content-Type": "application/json",
		"Cache-Control": "no-store",
	});
	response.end(`${JSON.stringify(body)}\n`);
}

export function tokenEndpoint(userOf) {
	return async (request, response) => {
		try {
			const user = await userOf(request);
			if (!user) return answer(response, 401, { error: "You are not logged in." });
			const issued = Math.floor(Date.now() / 1000);
			const expires = issued + Number(process.env.TIDINGS_TOKEN_SECONDS ?? 900);
			answer(response, 200, {
				token: await makeToken(user, issued, expires),
				expiresAt: new Date(expires * 1000).toISOString(),
			});
		} catch (error) {
			console.error(error);
			answer(response, 500, { error: "There is no token to be had." });
		}
	};
}
