// What may befall the log, the store and the push daemon. However it ends, each client holds what
// the store has, was told to fetch anew where changes could have been lost, and hears of the next.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';

import { Client } from './client.mjs';
import { Store } from './store.mjs';
import { PUSH, dir, join, newUser, resumeQuery, shell, tokenOf, until } from './setting.mjs';

const LARGE = { message: 'x'.repeat(1000), data: { large: 'x'.repeat(3900) } };
const LOG = `${dir}/home/log`;

const logs = () => readdirSync(LOG).filter((name) => name.startsWith('log.')).sort();
const pushdSays = (text) => readFileSync(`${dir}/pushd.log`, 'utf8').includes(text);
const note = (text) => shell(`echo '# ${text}' >&3`);

// A client that applies whatever comes by the rules of the contract, and counts what breaks them.
class Follower {
	ids = [];      // of what was created, in the order in which it was told
	resets = 0;
	gaps = 0;
	doubled = 0;
	seq = null;    // last applied

	static async join(user, options) {
		const follower = new Follower();
		follower.user = user;
		await follower.return(options);
		return follower;
	}

	// Comes, for the first time or again; then it says where it left off.
	async return(options = {}) {
		const query = this.seq === null ? '' : resumeQuery(this.seq, this.epoch);
		this.client = await Client.open(PUSH, { token: tokenOf(this.user), query, ...options });
		this.greeted = new Promise((resolve) => (this.onCount = resolve));
		this.ended = this.#follow(this.client);
		await Promise.race([this.greeted, this.ended.then(() => assert.fail('closed before it was greeted'))]);
	}

	async #follow(client) {
		for (;;) {
			const message = await client.messages.take('a message', 600_000).catch(() => null);
			if (!message)
				return;
			this.#take(message);
		}
	}

	#take(message) {
		if (message.type === 'connected')
			this.epoch = message.epoch;
		else if (message.type === 'new_notification' || message.type === 'notification_update')
			this.#apply(message);
		else if (message.type === 'unread_count')
			this.#count(message);
	}

	#apply(message) {
		if (message.reset) {
			this.resets++;
		} else if (this.seq !== null && message.seq <= this.seq) {
			this.doubled++;
			return;
		} else if (this.seq !== null && message.seq > this.seq + this.#span(message)) {
			this.gaps++;
		}
		if (message.notification)
			this.ids.push(message.notification.id);
		this.#set(message);
	}

	// How many changes it tells, at most; one that names none stands for any number.
	#span({ notification, changes }) {
		return notification ? 1 : changes?.length ?? Infinity;
	}

	#count(message) {
		if (this.seq !== null && message.seq !== this.seq)
			this.gaps++;
		this.#set(message);
		this.onCount();
	}

	#set({ seq, unreadCount, unseenCount }) {
		Object.assign(this, { seq, unread: unreadCount, unseen: unseenCount });
	}
}

// Each holds what the store has, soon; none was told something twice, or too little.
async function level(followers, store) {
	for (const follower of followers) {
		let has;
		await until(`${follower.user} holds what the store has`, async () => {
			has = await store.count(follower.user);
			return follower.seq === has.seq;
		}, 60_000);
		assert.deepEqual([follower.unread, follower.unseen], [has.unread, has.unseen]);
		assert.deepEqual([follower.doubled, follower.gaps], [0, 0]);
		assert.equal(follower.client.ended, null);
	}
}

// Whatever happened, changes are told live, as changes: another one, and no reset more.
async function live(followers, store) {
	const resets = followers.map((one) => one.resets);
	for (const user of new Set(followers.map((one) => one.user)))
		await store.create(user);
	await level(followers, store);
	assert.deepEqual(followers.map((one) => one.resets), resets, 'a reset with no reason');
}

async function crowd(count = 4) {
	const users = Array.from({ length: count }, newUser);
	return Promise.all(users.flatMap((user) => [Follower.join(user), Follower.join(user)]));
}

const usersOf = (followers) => [...new Set(followers.map((one) => one.user))];

const createForAll = (store, followers, members) =>
	Promise.all(usersOf(followers).map((user) => store.create(user, members)));

const stopped = (name) => shell(`kill -STOP "$(cat "$dir/pids/${name}")"`);
const goesOn = (name) => shell(`kill -CONT "$(cat "$dir/pids/${name}")"`);

// More events than inotify keeps: some are lost, and no change is.
export async function overflow() {
	const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
	const followers = await crowd();
	const store = await Store.open();
	await stopped('pushd');
	await createForAll(store, followers);
	for (let i = 0; i <= most / 2; i++) { // each comes and goes: two events
		writeFileSync(`${LOG}/other-${i % 2}`, '');
		rmSync(`${LOG}/other-${i % 2}`);
	}
	for (let i = 0; i < 20; i++)
		await createForAll(store, followers);
	await goesOn('pushd');
	await level(followers, store);
	await live(followers, store);
	assert.ok(followers.every((one) => one.resets === 0 && one.ids.length === 22));
}

