/** Types of tidings-client.js; what each does is told in tidings-web(7). */

/** A notification as the server has it. */
export interface Notification {
	id: string;
	/** Absent on broadcasts. */
	userId?: string;
	type: "info" | "success" | "warning" | "error";
	title: string;
	message: string;
	link?: string;
	data?: Record<string, unknown>;
	category?: string;
	read: boolean;
	createdAt: string;
	readAt?: string;
	expiresAt?: string;
	broadcast?: true;
}

/** Exact, as of the change `seq`. */
export interface Counts {
	unreadCount: number;
	unseenCount: number;
	seq: number;
}

export interface Page extends Counts {
	/** Newest first. */
	notifications: Notification[];
	total: number;
	nextCursor?: string;
}

export interface Query {
	limit?: number | null;
	cursor?: string | null;
	offset?: number | null;
	unread?: boolean | null;
	type?: Notification["type"] | null;
	category?: string | null;
}

export type Operation =
	| "created"
	| "read"
	| "unread"
	| "deleted"
	| "seen"
	| "all_read"
	| "all_deleted"
	| "read_deleted"
	| "withdrawn"
	| "expired";

export interface Change {
	seq: number;
	/** Absent when it is not known what changed. More operations may come. */
	changes?: { op: Operation | (string & {}); id?: string }[];
	notification?: Notification;
	latest?: Notification[];
	/** What is held is to be fetched again. */
	reset?: boolean;
	/** And none of it shown any more: it was another user's. */
	forget?: boolean;
	/** Changes are told from `seq` on; what was fetched before may be older. */
	baseline?: boolean;
	/** Made by this client. */
	own?: boolean;
}

export type Transport = "socket" | "stream" | "poll";

export type Reason =
	"offline" | "server" | "unauthorized" | "forbidden" | "origin" | "blocked" | "replaced";

export interface Status {
	state: "connecting" | "connected" | "waiting" | "stopped";
	reason?: Reason;
	/** Milliseconds until it is tried again, while waiting. */
	delay?: number;
	/** While connected. */
	transport?: Transport;
}

export interface Position {
	/** Unknown to whoever only polled. */
	epoch?: string;
	seq: number;
}

/** A message of the server as it came. */
export interface Frame {
	type: string;
	[member: string]: unknown;
}

/** Null: the user is signed out. */
export type Supplied = string | { token: string; expiresAt?: string } | null;
export type TokenSource = string | (() => Supplied | Promise<Supplied>);

export interface Options {
	/** Where the server is mapped, /api/notifications by default; absolute outside a page. */
	base?: string;
	/** A token, or a function that supplies a fresh one whenever it is called. */
	token?: TokenSource;
	/** An address of this site that answers {token, expiresAt?}, or 401. */
	tokenUrl?: string;
	/** Tells the tabs of different users apart where no token does. */
	user?: string;
	/** In the order in which they are tried: all three by default. */
	transports?: readonly Transport[];
	/** Whether the tabs of a browser share a connection; true by default. */
	shared?: boolean;
	WebSocket?: new (url: string, protocols?: string | string[]) => object;
	fetch?: typeof globalThis.fetch;
}

export class TidingsError extends Error {
	/** Of the answer; 0 without one. */
	readonly status: number;
	readonly code: string;
	readonly details?: { field: string; problem: string }[];
}

export interface TidingsEventMap {
	notification: TidingsEvent<{ notification: Notification; seq: number }>;
	change: TidingsEvent<Change>;
	status: TidingsEvent<Status>;
	frame: TidingsEvent<Frame>;
}

export interface TidingsEvent<Detail> extends Event {
	readonly detail: Detail;
}

type Listener<Type extends keyof TidingsEventMap> =
	| ((event: TidingsEventMap[Type]) => void)
	| { handleEvent(event: TidingsEventMap[Type]): void };

export class TidingsClient extends EventTarget {
	constructor(options?: Options);

	readonly unread: number;
	readonly unseen: number;
	readonly status: Status;
	/** The last change applied; null before the first connection. */
	readonly position: Position | null;
	/** Whether this tab has the connection, for itself or for all. */
	readonly leading: boolean;
	/** Replaces the token, or what supplies it. */
	set token(token: TokenSource | undefined);

	/** Connects, and stays connected until stop(). */
	start(): void;
	stop(): void;

	/** Any request below the base. Rejects with a TidingsError. */
	request<Answer = Record<string, unknown>>(
		method: string,
		path: string,
		body?: unknown,
	): Promise<Answer>;
	list(query?: Query): Promise<Page>;
	get(id: string): Promise<Notification>;
	markRead(id: string): Promise<Counts & { notification: Notification }>;
	markUnread(id: string): Promise<Counts & { notification: Notification }>;
	markAllRead(): Promise<Counts & { count: number; message: string }>;
	/** The user has looked: nothing is unseen any more. */
	seen(): Promise<Counts>;
	remove(id: string): Promise<Counts & { message: string }>;

	addEventListener<Type extends keyof TidingsEventMap>(
		type: Type,
		listener: Listener<Type> | null,
		options?: boolean | AddEventListenerOptions,
	): void;
	removeEventListener<Type extends keyof TidingsEventMap>(
		type: Type,
		listener: Listener<Type> | null,
		options?: boolean | EventListenerOptions,
	): void;
}
