/**
 * One notification as a row, and a list of them kept in step with an array.
 */

import { fullTime, icon, make, relativeTime, safeLink, strings } from "./tidings-view.js";

/**
 * A list item that shows a notification and offers what can be done with it.
 * Buttons call `actions.toggle` and `actions.remove` with the notification.
 */
export class Row {
	constructor(notification, actions) {
		this.actions = actions;
		this.node = make("li", { class: "row", onclick: (event) => this.#click(event) });
		this.update(notification);
	}

	/** Rebuilds only what changed, so that focus stays where it is. */
	update(notification) {
		const before = this.notification;
		if (before === notification) return;
		this.notification = notification;
		if (before?.title !== notification.title || before?.message !== notification.message)
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
		const remove = this.#button("remove", () => this.actions.remove(this.notification));
		remove.setAttribute("aria-label", `${strings.remove}: ${title}`);
		remove.title = strings.remove;
		remove.append(icon("close"));
		this.node.replaceChildren(
			make("span", { class: `kind ${kind}`, part: `icon ${kind}` }, icon(kind)),
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
		const shown = href ? make("a", { href, part: "link", rel: "noopener" }, title) : title;
		return make("p", { class: "title", part: "title" }, spoken, shown);
	}

	#button(name, onclick) {
		return make("button", { type: "button", class: `tool ${name}`, part: name, onclick });
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
	return [icon("bell"), make("strong", {}, strings.empty), make("span", {}, strings.emptyHint)];
}

/** What stands where fetching failed. */
export function failedNote(retry) {
	const again = make("button", { type: "button", class: "plain", onclick: retry }, strings.retry);
	return [make("span", {}, strings.failed), again];
}
