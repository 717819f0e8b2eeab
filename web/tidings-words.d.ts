/** A text with named places, or one such text a plural form of the language. */
export type Word =
	| string
	| ({ other: string } & Partial<Record<"zero" | "one" | "two" | "few" | "many", string>>);

/** What the elements say, in English. */
export const english: Readonly<Record<string, Word>>;

/** Dispatches `change` when there are other words than before. */
export const vocabulary: EventTarget;

/** Replaces words of a language, any of the keys of `english`, or adds the language. */
export function setWords(language: string, words: Record<string, Word>): void;

/** Fetches the words of a language that comes with tidings. */
export function loadWords(language: string): Promise<void>;

/** The words of one language; English where it is none. */
export class Words {
	constructor(language?: string);
	/** As Intl takes it. */
	readonly language: string;
	say(key: string, values?: Record<string, string | number>): string | undefined;
	status(status: { state: string; reason?: string; transport?: string }): string;
	number(value: number): string;
	/** Times are milliseconds, as of Date. */
	relativeTime(time: number, now?: number): string;
	fullTime(time: number): string;
	day(time: number, now?: number): string;
}
