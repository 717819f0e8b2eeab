/** All of it as one module: both elements, the client, and the words. */

export * from "./tidings-bell.js";
export * from "./tidings-client.js";
export * from "./tidings-list.js";
export * from "./tidings-words.js";
