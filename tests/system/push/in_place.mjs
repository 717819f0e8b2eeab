// The push daemon becomes another program while clients are connected: they notice nothing.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

import { Client, TEXT, connect, frame, head } from './client.mjs';
import { Stream } from './events.mjs';
import { Peer } from './peer.mjs';
import { Store } from './store.mjs';
import { PUSH, dir, join, newUser, resumeQuery, shell, tokenOf, until } from './setting.mjs';

const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
const DONE = 'upgraded in place: ';

const pid = () => Number(readFileSync(`${dir}/pids/pushd`));
const log = () => readFileSync(`${dir}/pushd.log`, 'utf8');
const times = (text) => log().split(text).length - 1;
const commandLine = () => readFileSync(`/proc/${pid()}/cmdline`, 'utf8').split('\0').slice(0, -1);

// What its descriptors are, by kind
function descriptors() {
	const kinds = {};
	for (const name of readdirSync(`/proc/${pid()}/fd`)) {
		const kind = readlinkSync(`/proc/${pid()}/fd/${name}`).split(/:\[\d/)[0];
		kinds[kind] = (kinds[kind] ?? 0) + 1;
	}
	return kinds;
}

async function upgrade() {
	const before = times(DONE);
	process.kill(pid(), 'SIGUSR2');
	await until('upgraded', () => times(DONE) > before);
}

// Has the daemon refuse to become another program, and say this.
async function refused(reason) {
	const before = times('not upgraded: ');
	process.kill(pid(), 'SIGUSR2');
	await until('refused', () => times('not upgraded: ') > before, 40_000);
	assert.match(log().split('not upgraded: ').at(-1), reason);
	assert.equal(times(DONE), 0);
}

// The next changes of this client, one by one and none twice, up to this `seq`.
async function follow(client, from, to) {
	for (let seq = from; seq < to;) {
		const message = await client.next();
		assert.equal(message.reset, undefined, JSON.stringify(message));
		assert.equal(message.seq, seq + (message.changes?.length ?? 1), JSON.stringify(message));
		seq = message.seq;
	}
}

// A client whose bytes are cut where one likes
class Halved {
	static async begin(user, cut) {
		const halved = new Halved();
		const text = head({ headers: { Authorization: `Bearer ${tokenOf(user)}` } });
		halved.rest = text.slice(cut);
		halved.socket = connect(PUSH);
		halved.received = '';
		halved.socket.on('data', (data) => (halved.received += data.toString('latin1')));
		halved.socket.on('error', () => {});
		await new Promise((sent) => halved.socket.write(text.slice(0, cut), sent));
		return halved;
	}

	async finish() {
		this.socket.write(this.rest);
		await until('greeted', () => this.received.includes('unread_count'));
		this.socket.destroy();
	}
}

// In the middle of a head, of a login, of a frame, of a message: everything goes on.
export async function every_state() {
	const store = await Store.open();
	const user = newUser(), stalling = newUser(), late = newUser();
	const heads = await Promise.all([1, 30, 150].map((cut) => Halved.begin(user, cut)));
	const anonymous = await Client.open(PUSH);
	await anonymous.expect('auth_required');
	const live = await join(user);
	const stream = await Stream.open(PUSH, { token: tokenOf(user) });
	await stream.greeted();
	const ping = frame(TEXT, '{"type":"ping"}');
	const inFrame = await join(newUser()), inHeader = await join(newUser()), inMessage = await join(newUser());
	inFrame.write(ping.subarray(0, 12));
	inHeader.write(ping.subarray(0, 1));
	inMessage.write(frame(TEXT, '{"type":"pi', { more: true }));
	const slow = await join(stalling);
	slow.pause();
	for (let i = 0; i < 200; i++)
		await store.create(stalling, LARGE);
	const refusedClient = connect(PUSH);
	refusedClient.resume();
	refusedClient.write('GET /elsewhere HTTP/1.1\r\nHost: h\r\n\r\n');
	await live.silent();

	for (let i = 0; i < 2; i++)
		await upgrade();

	await Promise.all(heads.map((one) => one.finish()));
	anonymous.send({ type: 'auth', token: tokenOf(late) });
	assert.equal((await anonymous.greeted()).length, 2);
	inFrame.write(ping.subarray(12));
	inHeader.write(ping.subarray(1));
	inMessage.write(frame(0, 'ng"}'));
	for (const client of [inFrame, inHeader, inMessage])
		await client.expect('pong');
	await store.create(user);
	for (const one of [live, stream])
		assert.equal((await one.expect('new_notification')).seq, 1);
	slow.resume();
	let last;
	do
		last = await slow.next();
	while (last.seq < 200);
	assert.equal(last.unreadCount, 200);
	await store.create(stalling);
	assert.equal((await slow.next()).seq, 201);
	for (const client of [live, anonymous, inFrame, inHeader, inMessage, slow])
		assert.equal(client.ended, null);
}

// Changes go on while one program follows the other: no gap, nothing twice.
export async function stream() {
	const users = Array.from({ length: 8 }, newUser);
	const clients = [];
	for (const user of users)
		clients.push(await join(user), await join(user));
	const store = await Store.open();
	const made = users.map(() => 0);
	let going = true;
	const creating = (async () => {
		while (going)
			await Promise.all(users.map(async (user, i) => (made[i] = (await store.create(user)).seq)));
	})();
	for (let i = 0; i < 8; i++)
		await upgrade();
	going = false;
	await creating;
	for (const [i, client] of clients.entries()) {
		await follow(client, 0, made[i >> 1]);
		assert.equal((await client.silent()).seq, made[i >> 1]);
		assert.equal(client.ended, null);
	}
}

// Without the store nobody is waited for; once it is there everybody gets what they asked for.
export async function store_is_away() {
	const user = newUser();
	const asking = await join(user);
	const [{ epoch }] = asking.greeting;
	const store = await Store.open();
	await store.create(user);
	await asking.expect('new_notification');
	await shell('kill_program stored');
	asking.send({ type: 'fetch_notifications' });
	asking.send({ type: 'ping' });
	await asking.expect('pong');
	const joining = await Client.open(PUSH, { token: tokenOf(user) });
	const resuming = await Client.open(PUSH, { token: tokenOf(user), query: resumeQuery(0, epoch) });
	await upgrade();
	assert.equal((await asking.expect('error')).code, 'unavailable');
	await upgrade();
	await shell('start_stored');
	assert.equal((await joining.greeted()).at(-1).seq, 1);
	const [, missed, count] = await resuming.greeted();
	assert.equal(missed.type, 'new_notification');
	assert.equal(count.seq, 1);
	await (await Store.open()).create(user);
	for (const client of [asking, joining, resuming])
		assert.equal((await client.expect('new_notification')).seq, 2);
}

// Nothing is left over of the program before, and signals mean what they meant.
export async function again_and_again() {
	const user = newUser();
	const client = await join(user);
	const store = await Store.open();
	const line = commandLine();
	const settled = async () => {
		await store.create(user); // so that the log is open
		await client.expect('new_notification');
		await client.silent(); // and the store connected
		return descriptors();
	};
	await upgrade();
	const open = await settled();
	assert.deepEqual(commandLine().filter((one) => !one.startsWith('--take-over=')), line);
	for (let i = 0; i < 3; i++)
		await upgrade();
	assert.equal(commandLine().length, line.length + 1);
	assert.deepEqual(await settled(), open);
	const late = await join(user);
	process.kill(pid(), 'SIGHUP');
	await until('reloaded', () => times('reloaded: ') === 1);
	await shell('stop_well pushd');
	for (const one of [client, late])
		assert.equal((await one.closed()).code, 1001);
}

// The control socket is there again, tells of the clients, and goes when the daemon does.
export async function controlled() {
	const user = newUser();
	const client = await join(user);
	await upgrade();
	await upgrade();
	const { connections } = await (await Peer.open()).ask('connections', { user });
	assert.equal(connections.length, 1);
	assert.equal((await (await Peer.open()).ask('disconnect', { user })).count, 1);
	assert.equal((await client.closed()).code, 4403);
	await shell('stop_well pushd && [ ! -e "$dir/push-control.sock" ]');
}

// A watchdog has a timer of its own, and the new program as well.
export async function watchdog() {
	const timers = () => descriptors()['anon_inode:[timerfd]'];
	const before = timers();
	assert.ok(before > 1);
	const client = await join(newUser());
	await upgrade();
	await client.silent();
	assert.equal(timers(), before);
}

// A program that does not pass its check: the one that runs goes on.
export async function unfit() {
	const user = newUser();
	const client = await join(user);
	const store = await Store.open();
	const cases = [
		['exit 1', /refused, with status 1;/],
		['kill -SEGV $$', /signal 11 in its check;/],
		['exec sleep 1000', /takes too long;/],
		['exec "$real" --no-such-option "$@"', /refused, with status 2;/],
		['exec "$real" --config "$dir/missing.conf" "$1"', /refused, with status 1;/],
	];
	let seq = 0;
	for (const [script, reason] of cases) {
		await shell(`put_script '${script}'`);
		await refused(reason);
		await store.create(user);
		assert.equal((await client.expect('new_notification')).seq, ++seq);
	}
	await shell('chmod -x "$program"');
	await refused(/Permission denied/);
	await shell('rm "$program"');
	await refused(/No such file or directory/);
	await join(newUser());
	await shell('put_program');
	await upgrade();
	await store.create(user);
	assert.equal((await client.expect('new_notification')).seq, ++seq);
}

// A state that another version has written, as the new program sees it
export async function skew() {
	const client = await join(newUser());
	await shell(`put_skewing '\\0\\0\\0\\143' 20`);
	await refused(/refused, with status 1;/);
	assert.match(log(), /of a version that is not known here/);
	await shell(`put_skewing 'T' 0`);
	await refused(/refused, with status 1;/);
	assert.match(log(), /it is damaged/);
	await client.silent();
	await shell('put_program');
	await upgrade();
	await client.silent();
}

// While a check is under way another is not begun, and the end of the daemon is its end.
export async function ended_amid_check() {
	const client = await join(newUser());
	await shell(`put_script 'echo $$ >"$dir/checking"; exec sleep 1000'`);
	process.kill(pid(), 'SIGUSR2');
	const child = await until('checking', () => {
		try {
			return Number(readFileSync(`${dir}/checking`));
		} catch {
			return 0;
		}
	});
	process.kill(pid(), 'SIGUSR2');
	await until('told', () => times('an upgrade is under way already') === 1);
	await client.silent();
	await shell('stop_well pushd');
	assert.equal((await client.closed()).code, 1001);
	assert.throws(() => process.kill(child, 0), { code: 'ESRCH' });
}

// Started by a link, the daemon becomes what the link names by then; by its bare name, the file.
export async function linked() {
	const file = () => readlinkSync(`/proc/${pid()}/exe`);
	const client = await join(newUser());
	const before = file();
	await shell('install_version 2');
	await upgrade();
	assert.notEqual(file(), before);
	assert.match(file(), /version-2/);
	await client.silent();
}

export async function by_name() {
	const client = await join(newUser());
	await shell('put_program'); // another file of this name
	await upgrade();
	assert.equal(readlinkSync(`/proc/${pid()}/exe`), process.env.program);
	await client.silent();
}

// The sockets are systemd's, and stay.
export async function activated() {
	const client = await join(newUser());
	await upgrade();
	await client.silent();
	await upgrade();
	await (await join(newUser())).silent();
	await client.silent();
}

// What has changed in the configuration meanwhile holds for those who came before.
export async function other_keys() {
	const client = await join(newUser());
	await shell('cp "$key_file" "$key_file.saved" && echo "another secret for tests, of 32 bytes" >"$key_file"');
	await upgrade();
	assert.equal((await client.expect('auth_failed')).code, 'token_signature');
	assert.equal((await client.closed()).code, 4401);
}
