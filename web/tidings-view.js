/**
 * What the elements are made of: the words, the icons, the rows.
 *
 * Nothing here writes HTML or inline style: text goes in as text, and links
 * only where they lead to http(s), so the strictest content security policy
 * holds and no notification can run anything.
 */

export const strings = {
	notifications: "Notifications",
	newCount: (count) => `${count} new`,
	unreadCount: (count) => `${count} unread`,
	arrived: (title) => `New notification: ${title}`,
	arrivedMany: (count) => `${count} new notifications`,
	deleted: "Notification deleted",
	markRead: "Mark as read",
	markUnread: "Mark as unread",
	markAllRead: "Mark all read",
	remove: "Delete",
	all: "See all notifications",
	more: "Load more",
	loading: "Loading",
	failed: "Notifications could not be loaded.",
	actionFailed: "That did not work. Please try again.",
	retry: "Try again",
	empty: "All caught up",
	emptyHint: "New notifications appear here as they happen.",
	now: "just now",
	types: { info: "Information", success: "Success", warning: "Warning", error: "Error" },
	status: {
		connected: "Live",
		connecting: "Connecting",
		waiting: "Reconnecting",
		stopped: "Disconnected",
		offline: "Offline",
		unauthorized: "Signed out",
		forbidden: "Access refused",
	},
};

/** The sentence for a client's status: its reason where there is one to tell. */
export function statusText({ state, reason } = { state: "stopped" }) {
	return strings.status[reason] ?? strings.status[state];
}

// --- Building ---------------------------------------------------------------

/** Makes an element: `make("p", { class: "x", hidden: true }, "text", child)`. */
export function make(tag, attributes = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
		else if (value !== undefined) node.toggleAttribute(name, value !== false);
		if (typeof value === "string") node.setAttribute(name, value);
	}
	node.append(...children);
	return node;
}

export function plainButton(text, onclick, ...children) {
	return make("button", { type: "button", class: "plain", onclick }, ...children, text);
}

const shapes = {
	bell: ["M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15z", "M10 21.2a2.3 2.3 0 0 0 4 0"],
	info: ["M12 11v6", "M12 7.2v.1"],
	success: ["m7.5 12.6 3.1 3.1 6-7"],
	warning: ["M12 7v6", "M12 16.8v.1"],
	error: ["m8.4 8.4 7.2 7.2", "m15.6 8.4-7.2 7.2"],
	close: ["m7 7 10 10", "m17 7-10 10"],
	checks: ["m3 12.6 4 4 7.5-9", "m11.5 16 .8.6 7.7-9"],
};

/** A line icon; what it means must be said in text beside it. */
export function icon(name) {
	const space = "http://www.w3.org/2000/svg";
	const svg = document.createElementNS(space, "svg");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	for (const line of shapes[name]) {
		const path = document.createElementNS(space, "path");
		path.setAttribute("d", line);
		svg.append(path);
	}
	return svg;
}

// --- Values -----------------------------------------------------------------

/**
 * @returns {string|null} the address to follow, or null when the link is not
 *	an http(s) URL or a path of this site (which `/\t/elsewhere` is not)
 */
export function safeLink(link) {
	if (typeof link !== "string" || !URL.canParse(link, location.href)) return null;
	const url = new URL(link, location.href);
	if (!/^https?:$/.test(url.protocol)) return null;
	return /^https?:/i.test(link) || url.origin === location.origin ? url.href : null;
}

const units = [
	["day", 86400],
	["hour", 3600],
	["minute", 60],
];

function language() {
	return document.documentElement.lang || undefined;
}

export function fullTime(time) {
	return new Date(time).toLocaleString(language(), {
		dateStyle: "full",
		timeStyle: "short",
	});
}

/** "5 min ago"; beyond a week the date. */
export function relativeTime(time, now = Date.now()) {
	const seconds = Math.max(0, (now - time) / 1000);
	if (seconds < 45) return strings.now;
	if (seconds > 7 * 86400) return new Intl.DateTimeFormat(language()).format(time);
	const [unit, length] = units.find(([, size]) => seconds >= size) ?? units.at(-1);
	const format = new Intl.RelativeTimeFormat(language(), {
		numeric: "auto",
		style: "short",
	});
	return format.format(-Math.round(seconds / length), unit);
}