// The store is stopped and started again while notifications are created.
export async function store_restarts() {
	const followers = await crowd();
	let done = false, made = 0;
	const creating = (async () => {
		while (!done) {
			const store = await Store.open().catch(() => null);
			while (store && !done && await createForAll(store, followers).catch(() => null))
				made++;
			store?.close();
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	})();
	for (let round = 0; round < 10; round++) {
		const before = made;
		await until('something is created', () => made > before + 3);
		await shell(`${round % 3 ? 'stop_program' : 'kill_program'} stored`);
		await shell('start_stored');
	}
	done = true;
	await creating;
	const store = await Store.open();
	await level(followers, store);
	await live(followers, store);
	assert.ok(followers.every((one) => one.resets === 0));
	await note(`10 restarts, ${made} rounds of notifications`);
}

// An older copy of the store takes its place: what clients have seen beyond it is no more.
export async function store_restored() {
	const followers = await crowd();
	const away = await Follower.join(newUser());
	const store = await Store.open();
	await createForAll(store, [...followers, away]);
	await shell('mkdir "$dir/backups"; tidings backup "$dir/backups" >/dev/null');
	for (let i = 0; i < 5; i++)
		await createForAll(store, [...followers, away]);
	await level([...followers, away], store);
	const seen = followers[0].seq;
	away.client.destroy();
	await away.ended;
	await shell('stop_program stored');
	await shell('tidings restore --yes "$dir/backups"/* >/dev/null');
	await shell('start_stored');
	const restored = await Store.open();
	await level(followers, restored);
	assert.ok(followers[0].seq < seen);
	assert.ok(followers.every((one) => one.resets === 1), 'each is told once to fetch anew');
	await away.return();
	assert.equal(away.resets, 1);
	followers.forEach((one) => one.client.send({ type: 'fetch_notifications' }));
	await live([...followers, away], restored);
}

// The power goes, and with it what was acknowledged and only in memory. The push daemon is
// killed, too, or finds another store.
async function powerCut(kills) {
	const followers = await crowd();
	const store = await Store.open();
	await createForAll(store, followers);
	await until('something is on the disk', () => readdirSync(`${dir}/shadow`).length > 0);
	for (let i = 0; i < 50; i++)
		await createForAll(store, followers);
	await level(followers, store);
	const seen = followers.map((one) => one.seq), { epoch } = followers[0];
	await shell('kill_program stored');
	if (kills)
		await shell('kill_program pushd');
	await shell('rm -r "$dir/home" && cp -a "$dir/shadow" "$dir/home"');
	if (readdirSync(`${dir}/home`).includes('running'))
		writeFileSync(`${dir}/home/running`, '00000000-0000-0000-0000-000000000000\n');
	await shell('start_stored');
	if (kills) {
		await shell('start_pushd');
		await Promise.all(followers.map((one) => one.return()));
		assert.notEqual(followers[0].epoch, epoch);
	}
	const after = await Store.open();
	await level(followers, after);
	assert.ok(followers.every((one) => one.resets === 1), 'each is told once to fetch anew');
	const lost = followers.reduce((sum, one, i) => sum + seen[i] - one.seq, 0);
	assert.ok(lost > 0, 'nothing was lost');
	await live(followers, after);
	await note(`${lost} changes that clients had seen were lost`);
}

export const power_cut = () => powerCut(false);
export const power_cut_for_both = () => powerCut(true);

// The directory is moved away, and back.
export async function directory_moved() {
	const followers = await crowd();
	const store = await Store.open();
	await shell('mv "$dir/home/log" "$dir/home/other" && mv "$dir/home/other" "$dir/home/log"');
	await until('all are told to fetch anew', () => followers.every((one) => one.resets === 1));
	await level(followers, store);
	await live(followers, store);
}

// A byte of a record is another, and others follow it: found though the log has not come to its
// next file. What was before it is told.
export async function record_damaged() {
	const followers = await crowd();
	const store = await Store.open();
	await stopped('pushd');
	await createForAll(store, followers, { title: 'before' });
	await createForAll(store, followers, { title: 'to be damaged' });
	await createForAll(store, followers, { title: 'behind' });
	const path = `${LOG}/${logs().at(-1)}`;
	const at = readFileSync(path).indexOf('to be damaged');
	assert.ok(at > 0);
	const fd = openSync(path, 'r+');
	writeSync(fd, 'T', at);
	closeSync(fd);
	await goesOn('pushd');
	await until('all are told to fetch anew', () => followers.every((one) => one.resets === 1));
	await level(followers, store);
	assert.ok(pushdSays('every client is told to fetch anew'));
	await live(followers, store);
	// again and again: at growing distances, but each time
	for (let round = 0; round < 2; round++)
		await shell('mv "$dir/home/log" "$dir/home/other" && mv "$dir/home/other" "$dir/home/log"');
	await until('and again', () => followers.every((one) => one.resets > 1));
	await level(followers, store);
}

// Creates large ones until the log has begun another file.
async function rollOver(store, followers) {
	const last = logs().at(-1);
	while (logs().at(-1) === last)
		for (let i = 0; i < 10; i++)
			await createForAll(store, followers, LARGE);
}

// The log may not be read for a while. The daemon stays, says so, and loses nobody.
export async function unreadable() {
	const followers = await crowd();
	const store = await Store.open();
	await shell('chmod 000 "$dir/home/log"');
	await rollOver(store, followers);
	await until('it is said', () => pushdSays('the log cannot be read') || pushdSays('removed or damaged'));
	await createForAll(store, followers);
	await shell('chmod 755 "$dir/home/log"');
	await level(followers, store);
	await live(followers, store);
}

// As many clients as there are descriptors for: the store and its log still have theirs.
export async function descriptors() {
	const followers = [], users = Array.from({ length: 8 }, newUser);
	let refused = 0;
	while (refused < 5) {
		const user = users[(followers.length + refused) % users.length];
		await Follower.join(user).then((one) => followers.push(one), () => refused++);
	}
	assert.ok(followers.length >= 8, `${followers.length} clients`);
	const store = await Store.open();
	await rollOver(store, followers);
	await level(followers, store);
	await shell('kill_program stored');
	await shell('start_stored');
	const again = await Store.open();
	await live(followers, again);
	assert.ok(followers.every((one) => one.resets === 0));
	await note(`${followers.length} clients, ${refused} refused`);
}

// The daemon is far behind: whoever comes meanwhile is served, and all is told in the end.
export async function far_behind() {
	const followers = await crowd(3);
	const store = await Store.open();
	await stopped('pushd');
	const [first, ...others] = usersOf(followers);
	for (let i = 0; i < 20; i++)
		await store.createMany(Array.from({ length: 1000 }, (_, n) => ({ userId: n % 2 ? first : `nobody-${n}` })));
	await Promise.all(Array.from({ length: 3000 }, (_, i) => store.create(others[i % 2])));
	await goesOn('pushd');
	const late = await Promise.all(Array.from({ length: 20 }, () => Follower.join(newUser())));
	await level([...late, ...followers], store);
	await live([...late, ...followers], store);
	assert.ok(followers.every((one) => one.resets === 0));
}

// Killed under load, again and again, while all clients return at once: each gets exactly what it
// missed, in order. PUSH_KILL_CLIENTS makes it more of them.
const KILLS = 5, PER_USER = 5, MISSED_MAX = 50;

async function allIds(user) {
	const client = await join(user);
	const ids = [];
	for (let cursor; ;) {
		client.send({ type: 'fetch_notifications', limit: 100, cursor });
		let page = await client.next();
		while (page.type !== 'notifications_list')
			page = await client.next();
		ids.unshift(...page.notifications.map((one) => one.id).reverse());
		cursor = page.nextCursor;
		if (!cursor)
			break;
	}
	client.destroy();
	return ids;
}

export async function killed_under_load() {
	const count = Number(process.env.PUSH_KILL_CLIENTS ?? 300);
	const users = Array.from({ length: Math.ceil(count / PER_USER) }, newUser);
	const followers = await Promise.all(Array.from({ length: count }, (_, i) => Follower.join(users[i % users.length])));
	let store = await Store.open(), done = false, away = false, made = 0;

	const creating = users.map(async (user) => {
		for (let missed = 0; !done; missed = away ? missed + 1 : 0) {
			if (missed < MISSED_MAX && await store.create(user).catch(() => null))
				made++;
			await new Promise((resolve) => setTimeout(resolve, 60));
		}
	});
	for (let kill = 0; kill < KILLS; kill++) {
		const before = made;
		await until('load', () => made > before + 3 * users.length, 60_000);
		away = true;
		await shell('kill_program pushd');
		if (kill % 2) {
			await shell('kill_program stored');
			await shell('start_stored');
			store.close();
			store = await Store.open();
		}
		await Promise.all(followers.map((one) => one.ended));
		await shell('start_pushd');
		await Promise.all(followers.map((one) => one.return({ patience: 60_000 })));
		away = false;
	}
	done = true;
	await Promise.all(creating);
	await level(followers, store);
	assert.ok(followers.every((one) => one.resets === 0), 'a reset with no reason');
	followers.forEach((one) => one.client.destroy());
	let told = 0;
	for (const [i, user] of users.entries()) {
		const ids = await allIds(user);
		for (let at = i; at < followers.length; at += users.length) {
			assert.deepEqual(followers[at].ids, ids);
			told += ids.length;
		}
	}
	await note(`${KILLS} kills, ${followers.length} clients, ${made} notifications created, ${told} told, 0 missed, 0 twice`);
}
