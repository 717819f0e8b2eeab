/** All of it as one module: both elements, the client, and the words. */

import "./tidings-bell.js";
import "./tidings-list.js";

export * from "./tidings-client.js";
export * from "./tidings-words.js";
