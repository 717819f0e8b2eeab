/**
 * The line between a client and its server, to be cut and mended: a cut ends what is open,
 * and whatever is tried meanwhile fails as it does without a network.
 */
export class Line {
	#ends = new Set(); // what closes something that is open
	#isCut = false;

	constructor() {
		const line = this;
		this.WebSocket = class extends WebSocket {
			constructor(...address) {
				super(...address);
				const close = () => this.close();
				line.#ends.add(close);
				this.addEventListener("close", () => line.#ends.delete(close));
				if (line.#isCut) close();
			}
		};
	}

	fetch = async (address, { signal, ...options } = {}) => {
		if (this.#isCut) throw new TypeError("The line is cut");
		const controller = new AbortController();
		const signals = [controller.signal, ...(signal ? [signal] : [])];
		const abort = () => controller.abort(new TypeError("The line was cut"));
		this.#ends.add(abort);
		return fetch(address, { ...options, signal: AbortSignal.any(signals) });
	};

	get isCut() {
		return this.#isCut;
	}

	set isCut(cut) {
		this.#isCut = cut;
		if (!cut) return;
		for (const end of this.#ends) end();
		this.#ends.clear();
	}
}
