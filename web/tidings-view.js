/**
 * What the elements are made of: the words, the icons, the nodes.
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
	return new Date(time).toLocaleString(language(), { dateStyle: "full", timeStyle: "short" });
}

/** "5 min ago"; beyond a week the date. */
export function relativeTime(time, now = Date.now()) {
	const seconds = Math.max(0, (now - time) / 1000);
	if (seconds < 45) return strings.now;
	if (seconds > 7 * 86400) return new Intl.DateTimeFormat(language()).format(time);
	const [unit, length] = units.find(([, size]) => seconds >= size) ?? units.at(-1);
	const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "short" });
	return format.format(-Math.round(seconds / length), unit);
}
