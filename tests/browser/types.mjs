/**
 * The declarations in web/: a program that uses client and elements well is taken by the compiler
 * under --strict, and each wrong use refused.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { missing, test } from "./tap.mjs";

const run = promisify(execFile);
const web = new URL("../../web/", import.meta.url).pathname;
const module = `${web}tidings-client.js`;

const good = `
import { TidingsClient, TidingsError } from "${module}";
import type { Change, Notification, Options, Status } from "${module}";

const options: Options = {
	tokenUrl: "/my/token",
	user: "ann",
	transports: ["socket", "poll"],
	shared: false,
	WebSocket,
	fetch,
};
const client = new TidingsClient(options);
new TidingsClient();
new TidingsClient({ token: "a token" });
new TidingsClient({ token: async () => null });
new TidingsClient({ token: () => ({ token: "a token", expiresAt: "2026-01-31T09:30:00Z" }) });

client.addEventListener("notification", ({ detail }) => {
	const { title, link = "/" }: Notification = detail.notification;
	console.log(title.toUpperCase(), link.length, detail.seq + 1);
});
client.addEventListener("change", ({ detail }) => {
	const change: Change = detail;
	for (const { op, id } of change.changes ?? []) if (op === "created") console.log(id);
});
client.addEventListener("status", ({ detail: { state, reason, delay, transport } }) => {
	if (state === "waiting") console.log(reason === "origin", (delay ?? 0) + 1);
	else console.log(transport === "stream");
}, { once: true });
client.addEventListener("frame", ({ detail }) => console.log(detail.type));

client.token = "another";
client.start();
const status: Status = client.status;
const seq: number | undefined = client.position?.seq;
const text: string = client.leading ? \`\${client.unread} \${client.unseen}\` : status.state;

export async function use(): Promise<void> {
	try {
		const { notifications, nextCursor } = await client.list({ limit: 5, unread: true });
		await client.list({ cursor: nextCursor });
		await client.markRead(notifications[0].id);
		const { unreadCount } = await client.remove((await client.get("id")).id);
		const { count } = await client.markAllRead();
		const sent = await client.request<{ count: number }>("POST", "/batch", {});
		console.log(unreadCount + count + sent.count + (seq ?? 0), text);
	} catch (error) {
		if (error instanceof TidingsError) console.log(error.status + 1, error.code);
	}
	client.stop();
}
`;

const goodElements = `
import "${web}tidings-bell.js";
import "${web}tidings-list.js";
import type { TidingsBell } from "${web}tidings-bell.js";
import { english, setWords, Words, type Word } from "${web}tidings-words.js";
import { TidingsClient } from "${module}";

const bell = document.createElement("tidings-bell");
const same: TidingsBell | null = document.querySelector("tidings-bell");
bell.client = new TidingsClient();
bell.client.start();
bell.client = null;
bell.addEventListener("follow", (event) => {
	event.preventDefault();
	console.log(event.detail.notification.link?.length, same?.open);
});
bell.addEventListener("click", ({ clientX }) => console.log(clientX));
if (!bell.open) bell.show();
bell.close();

const list = document.createElement("tidings-list");
list.client = bell.client;
list.addEventListener("follow", ({ detail }) => console.log(detail.notification.title));
console.log(list.page + 1);
list.undo();

const empty: Word = english.empty;
setWords("fr", { empty, unread: { one: "{n} non lue", other: "{n} non lues" } });
const words = new Words("fr-CA");
console.log(words.say("unread", { n: 3 })?.length, words.relativeTime(Date.now()).length);
`;

const wrongElements = [
	"bell.open = true;",
	"bell.client = 7;",
	'document.createElement("tidings-list").page = 5;',
	'bell.addEventListener("follow", ({ detail }) => detail.title);',
	'setWords("fr", { unread: { one: "{n} non lue" } });',
	'setWords("fr", { empty: 7 });',
].map(
	(statement) => `import "${web}tidings-bell.js";
import "${web}tidings-list.js";
import { setWords } from "${web}tidings-words.js";
const bell = document.createElement("tidings-bell");
setWords("en", {});
${statement}
`,
);

const wrong = [
	'new TidingsClient({ transports: ["pigeon"] });',
	"new TidingsClient({ tokenURL: '/my/token' });",
	"new TidingsClient({ token: 7 });",
	"new TidingsClient({ token: () => 7 });",
	'client.addEventListener("notifications", () => {});',
	'client.addEventListener("notification", ({ detail }) => detail.title);',
	"client.unread = 0;",
	"client.markRead(7);",
	"client.list({ limit: 'all' });",
	'client.status.state === "open";',
	"client.position.seq;",
	"client.destroy();",
];

const program = (statement) =>
	`import { TidingsClient } from "${module}";\nconst client = new TidingsClient();\n${statement}\n`;

/** What the compiler says, by file. */
async function compile(programs) {
	const directory = await mkdtemp(join(tmpdir(), "tidings-types-"));
	const names = programs.map((_, number) => `${number}.mts`);
	const flags =
		"--strict --noEmit --target es2022 --module node16 --moduleResolution node16";
	try {
		for (const [number, text] of programs.entries())
			await writeFile(join(directory, names[number]), text);
		const compiled = run("tsc", [...flags.split(" "), ...names], {
			cwd: directory,
		});
		const { stdout } = await compiled.catch((error) => error);
		return names.map((name) =>
			stdout.split("\n").filter((line) => line.startsWith(`${name}(`)),
		);
	} finally {
		await rm(directory, { recursive: true });
	}
}

const there = await run("tsc", ["--version"]).catch(() => null);
const name = "types: right use compiles, wrong use does not";
if (there)
	test(name, async () => {
		const programs = [...wrong.map(program), ...wrongElements];
		const [said, saidToo, ...refused] = await compile([good, goodElements, ...programs]);
		assert.deepEqual([...said, ...saidToo], []);
		const taken = programs.filter((_, number) => refused[number].length !== 1);
		assert.deepEqual(taken, []);
	});
else missing(name, "tsc is not installed (on Debian: apt-get install node-typescript)");
