/**
 * What the elements are made of: nodes, icons, rows.
 *
 * Nothing here writes HTML or inline style: text goes in as text, and links
 * only where they lead to http(s), so the strictest content security policy
 * holds and no notification can run anything.
 */

// --- Building ---------------------------------------------------------------

/**
 * Makes an element: `make("p.title", { hidden: true }, "text", child)`. Its classes
 * are its parts as well, so that a page can style whatever the elements do.
 */
export function make(name, attributes = {}, ...children) {
	const [tag, ...classes] = name.split(".");
	const node = document.createElement(tag);
	if (tag === "button") node.type = tag;
	if (classes.length) node.className = node.part = classes.join(" ");
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
		else if (value !== undefined) node.toggleAttribute(name, value !== false);
		if (typeof value === "string") node.setAttribute(name, value);
	}
	node.append(...children);
	return node;
}

/** A text that the element says, and says anew in another language: see `english`. */
export function word(key, name = "span") {
	return make(name, { "data-word": key });
}

export function plainButton(key, onclick, ...children) {
	return make(`button.plain.${key}`, { onclick }, ...children, word(key));
}

/** What stands where there is no row, and can be another thing by the page's will. */
export function emptyNote() {
	const words = [word("empty", "span.strong"), word("emptyHint")];
	return note(make("slot", { name: "empty" }, icon("bell"), ...words));
}

/** What stands where fetching failed. */
export function failedNote(retry) {
	return note(word("failed"), plainButton("retry", retry));
}

export function note(...children) {
	return make("div.note", { hidden: true }, ...children);
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

// --- Rows -----------------------------------------------------------------

const MIDDLE = 1; // of the pointer's buttons

/**
 * A notification as the element `host` shows it, and what can be done with it:
 * `host.words` says it, `host.actions` are done. `node` is what to put in place.
 */
export class Row {
	/**
	 * @param {object} notification
	 * @param {import("./tidings-element.js").TidingsElement} host
	 * @param {string} [tag]
	 * @param {object} [attributes] of the node, as for make()
	 */
	constructor(notification, host, tag = "li", attributes = {}) {
		const onclick = (event) => this.#click(event);
		this.host = host;
		const clicks = { onclick, onauxclick: onclick };
		this.node = make(`${tag}.row`, { ...attributes, ...clicks });
		this.#build(notification);
		this.update(notification);
		this.tick();
	}

	/** Changes what is not as before alone, so that focus stays where it is. */
	update(notification) {
		if (this.notification === notification) return;
		this.notification = notification;
		const { read, title } = notification;
		this.node.classList.toggle("unread", !read);
		this.node.part.toggle("unread", !read);
		this.#name(this.mark, read ? "markUnread" : "markRead", title);
	}

	/** Time goes on. */
	tick() {
		const { createdAt } = this.notification;
		this.time.textContent = this.host.words.relativeTime(Date.parse(createdAt));
	}

	#build({ type, title, message, link, createdAt }) {
		const { words, actions } = this.host;
		const kind = Object.hasOwn(shapes, type) ? type : "info";
		const spoken = words.say("typed", { type: words.say(`type.${kind}`) });
		const href = safeLink(link);
		this.title = make(
			"p.title",
			{},
			make("span.spoken", {}, spoken, " "),
			href ? make("a", { href, rel: "noopener" }, title) : title,
		);
		this.time = make("time.time", {
			datetime: createdAt,
			title: words.fullTime(Date.parse(createdAt)),
		});
		this.mark = make("button.tool.mark", {
			onclick: () => actions.toggle(this.notification),
		});
		this.remove = make(
			"button.tool.remove",
			{ onclick: () => actions.remove(this.notification) },
			icon("close"),
		);
		this.#name(this.remove, "remove", title);
		this.node.append(
			make(`span.kind.${kind}`, {}, icon(kind)),
			make(
				"div.text",
				{},
				this.title,
				make("p.message", {}, message),
				this.time,
			),
			make("div.tools", {}, this.mark, this.remove),
		);
	}

	#name(button, key, title) {
		const { words } = this.host;
		const action = words.say(key);
		button.title = action;
		button.ariaLabel = words.say("actionOn", { action, title });
	}

	/**
	 * A click anywhere but on a button reads it, and follows its link, which covers
	 * the row; the middle button opens the link elsewhere, and that reads it too.
	 */
	#click(event) {
		const { target, button } = event;
		const link = target.closest("a");
		const isMeant = button === 0 || (link && button === MIDDLE);
		if (target.closest("button") || !isMeant) return;
		const { notification, host } = this;
		if (!notification.read) host.actions.toggle(notification);
		const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || button;
		if (link && !elsewhere && !host.follow(notification)) event.preventDefault();
	}
}

/**
 * Makes the children of `list` the rows of `items`, moving no row needlessly.
 * Focus that goes with a removed row goes to the one that takes its place.
 * @param {Map<string, Row>} rows by id; kept between the calls
 */
export function renderRows(list, rows, items, host) {
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
		else rows.set(id, new Row(notification, host));
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
