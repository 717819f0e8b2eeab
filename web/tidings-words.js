/**
 * What the elements say, in whatever language the page around them is in.
 *
 * A word is a text with named places, "{action}: {title}", or one such text a
 * plural form, {one: "{n} thing", other: "{n} things"}: the form is the one that
 * the language has for `n`, or `other`. Numbers, dates and times are written by
 * Intl. Every word can be replaced, at any time:
 *
 *	setWords("en", { empty: "Nothing here yet" });
 *	setWords("fr", { empty: "Tout est lu", unread: { one: "{n} non lue", … } });
 *
 * A word that a language lacks is said in English. "de-AT" has the words of "de"
 * but for those that it has itself.
 */

export const english = {
	notifications: "Notifications",
	bell: "Notifications. {status}",
	bellNew: { other: "Notifications, {n} new. {status}" },
	badgeMost: "{n}+", // beyond what the badge has room for
	unread: { other: "{n} unread" },
	markRead: "Mark as read",
	markUnread: "Mark as unread",
	markAllRead: "Mark all read",
	remove: "Delete",
	actionOn: "{action}: {title}", // the name of a button that acts on one of many
	all: "See all notifications",
	close: "Close",
	retry: "Try again",
	more: "Load more",

	now: "just now",
	today: "Today",
	yesterday: "Yesterday",

	arrived: "New notification: {title}",
	arrivedMany: { one: "{n} new notification", other: "{n} new notifications" },
	deleted: "Notification deleted",
	actionFailed: "That did not work. Please try again.",

	loading: "Loading",
	failed: "Notifications could not be loaded.",
	empty: "All caught up",
	emptyHint: "New notifications appear here as they happen.",

	typed: "{type}:", // before a title, spoken only
	"type.info": "Information",
	"type.success": "Success",
	"type.warning": "Warning",
	"type.error": "Error",

	// A status is its reason or transport where that has a word, else its state
	"status.connected": "Live",
	"status.connecting": "Connecting",
	"status.waiting": "Reconnecting",
	"status.stopped": "Disconnected",
	"status.poll": "Delayed",
	"status.offline": "Offline",
	"status.blocked": "Blocked",
	"status.unauthorized": "Signed out",
	"status.forbidden": "Access refused",
	"status.origin": "Access refused",

	"why.offline": "There is no network. News comes when it is back.",
	"why.server": "The server cannot be reached.",
	"why.blocked": "Something on the way to the server blocks live connections.",
	"why.unauthorized": "Please sign in again.",
	"why.forbidden": "You may not receive notifications here.",
	"why.origin": "The server does not know this site.",
	"why.replaced": "You are connected in too many places.",

	// The list
	filterAll: "All",
	filterUnread: "Unread",
	type: "Type",
	types: "All types",
	category: "Category",
	categories: "All categories",
	unmatched: "Nothing matches",
	clearFilters: "Clear filters",
	end: "That is all",
	waiting: { other: "{n} new" },
	deletedMany: { other: "{n} deleted" },
	undo: "Undo",
	undone: "Brought back",

	desktop: "Show on the desktop",
	desktopDenied: "Your browser does not allow it here.",
};

const shipped = {
	ar: () => import("./languages/ar.js"),
	de: () => import("./languages/de.js"),
};

const tables = new Map([["en", english]]);
const fetched = new Set(["en"]);

/** Dispatches `change` when there are other words than before. */
export const vocabulary = new EventTarget();

/**
 * Replaces words of a language, or adds the language.
 * @param {string} language a BCP 47 tag: "fr", "pt-BR"
 * @param {object} words any subset of the keys of `english`
 */
export function setWords(language, words) {
	const key = language.toLowerCase();
	tables.set(key, { ...tables.get(key), ...words });
	vocabulary.dispatchEvent(new Event("change"));
}

/**
 * Fetches the words of a language that comes with tidings; what the page set stays.
 * @param {string} language of a Words
 */
export async function loadWords(language) {
	const [key] = language.split("-");
	if (fetched.has(key) || !Object.hasOwn(shipped, key)) return;
	fetched.add(key);
	try {
		const { default: words } = await shipped[key]();
		setWords(key, { ...words, ...tables.get(key) });
	} catch {
		fetched.delete(key); // English until the next element asks
	}
}

const units = [
	["day", 86400],
	["hour", 3600],
	["minute", 60],
];
const WEEK = 7 * 86400; // seconds

/** How many there are between two times: yesterday is one ago. */
function midnights(from, to) {
	const [first, last] = [from, to].map((time) => new Date(time).setHours(0, 0, 0, 0));
	return Math.round((last - first) / 86400000);
}

/** The words of one language. */
export class Words {
	#names; // of the tables to look into, the nearest first
	#numbers;
	#plurals;
	#relative;

	/** @param {string} [language] as in a `lang` attribute; English if it is none */
	constructor(language) {
		let locale = new Intl.Locale("en");
		try {
			locale = new Intl.Locale(language || "en");
		} catch {
			// not a language tag
		}
		/** The tag, as Intl takes it. */
		this.language = locale.baseName;
		this.#names = [this.language.toLowerCase(), locale.language, "en"];
		this.#numbers = new Intl.NumberFormat(this.language);
		this.#plurals = new Intl.PluralRules(this.language);
		this.#relative = new Intl.RelativeTimeFormat(this.language, {
			numeric: "auto",
			style: "short",
		});
	}

	/**
	 * @param {string} key
	 * @param {object} [values] for the named places; `n` chooses the plural form
	 * @returns {string|undefined} undefined when English has no such word either
	 */
	say(key, values = {}) {
		const name = this.#names.find((name) => tables.get(name)?.[key]);
		const word = tables.get(name)?.[key];
		const form = this.#plurals.select(values.n ?? 0);
		const text = word?.[form] ?? word?.other ?? word;
		return text?.replace(/\{(\w+)\}/g, (place, name) => {
			const value = values[name] ?? place;
			return typeof value === "number" ? this.number(value) : value;
		});
	}

	/** A client's status in a word or two. */
	status({ state, reason, transport }) {
		const special = this.say(`status.${reason ?? transport}`);
		return special ?? this.say(`status.${state}`);
	}

	number(value) {
		return this.#numbers.format(value);
	}

	/** "5 min. ago"; beyond a week the date. Times are milliseconds, as of Date. */
	relativeTime(time, now = Date.now()) {
		const seconds = Math.max(0, (now - time) / 1000);
		if (seconds > WEEK) return this.#date(time, { dateStyle: "medium" });
		const [unit, length] = units.find(([, size]) => seconds >= size) ?? [];
		if (!unit) return this.say("now");
		const past = unit === "day" ? midnights(time, now) : seconds / length;
		return this.#relative.format(-Math.floor(past), unit);
	}

	fullTime(time) {
		return this.#date(time, { dateStyle: "full", timeStyle: "short" });
	}

	/** The name of the day that `time` is in, as a heading. */
	day(time, now = Date.now()) {
		const [day, today, before] = [time, now, now].map((at) => new Date(at));
		before.setDate(before.getDate() - 1);
		const is = (other) => day.toDateString() === other.toDateString();
		const isThisYear = day.getFullYear() === today.getFullYear();
		if (is(today)) return this.say("today");
		if (is(before)) return this.say("yesterday");
		return this.#date(time, {
			weekday: "long",
			day: "numeric",
			month: "long",
			year: isThisYear ? undefined : "numeric",
		});
	}

	#date(time, options) {
		return new Intl.DateTimeFormat(this.language, options).format(time);
	}
}
