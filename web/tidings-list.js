/**
 * <tidings-list>: a user's notifications, newest first, under headings of days,
 * kept in step with the server. A click reads one; buttons mark it unread and
 * delete it, which can be undone for a while.
 *
 *	<tidings-list token-url="/my/token"></tidings-list>
 *
 * Attributes: `base`, `token-url`, `user`, `transports` (see TidingsElement),
 * `page` (how many are fetched at a time, 1 to 100), `filter` (`unread`: only
 * those at first), `categories` (to choose from, beside those that occur; with
 * spaces between). Property: `client`. Event: `follow` (see TidingsElement).
 * Slots: heading, empty. Parts: head, heading, plain, bar, tab, number, select,
 * trouble, pill, scroll, list, day, bone, note, foot, end, toast, and those of a
 * row as in TidingsBell.
 *
 * All and unread are buttons that are pressed or not, and no tabs, for there is
 * one feed, which they filter just as type and category do. Where the page gives
 * the element a height, what is above the feed stays in place; else the page scrolls.
 */

import { TidingsElement } from "./tidings-element.js";
import { Feed } from "./tidings-feed.js";
import { listSheet } from "./tidings-style.js";
import {
	emptyNote,
	failedNote,
	icon,
	make,
	note,
	plainButton,
	word,
} from "./tidings-view.js";

const PAGE = 20;
const PAGE_MOST = 100;
const CATEGORIES_MOST = 100;
const UNDO_FOR = 7000;
const NOT_FOUND = 404;
const TYPES = ["info", "success", "warning", "error"];

/** Tells `react` when `node` comes into sight and when it leaves it. */
function watch(node, react) {
	new IntersectionObserver((entries) => react(entries.at(-1))).observe(node);
	return node;
}

export class TidingsList extends TidingsElement {
	static get observedAttributes() {
		return [...super.observedAttributes, "filter", "categories"];
	}

	#feed = new Feed(this);
	#categories = new Set();
	#removed = new Map(); // id to notification: to be deleted unless that is undone
	#timer; // until they are
	#isNearEnd = false;
	#asked = 0; // how many there were when the last page was asked for

