// What passes through the web server at $url, whichever that is, and what a reload does to it.

import assert from 'node:assert/strict';

import { Client, within } from './client.mjs';
import { Stream } from './events.mjs';
import { Peer } from './peer.mjs';
import { Store } from './store.mjs';
import { join, newUser, resumeQuery, shell, tokenOf } from './setting.mjs';

const { url, site } = process.env;
const where = new URL(url).port;
const AT_ONCE = 5000; // ms, of a machine that is busy with other tests

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

// The three ways in, what is told and asked, the heartbeat in both its forms, and the end.
export async function sockets() {
	const store = await Store.open();
	const user = newUser();
	const byHeader = await join(user, { where });
	const byProtocol = await join(user, { where, token: undefined, bearer: tokenOf(user) });
	assert.equal(byProtocol.answer.headers['sec-websocket-protocol'], 'tidings.v1');
	const byMessage = await Client.open(where);
	await byMessage.expect('auth_required');
	byMessage.send({ type: 'auth', token: tokenOf(user) });
	await byMessage.greeted();
	const clients = [byHeader, byProtocol, byMessage];

	const { id } = await store.create(user, { data: { large: 'x'.repeat(3900) } });
	for (const client of clients)
		assert.equal((await client.expect('new_notification')).notification.id, id);
	byMessage.send({ type: 'mark_read', id });
	for (const client of clients)
		assert.equal((await client.expect('notification_update')).unreadCount, 0);

	await byProtocol.frames.take('a ping');
	assert.equal((await byHeader.messages.take('a ping')).type, 'ping');
	await byHeader.silent();

	await (await Peer.open()).ask('disconnect', { user });
	for (const client of clients)
		await client.closed(4403);
}

// 200 sockets, and whoever comes beside them is served; then all are told the same.
export async function many() {
	const users = Array.from({ length: 20 }, newUser);
	const clients = await Promise.all(users.flatMap((user) =>
		Array.from({ length: 10 }, () => join(user, { where }))));
	const answers = await within(AT_ONCE, 'an ordinary page and a request', Promise.all([
		fetch(`${site}/whose.html`),
		fetch(`${url}/unread-count`, { headers: bearer(tokenOf(users[0])) }),
	]));
	assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
	await (await Store.open()).broadcast({ title: 'To all' });
	for (const client of clients)
		await client.expect('new_notification');
	for (const client of clients)
		client.destroy();
}

// What was open goes on where the server lets it ($sockets is "stay"), and else comes back; in
// either case nothing is lost, and newcomers are served.
export async function reload() {
	const store = await Store.open();
	const user = newUser();
	const socket = await join(user, { where });
	const stream = await Stream.open(where, { token: tokenOf(user) });
	const { epoch } = socket.greeting[0];
	const { seq } = (await stream.greeted()).at(-1);
	await shell('reload_web_server');
	if (process.env.sockets !== 'stay')
		await Promise.all([socket.closed(), stream.ended()]);
	const { id } = await store.create(user);

	const told = [];
	if (process.env.sockets === 'stay') {
		told.push(await socket.expect('new_notification'), await stream.expect('new_notification'));
	} else {
		const resumed = await Stream.open(where, { token: tokenOf(user), id: `${epoch}:${seq}` });
		told.push((await join(user, { where, query: resumeQuery(seq, epoch) })).greeting[1],
			(await resumed.greeted())[1]);
	}
	for (const { type, notification } of told)
		assert.deepEqual([type, notification.id], ['new_notification', id]);
	assert.equal((await join(user, { where })).greeting.at(-1).unreadCount, 1);
}

// A page of this site that has nothing but a cookie: a request that changes something, which
// its origin must be right for, a WebSocket and an EventSource.
export async function browser() {
	const { lacking, launch } = await import('../../browser/page.mjs');
	const missing = lacking();
	if (missing && process.env.CI !== 'true')
		return console.error(`no browser: ${missing}`);
	assert.equal(missing, undefined);

	const user = newUser();
	const chromium = await launch();
	try {
		const page = await chromium.newPage();
		await page.context().addCookies([{ name: 'session', value: tokenOf(user), url: site }]);
		await page.goto(`${site}/whose.html`);
		assert.equal(await page.evaluate(listen, url), 200);
		const heard = (type) => page.waitForFunction((wanted) =>
			['socket', 'stream'].every((way) => window.heard.includes(`${way} ${wanted}`)), type);
		await heard('unread_count');
		await (await Store.open()).create(user);
		await heard('new_notification');
	} finally {
		await chromium.close();
	}
}

// In the page: notes what comes by either way; returns the status of a POST.
async function listen(base) {
	window.heard = [];
	const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws`);
	socket.onmessage = ({ data }) => window.heard.push(`socket ${JSON.parse(data).type}`);
	const stream = new EventSource(`${base}/stream`);
	for (const type of ['unread_count', 'new_notification'])
		stream.addEventListener(type, () => window.heard.push(`stream ${type}`));
	return (await fetch(`${base}/seen`, { method: 'POST' })).status;
}
