import type { Notification, TidingsClient } from "./tidings-client.js";

/** When a link is about to be followed; a page that does so itself prevents the default. */
export interface FollowEvent extends CustomEvent<{ notification: Notification }> {}

export interface TidingsElementEventMap extends HTMLElementEventMap {
	follow: FollowEvent;
}

/** What both elements share. Attributes: base, token-url, user, transports. */
export abstract class TidingsElement extends HTMLElement {
	/** Set by the page, which starts it; or made from the attributes. */
	get client(): TidingsClient | null;
	set client(client: TidingsClient | null);

	addEventListener<K extends keyof TidingsElementEventMap>(
		type: K,
		listener: (this: this, event: TidingsElementEventMap[K]) => unknown,
		options?: boolean | AddEventListenerOptions,
	): void;
	addEventListener(
		type: string,
		listener: EventListenerOrEventListenerObject,
		options?: boolean | AddEventListenerOptions,
	): void;
}