	constructor() {
		super(listSheet);
		this.actions.remove = (notification) => this.#remove(notification);
		this.why = make("div.trouble");
		this.pill = make("button.pill", { onclick: () => this.#goUp() });
		this.shadowRoot.append(
			this.#buildHead(),
			this.#buildBar(),
			this.why,
			make("div.over", {}, this.pill),
			this.#buildScroll(),
			make("div.over", {}, this.#buildToast()),
			this.live,
		);
	}

	#buildHead() {
		const heading = make("slot", { name: "heading" }, word("notifications"));
		const h2 = make("h2.heading", { id: "heading" }, heading);
		this.readAll = plainButton("markAllRead", this.actions.readAll, icon("checks"));
		return make("div.head", {}, h2, this.readAll);
	}

	#buildBar() {
		const tab = (key, unread) => {
			const onclick = () => this.#show(unread);
			return make("button.tab", { onclick }, word(key), make("span.number"));
		};
		const option = (value, key) => make("option", { value, "data-word": key });
		const select = (...options) =>
			make("select", { onchange: () => this.#show() }, ...options);
		const types = TYPES.map((type) => option(type, `type.${type}`));
		this.tabs = [tab("filterAll", false), tab("filterUnread", true)];
		this.type = select(option("", "types"), ...types);
		this.category = select(option("", "categories"));
		const filters = make("div.filters", {}, this.type, this.category);
		return make("div.bar", {}, ...this.tabs, filters);
	}

	#buildScroll() {
		const top = watch(make("div.edge"), (entry) => this.#hold(entry));
		const end = watch(make("div.edge.last"), ({ isIntersecting }) => {
			this.#isNearEnd = isIntersecting;
			this.#extend();
		});
		const body = make("div.body", {}, top, this.#feed.node, this.#buildFoot(), end);
		return (this.scroll = make("div.scroll", { tabindex: "-1" }, body));
	}

	/** What stands below the rows: one of these. */
	#buildFoot() {
		const clear = plainButton("clearFilters", () => this.#clearFilters());
		this.bones = make("div", {}, ...TYPES.map(() => make("div.bone")));
		this.failed = failedNote(() => this.inbox.load());
		this.more = plainButton("more", () => this.#feed.go(Infinity));
		this.end = word("end", "p.end");
		this.empty = emptyNote();
		this.unmatched = note(word("unmatched", "span.strong"), clear);
		return (this.foot = make(
			"div.foot",
			{ tabindex: "-1" },
			this.bones,
			this.failed,
			this.more,
			this.end,
			this.empty,
			this.unmatched,
		));
	}

	/** Stays while somebody points at it or has the focus in it. */
	#buildToast() {
		const stay = () => clearTimeout(this.#timer);
		const go = () => {
			if (!this.toast.matches(":hover, :focus-within")) this.#startTimer();
		};
		const undo = plainButton("undo", () => this.undo());
		this.toastText = make("span");
		return (this.toast = make(
			"div.toast",
			{
				onpointerenter: stay,
				onfocusin: stay,
				onpointerleave: go,
				onfocusout: go,
			},
			this.toastText,
			undo,
		));
	}

	// --- What TidingsElement asks for ---------------------------------------

	get page() {
		const asked = Number.parseInt(this.getAttribute("page"), 10) || PAGE;
		return Math.min(Math.max(asked, 1), PAGE_MOST);
	}

	bind() {
		this.listen(globalThis, "pagehide", () => this.#commit());
		this.#show(this.getAttribute("filter") === "unread");
	}

	unbind() {
		this.#commit();
		this.#feed.clear();
		this.#categories.clear(); // the next client may be another user's
		this.category.length = 1;
	}

	attributeChangedCallback(name) {
		super.attributeChangedCallback();
		if (name === "filter") this.#show(this.getAttribute(name) === "unread");
		else if (this.inbox) this.render();
	}

	render() {
		const { items, hasMore, state, waiting } = this.inbox;
		const shown = waiting ? items.slice(waiting) : items;
		this.#feed.draw(shown, hasMore ? -1 : shown.length);
		this.#feed.node.hidden = shown.length === 0;
		this.#feed.node.ariaBusy = state === "loading";
		this.pill.hidden = waiting === 0;
		this.pill.textContent = this.words.say("waiting", { n: waiting });
		this.toast.hidden = this.#removed.size === 0;
		this.#renderFoot(this.inbox);
		this.#renderBar(this.inbox);
		this.#renderCategories();
		this.#renderStatus(this.client.status);
		this.#extend();
	}

	#renderFoot({ items, hasMore, state, filter }) {
		const narrowed = filter.type || filter.category;
		let shown = items.length ? this.end : narrowed ? this.unmatched : this.empty;
		if (hasMore) shown = this.more;
		if (state === "loading" && (hasMore || !items.length)) shown = this.bones;
		if (state === "failed") shown = this.failed;
		for (const node of this.foot.children) node.hidden = node !== shown;
	}

	/** What is about to be deleted counts no more. */
	#renderBar({ total, filter }) {
		const removed = [...this.#removed.values()];
		const unread = this.client.unread - removed.filter(({ read }) => !read).length;
		for (const [at, n] of [total - removed.length, unread].entries()) {
			this.tabs[at].ariaPressed = at === (filter.unread ? 1 : 0);
			this.tabs[at].lastChild.textContent = n > 0 ? this.words.number(n) : "";
		}
		this.readAll.ariaDisabled = unread <= 0;
		this.type.ariaLabel = this.words.say("type");
		this.category.ariaLabel = this.words.say("category");
	}

	/** Those that the page names, and those that were seen. */
	#renderCategories() {
		const { value, firstChild, options } = this.category;
		const named = this.getAttribute("categories")?.match(/\S+/g) ?? [];
		const seen = [...this.rows.values()].map((row) => row.notification.category);
		for (const name of [...named, ...seen])
			if (name && this.#categories.size < CATEGORIES_MOST)
				this.#categories.add(name);
		this.category.hidden = this.#categories.size === 0;
		if (options.length > this.#categories.size) return;
		this.category.replaceChildren(
			firstChild,
			...[...this.#categories].sort().map((name) => new Option(name)),
		);
		this.category.value = value;
	}

	/** While it tries again the reason stays. */
	#renderStatus({ state, reason }) {
		if (state === "connecting") return;
		const why = this.words.say(`why.${reason}`) ?? "";
		if (why && why !== this.why.textContent) this.say(why);
		this.why.textContent = why;
		this.why.hidden = !why;
	}

	// --- Filters and pages --------------------------------------------------

	#show(unread = this.inbox?.filter.unread) {
		const chosen = ({ value }) => value || undefined;
		this.#feed.clear();
		this.#asked = this.scroll.scrollTop = 0;
		this.inbox?.show({
			unread: unread || undefined,
			type: chosen(this.type),
			category: chosen(this.category),
		});
	}

	#clearFilters() {
		this.type.value = this.category.value = "";
		this.type.focus();
		this.#show();
	}

	/** The end is near: another page, unless the last one brought nothing. */
	#extend() {
		const { state, items, hasMore } = this.inbox ?? {};
		if (!this.#isNearEnd || !hasMore || state !== "ready") return;
		if (items.length === this.#asked) return;
		this.#asked = items.length;
		this.inbox.more();
	}

	// --- Arrivals -----------------------------------------------------------

	/** Whoever has scrolled down is not to be moved. */
	#hold({ isIntersecting, boundingClientRect: edge }) {
		if (!this.inbox) return;
		const above = Math.max(0, this.scroll.getBoundingClientRect().top);
		if (!isIntersecting && edge.height && edge.bottom <= above) this.inbox.hold();
		else this.inbox.release();
		this.render();
	}

	#goUp() {
		this.inbox.release();
		this.render();
		this.#feed.focus(0);
		this.scroll.scrollTop = 0;
	}

	// --- Deleting -----------------------------------------------------------

	#remove(notification) {
		this.#removed.set(notification.id, notification);
		this.#startTimer();
		const n = this.#removed.size;
		const text = this.words.say(n > 1 ? "deletedMany" : "deleted", { n });
		this.toastText.textContent = text;
		this.say(text);
		this.inbox.hide(notification.id);
	}

	#startTimer() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#commit(), UNDO_FOR);
	}

	undo() {
		const { inbox } = this;
		const last = [...this.#removed.keys()].at(-1);
		if (!last) return;
		this.say(this.words.say("undone"));
		for (const id of this.#take()) inbox.hide(id, false);
		this.#feed.focus(
			inbox.items.findIndex(({ id }) => id === last) - inbox.waiting,
		);
	}

	/** Now it is done. One that is gone already may go. */
	#commit() {
		const { client, inbox } = this;
		for (const id of this.#take())
			this.attempt(async () => {
				try {
					await client.remove(id);
				} catch (error) {
					if (error.status !== NOT_FOUND) throw error;
				} finally {
					inbox.hide(id, false);
				}
			});
	}

	/** @returns {string[]} those that were removed, which wait no longer */
	#take() {
		const ids = [...this.#removed.keys()];
		clearTimeout(this.#timer);
		this.#removed.clear();
		this.toast.hidden = true;
		return ids;
	}

	/** Moves the focus out of the feed: to what is before it, or after it. */
	leave(before) {
		if (before) (this.pill.hidden ? this.type : this.pill).focus();
		else (this.more.hidden ? this.foot : this.more).focus();
	}
}

customElements.define("tidings-list", TidingsList);
