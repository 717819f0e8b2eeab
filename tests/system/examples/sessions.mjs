/** An application with logins, for tests: token.mjs at /, for one session. Prints its port. */

import { createServer } from "node:http";

const { tokenEndpoint } = await import(process.argv[2]);
const sessions = new Map([["session=s1", { user: "Zoë" }]]);
const server = createServer(tokenEndpoint((request) => sessions.get(request.headers.cookie)?.user));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
