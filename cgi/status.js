/**
 * Keeps the status page up to date: fetches it anew, and puts what has changed in the place of
 * what was there. So it looks the same as without a script, and is drawn in one place, by the
 * program. While the page is hidden, or paused, nothing is fetched.
 */

const INTERVAL = 2000;
const TIMEOUT = 15_000;

const line = document.querySelector("#live");
const words = line.querySelector("[role=status]");
const button = line.querySelector("button");

let isPaused = false;
let timer = null;

/** Only says what is new, for screen readers read it out. */
function say(text, isStale) {
	document.body.classList.toggle("stale", isStale);
	if (words.textContent !== text) words.textContent = text;
}

async function load() {
	const response = await fetch(location.pathname, {
		headers: { Accept: "text/html" },
		cache: "no-store",
		signal: AbortSignal.timeout(TIMEOUT),
	});
	if (!response.ok) throw new Error(`it answers ${response.status}`);
	return new DOMParser().parseFromString(await response.text(), "text/html");
}

const partsOf = (root) => [...root.querySelectorAll("[data-live]")];
const idsOf = (root) => partsOf(root).map(({ id }) => id).join();

/**
 * Parts come and go with the daemon that they are of: then all of what holds them is new. One
 * that has the focus, because somebody scrolls in it, stays as it is.
 */
function take(page) {
	if (idsOf(page) !== idsOf(document)) {
		const { open } = document.querySelector("details");
		document.querySelector("main").replaceWith(page.querySelector("main"));
		document.querySelector("details").open = open;
	}
	for (const part of partsOf(page)) {
		const old = document.getElementById(part.id);
		if (!old.isEqualNode(part) && !old.contains(document.activeElement))
			old.replaceWith(part);
	}
}

async function update() {
	try {
		take(await load());
		say("Live", false);
	} catch (error) {
		const reason = error instanceof TypeError ? "nobody answers" : error.message;
		say(`Not live, these figures are old: ${reason}`, true);
	}
	schedule();
}

function schedule() {
	clearTimeout(timer);
	timer = isPaused || document.hidden ? null : setTimeout(update, INTERVAL);
}

button.addEventListener("click", () => {
	isPaused = !isPaused;
	button.textContent = isPaused ? "Resume" : "Pause";
	say(isPaused ? "Paused" : "Live", false);
	schedule();
});
document.addEventListener("visibilitychange", schedule);

line.hidden = false;
say("Live", false);
schedule();
