/**
 * A client of the page's own, in place of token-url: where a token comes by another way,
 * or where the page wants to hear of notifications itself.
 */
import { TidingsClient } from "/tidings/tidings-client.js";

const client = new TidingsClient({
	// Called for each connection, and when a token is about to expire
	async token() {
		const response = await fetch("/my/token", { cache: "no-store" });
		if (response.status === 401) return null; // logged out: the client stops
		return (await response.json()).token;
	},
});
client.addEventListener("notification", ({ detail }) => {
	document.title = detail.notification.title;
});
document.querySelector("tidings-bell").client = client;
client.start();
