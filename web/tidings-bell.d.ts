import { TidingsElement } from "./tidings-element.js";

/** <tidings-bell>. Attributes beside those of TidingsElement: href, desktop. */
export class TidingsBell extends TidingsElement {
	/** Whether the panel is. */
	readonly open: boolean;
	show(): void;
	close(): void;
}

declare global {
	interface HTMLElementTagNameMap {
		"tidings-bell": TidingsBell;
	}
}
