import { TidingsElement } from "./tidings-element.js";

/** <tidings-list>. Attributes beside those of TidingsElement: page, filter, categories. */
export class TidingsList extends TidingsElement {
	/** How many are fetched at a time, 1 to 100: the attribute, or 20. */
	readonly page: number;
	/** Brings back what was deleted last, as long as its toast is there. */
	undo(): void;
}

declare global {
	interface HTMLElementTagNameMap {
		"tidings-list": TidingsList;
	}
}
