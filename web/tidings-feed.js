/**
 * The rows of <tidings-list>: a feed of articles under headings of days, as the
 * ARIA Authoring Practices describe it. One article is in the order of the Tab
 * key, with what can be done with it; the page keys lead from one to the next.
 *
 * However many there are, only those near the window have nodes. The feed is cut
 * into slices; those in view and their neighbours have rows, any other is empty
 * and as high as it was. So a change costs what is near, and a page what it brings.
 */

import { make, Row } from "./tidings-view.js";

const SLICE = 25; // rows

const dayOf = ({ createdAt }) => new Date(createdAt).toDateString();

/** Makes `nodes` the children of `parent`, moving none needlessly. */
function place(nodes, parent) {
	const wanted = new Set(nodes);
	for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
	let next = parent.firstChild;
	for (const node of nodes) {
		if (node === next) next = next.nextSibling;
		else parent.insertBefore(node, next);
	}
}

/** Puts an article and what is in it into the order of the Tab key, or out of it. */
function setTabIndex(tabIndex, article) {
	for (const node of [article, ...article.querySelectorAll("a, button")])
		node.tabIndex = tabIndex;
}

export class Feed {
	#host;
	#items = [];
	#size;
	#newest; // id of the first item, as last drawn
	#current; // the article in the order of the Tab key
	#seen = new Set(); // slices in view
	#observer = new IntersectionObserver((entries) => {
		for (const { target, isIntersecting } of entries)
			this.#seen[isIntersecting ? "add" : "delete"](target);
		this.#drawNear();
	});

	/** @param {import("./tidings-list.js").TidingsList} host its `rows` are those drawn */
	constructor(host) {
		this.#host = host;
		this.node = make("div.list", {
			role: "feed",
			"aria-labelledby": "heading",
			onkeydown: (event) => this.#key(event),
			onfocusin: () => this.#reach(this.#focused),
		});
	}

	/** For other items than before. */
	clear() {
		this.node.replaceChildren();
		this.#host.rows.clear();
		this.#newest = undefined;
	}

	/**
	 * @param {object[]} items newest first
	 * @param {number} size how many there are, -1 while that is not known
	 */
	draw(items, size) {
		const position = this.#focused?.ariaPosInSet;
		const { children } = this.node;
		this.#items = items;
		this.#size = size;
		while (children.length * SLICE < items.length) this.#addSlice();
		while ((children.length - 1) * SLICE >= items.length)
			this.node.lastChild.remove();
		this.#drawNear();
		this.#newest = items[0]?.id;
		if (position && !this.#focused) this.focus(position - 1);
	}

	/** Moves the focus to the article at this index, or the nearest to it. */
	focus(index) {
		const at = Math.max(0, Math.min(index, this.#items.length - 1));
		const slice = this.node.children[Math.floor(at / SLICE)];
		if (!slice) return this.node.closest("[tabindex]").focus();
		this.#seen.add(slice);
		this.#drawNear();
		this.#host.rows.get(this.#items[at].id).node.focus();
		this.#observer.unobserve(slice);
		this.#observer.observe(slice); // it says whether that is so
	}

	// --- Drawing ----------------------------------------------------------

	#addSlice() {
		const slice = make("div");
		this.node.append(slice);
		this.#observer.observe(slice);
	}

	#drawNear() {
		const { rows } = this.#host;
		const { activeElement } = this.node.getRootNode();
		const slices = [...this.node.children];
		const seen = slices.map((slice) => this.#seen.has(slice));
		const near = slices.map(
			(slice, at) =>
				at === 0 ||
				seen[at - 1] ||
				seen[at] ||
				seen[at + 1] ||
				slice.contains(activeElement),
		);
		for (const [at, slice] of slices.entries()) if (!near[at]) this.#empty(slice);
		for (const [at, slice] of slices.entries())
			if (near[at]) this.#fill(slice, at * SLICE);
		for (const [id, { node }] of rows) if (!node.isConnected) rows.delete(id);
		if (!this.#current?.isConnected)
			this.#reach(
				(slices[seen.indexOf(true)] ?? this.node).querySelector(".row"),
			);
	}

	#empty(slice) {
		if (!slice.firstChild) return;
		slice.style.height = `${slice.offsetHeight}px`;
		slice.replaceChildren();
	}

	#fill(slice, start) {
		const items = this.#items.slice(start, start + SLICE);
		slice.style.height = "";
		place(
			items.flatMap((item, at) => this.#nodes(item, start + at)),
			slice,
		);
	}

	/** An article, below the heading of its day if it is the first one there. */
	#nodes(item, at) {
		const { rows, words } = this.#host;
		const above = this.#items[at - 1];
		if (rows.has(item.id)) rows.get(item.id).update(item);
		else rows.set(item.id, this.#make(item));
		const { node, day } = rows.get(item.id);
		node.ariaPosInSet = at + 1;
		node.ariaSetSize = this.#size;
		if (above && dayOf(above) === dayOf(item)) return [node];
		day.textContent = words.day(Date.parse(item.createdAt));
		return [day, node];
	}

	#make(item) {
		const { id } = item;
		const row = new Row(item, this.#host, "article", {
			"aria-labelledby": `title-${id}`,
			"aria-describedby": `message-${id} time-${id}`,
		});
		row.title.id = `title-${id}`;
		row.node.querySelector(".message").id = `message-${id}`;
		row.time.id = `time-${id}`;
		row.node.classList.toggle("fresh", id > this.#newest);
		// To be seen alone: an article says its time, and a feed has articles only
		row.day = make("div.day", { "aria-hidden": "true" });
		setTabIndex(-1, row.node);
		return row;
	}

	// --- Focus ------------------------------------------------------------

	get #focused() {
		return this.node.getRootNode().activeElement?.closest(".row");
	}

	#reach(article) {
		if (this.#current) setTabIndex(-1, this.#current);
		if (article) setTabIndex(0, article);
		this.#current = article;
	}

	#keys = {
		__proto__: null,
		PageDown: (at) => this.go(at + 1),
		PageUp: (at) => this.focus(at - 1),
		Home: () => this.focus(0),
		End: () => this.focus(Infinity),
		Delete: (at) => this.#host.actions.remove(this.#items[at]),
		Enter: (at, article) => (article.querySelector("a") ?? article).click(),
		"Control+Home": () => this.#host.leave(true),
		"Control+End": () => this.#host.leave(false),
		"Control+z": () => this.#host.undo(),
	};

	#key(event) {
		const { key, target, ctrlKey, metaKey, altKey, shiftKey } = event;
		const act = this.#keys[ctrlKey || metaKey ? `Control+${key}` : key];
		const isOfControl = key === "Enter" && target !== this.#focused;
		if (!act || altKey || shiftKey || isOfControl) return;
		event.preventDefault();
		act(this.#focused.ariaPosInSet - 1, target);
	}

	/** As focus(), where there may be more. */
	async go(index) {
		const at = Math.min(index, this.#items.length);
		if (at === this.#items.length) await this.#host.inbox.more();
		this.focus(at);
	}
}
