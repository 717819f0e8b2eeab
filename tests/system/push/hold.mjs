// Sessions for tests of what others do with them: hold.mjs USER COUNT [TOKEN] joins so many,
// says "ready", and then for each, in order, how it ended: "CODE REASON".

import { join, tokenOf } from './setting.mjs';

const [user, count, token = tokenOf(user)] = process.argv.slice(2);
const PATIENCE = 120_000;

const clients = [];
for (let i = 0; i < Number(count); i++)
	clients.push(await join(user, { token }));
console.log('ready');
for (const client of clients) {
	const { code, reason } = await client.closed(undefined, PATIENCE);
	console.log(`${code} ${reason}`);
}
process.exit(0);
