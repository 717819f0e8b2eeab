/**
 * The demo page: two users side by side, a form that sends as a publisher, and
 * what their sockets brought. Addresses and tokens come from config.json beside
 * this page:
 *
 *	{"base": "/api/notifications", "publisherToken": "…",
 *	 "users": [{"id": "user1", "token": "…"}, {"id": "user2", "token": "…"}]}
 */

import { TidingsClient } from "../tidings-client.js";
import "../tidings-bell.js";
import "../tidings-list.js";
import { make } from "../tidings-view.js";
import { Words } from "../tidings-words.js";
import { Line } from "./line.js";

const FRAMES_MOST = 200;
const EVERYONE = "everyone";
const english = new Words("en"); // what the page around the elements is in

const examples = [
	["success", "Payment received", "Invoice 2041 was paid in full. Thank you."],
	["info", "New comment on “Roadmap”", "Ada: the second milestone looks right to me."],
	[
		"warning",
		"Storage almost full",
		"92% of 10 GB is used. Older files can be archived.",
	],
	[
		"error",
		"Backup failed",
		"Last night's backup stopped: the disk could not be reached.",
	],
];

const byId = (id) => document.getElementById(id);

async function main() {
	const response = await fetch("config.json", { cache: "no-store" });
	if (!response.ok)
		throw new Error(`config.json: the server answered ${response.status}`);
	const config = await response.json();
	const publisher = new TidingsClient({
		base: config.base,
		token: config.publisherToken,
	});
	for (const user of config.users) {
		addUser(user, config.base);
		addRecipient(user.id);
	}
	addRecipient(EVERYONE);
	prepareForm(publisher);
	prepareLooks();
	prepareCommand(config);
	byId("clear").addEventListener("click", () => byId("frames").replaceChildren());
}

// --- One user -----------------------------------------------------------------

function addUser({ id, token }, base) {
	const line = new Line();
	const client = new TidingsClient({
		base,
		token,
		WebSocket: line.WebSocket,
		fetch: line.fetch,
	});
	const card = byId("user").content.cloneNode(true).querySelector("section");
	card.id = id;
	card.setAttribute("aria-label", id);
	card.querySelector(".avatar").textContent = `${id.at(0)}${id.at(-1)}`;
	card.querySelector("h2").textContent = id;
	byId("users").append(card);
	for (const element of card.querySelectorAll("tidings-bell, tidings-list"))
		element.client = client;
	card.querySelector(".line").addEventListener("click", ({ currentTarget }) => {
		line.isCut = !line.isCut;
		currentTarget.setAttribute("aria-pressed", String(line.isCut));
		if (!line.isCut) dispatchEvent(new Event("online"));
	});
	client.addEventListener("status", () => showStatus(card, client.status));
	client.addEventListener("frame", ({ detail }) => addFrame(id, detail));
	client.start();
}

function showStatus(card, status) {
	const seconds = Math.ceil((status.delay ?? 0) / 1000);
	const delay =
		status.state === "waiting" && seconds > 1 ? `, again in ${seconds} s` : "";
	card.querySelector(".dot").className = `dot ${status.state}`;
	card.querySelector(".words").textContent = english.status(status) + delay;
}

// --- Sending --------------------------------------------------------------------

function addRecipient(id) {
	const fieldset = byId("recipients");
	const checked = fieldset.querySelector("input") === null;
	const radio = make("input", { type: "radio", name: "userId", value: id, checked });
	fieldset.append(make("label", {}, radio, make("span", {}, id)));
}

function prepareForm(publisher) {
	const form = byId("send");
	const result = byId("result");
	const send = async (notifications) => {
		try {
			for (const notification of notifications)
				await publish(publisher, notification);
			const [{ userId }] = notifications;
			result.textContent = `Sent ${notifications.length} to ${userId}.`;
			result.classList.remove("failed");
		} catch (error) {
			result.textContent = explain(error);
			result.classList.add("failed");
		}
	};
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		const given = [...new FormData(form)].filter(([, value]) => value !== "");
		send([Object.fromEntries(given)]);
	});
	byId("four").addEventListener("click", () => {
		const userId = new FormData(form).get("userId");
		send(
			examples.map(([type, title, message]) => ({
				userId,
				type,
				title,
				message,
			})),
		);
	});
}

/** A broadcast names nobody. */
function publish(publisher, { userId, ...broadcast }) {
	if (userId === EVERYONE) return publisher.request("POST", "/broadcast", broadcast);
	return publisher.request("POST", "/", { userId, ...broadcast });
}

function explain({ message, details }) {
	const problems = (details ?? []).map(({ field, problem }) => `${field}: ${problem}`);
	return [message, ...problems].join(" · ");
}

/** The elements go by the attributes around them; this page itself stays as it is. */
function prepareLooks() {
	const looks = byId("looks");
	const users = byId("users");
	const apply = () => {
		const { language, direction, theme } = Object.fromEntries(new FormData(looks));
		users.lang = language;
		users.dir = direction || (language === "ar" ? "rtl" : "ltr");
		document.documentElement.style.colorScheme = theme;
	};
	looks.addEventListener("change", apply);
	apply();
}

function prepareCommand({ base, users, publisherToken }) {
	const address = new URL(base, location.href).href.replace(/\/+$/, "");
	const body = {
		userId: users[0].id,
		type: "info",
		title: "Hello",
		message: "Sent from a terminal",
	};
	byId("command").textContent = [
		`curl -X POST ${address}/ \\`,
		`  -H 'Authorization: Bearer ${publisherToken}' \\`,
		"  -H 'Content-Type: application/json' \\",
		`  -d '${JSON.stringify(body)}'`,
	].join("\n");
	byId("copy").addEventListener("click", async () => {
		await navigator.clipboard.writeText(byId("command").textContent);
		byId("copy").textContent = "Copied";
		setTimeout(() => (byId("copy").textContent = "Copy"), 2000);
	});
}

// --- Frames ---------------------------------------------------------------------

function addFrame(user, frame) {
	const frames = byId("frames");
	const { type, seq, unreadCount, unseenCount } = frame;
	const time = new Date().toISOString().slice(11, 23);
	const counts =
		unreadCount === undefined
			? ""
			: `unread ${unreadCount} · unseen ${unseenCount ?? "–"}`;
	const line = make(
		"summary",
		{},
		make("time", {}, time),
		make("span", { class: "user" }, user),
		make("span", { class: "type" }, type),
		make("span", { class: "seq" }, seq === undefined ? "" : `seq ${seq}`),
		make("span", { class: "counts" }, counts),
	);
	const body = make("pre", {}, JSON.stringify(frame, null, 2));
	frames.prepend(make("li", {}, make("details", {}, line, body)));
	if (frames.children.length > FRAMES_MOST) frames.lastChild.remove();
}

main().catch((error) => {
	byId("trouble").textContent = `The demo cannot start: ${error.message}`;
	byId("trouble").hidden = false;
});
