/**
 * Where tokens come from, and whose they are.
 */

const RENEW_BEFORE = 60000; // a token that ends sooner is not begun with
const TIMEOUT = 15000;

/** What a token says of itself; nothing, if it is not a JSON Web Token. */
function claimsOf(token) {
	try {
		const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
		return JSON.parse(atob(payload)) ?? {};
	} catch {
		return {};
	}
}

/** A supplier that asks an address of the page's own site. */
export function askAt(address, fetch) {
	return async () => {
		const response = await fetch(address, {
			cache: "no-store",
			signal: AbortSignal.timeout(TIMEOUT),
		});
		if (response.status === 401 || response.status === 403) return null;
		if (!response.ok) throw new Error(`${address} answered ${response.status}`);
		return response.json();
	};
}

export class Tokens {
	/** Whom the last token was of, as far as it said so. */
	user;

	#source;
	#token; // the last one that was supplied
	#until; // it is good enough for
	#asking = null; // the supplier's answer, while it is awaited
	#changed;

	/** @param {function()} changed is called when a token is not of the same user any more */
	constructor(changed) {
		this.#changed = changed;
	}

	/** A token; a function that supplies one, see TidingsClient; or nothing: the cookie. */
	set source(source) {
		this.#source = source;
		this.#token = undefined;
		this.#asking = null;
	}

	/** Whether there can be another one than the last. */
	get renewable() {
		return typeof this.#source === "function";
	}

	/**
	 * @param {string} [refused] one that is no good
	 * @returns {Promise<string|null|undefined>} another one, if it can be had; null when
	 *	the user is signed out, undefined for the cookie
	 */
	async get(refused) {
		const token = this.renewable ? await this.#supply(refused) : this.#source;
		const before = this.user;
		if (token) this.user = claimsOf(token).sub;
		if (before !== undefined && before !== this.user) this.#changed();
		return token;
	}

	/** A supplier is asked once for all who wait, and again when its token was refused. */
	#supply(refused) {
		const good = this.#token !== refused && Date.now() < this.#until;
		if (this.#token && good) return this.#token;
		return (this.#asking ??= this.#ask(this.#source));
	}

	async #ask(source) {
		try {
			const answer = await source();
			const token = answer?.token ?? answer ?? null;
			if (source === this.#source) this.#keep(token, answer?.expiresAt);
			return token;
		} finally {
			if (source === this.#source) this.#asking = null;
		}
	}

	#keep(token, expiresAt) {
		const end = Date.parse(expiresAt) || claimsOf(token).exp * 1000 || Infinity;
		this.#until = end - Math.min(RENEW_BEFORE, (end - Date.now()) / 3);
		this.#token = token;
	}
}