// --- Rows -----------------------------------------------------------------

/**
 * A list item that shows a notification and offers what can be done with it.
 * Buttons call `actions.toggle` and `actions.remove` with the notification.
 */
export class Row {
	constructor(notification, actions) {
		this.actions = actions;
		this.node = make("li", {
			class: "row",
			onclick: (event) => this.#click(event),
		});
		this.update(notification);
	}

	/** Rebuilds only what changed, so that focus stays where it is. */
	update(notification) {
		const before = this.notification;
		if (before === notification) return;
		this.notification = notification;
		if (
			before?.title !== notification.title ||
			before?.message !== notification.message
		)
			this.#build(notification);
		this.node.classList.toggle("unread", !notification.read);
		this.node.setAttribute("part", notification.read ? "item" : "item unread");
		const action = notification.read ? strings.markUnread : strings.markRead;
		this.mark.setAttribute("aria-label", `${action}: ${notification.title}`);
		this.mark.title = action;
	}

	tick() {
		this.time.textContent = relativeTime(Date.parse(this.notification.createdAt));
	}

	#build({ type, title, message, link, createdAt }) {
		const kind = Object.hasOwn(strings.types, type) ? type : "info";
		this.time = make("time", { datetime: createdAt, title: fullTime(createdAt) });
		this.mark = this.#button("mark", () => this.actions.toggle(this.notification));
		const remove = this.#button("remove", () =>
			this.actions.remove(this.notification),
		);
		remove.setAttribute("aria-label", `${strings.remove}: ${title}`);
		remove.title = strings.remove;
		remove.append(icon("close"));
		this.node.replaceChildren(
			make(
				"span",
				{ class: `kind ${kind}`, part: `icon ${kind}` },
				icon(kind),
			),
			make(
				"div",
				{ class: "text" },
				this.#title(title, link, strings.types[kind]),
				make("p", { class: "message", part: "message" }, message),
				this.time,
			),
			make("div", { class: "tools" }, this.mark, remove),
		);
		this.tick();
	}

	#title(title, link, kind) {
		const href = safeLink(link);
		const spoken = make("span", { class: "spoken" }, `${kind}: `);
		const shown = href
			? make("a", { href, part: "link", rel: "noopener" }, title)
			: title;
		return make("p", { class: "title", part: "title" }, spoken, shown);
	}

	#button(name, onclick) {
		return make("button", {
			type: "button",
			class: `tool ${name}`,
			part: name,
			onclick,
		});
	}

	/** A click anywhere else on the row reads it; a link is followed as well. */
	#click(event) {
		const tool = event.target.closest("button");
		if (!tool && !this.notification.read) this.actions.toggle(this.notification);
	}
}

/**
 * Makes the children of `list` the rows of `items`, moving no row needlessly.
 * Focus that goes with a removed row goes to the one that takes its place.
 */
export function renderRows(list, rows, items, actions) {
	const focused = focusedIndex(list);
	const wanted = new Set(items.map(({ id }) => id));
	for (const [id, row] of rows) {
		if (wanted.has(id)) continue;
		row.node.remove();
		rows.delete(id);
	}
	items.forEach((notification, index) => {
		const { id } = notification;
		const next = list.children[index] ?? null;
		if (rows.has(id)) rows.get(id).update(notification);
		else rows.set(id, new Row(notification, actions));
		const { node } = rows.get(id);
		if (next === node) return;
		node.classList.toggle("fresh", next !== null); // it came in above older ones
		list.insertBefore(node, next);
	});
	if (focused >= 0 && focusedIndex(list) < 0) focusAt(list, focused);
}

function focusedIndex(list) {
	const row = list.getRootNode().activeElement?.closest(".row");
	return row ? [...list.children].indexOf(row) : -1;
}

function focusAt(list, index) {
	const row = list.children[Math.min(index, list.children.length - 1)];
	(row?.querySelector(".remove") ?? list.closest("[tabindex]")).focus();
}

/** What stands where there is no row. */
export function emptyNote() {
	return [
		icon("bell"),
		make("strong", {}, strings.empty),
		make("span", {}, strings.emptyHint),
	];
}

/** What stands where fetching failed. */
export function failedNote(retry) {
	return [make("span", {}, strings.failed), plainButton(strings.retry, retry)];
}
