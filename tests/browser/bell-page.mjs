/**
 * What the tests of the bell have in common.
 */

import { openBell, testsOf } from "./page.mjs";

export const bellTest = testsOf("bell", openBell);

/** What there is of the first bell of a page. */
export function partsOf(page) {
	const bell = page.locator("tidings-bell").first();
	const rows = bell.locator(".row");
	return {
		bell,
		rows,
		button: bell.locator(".bell"),
		badge: bell.locator(".badge"),
		panel: bell.locator(".panel"),
		trouble: bell.locator(".trouble"),
		row: (title) => rows.filter({ hasText: title }),
		named: (name) => bell.getByRole("button", { name, exact: true }).waitFor(),
		async show() {
			await bell.locator(".bell").click();
			await bell.locator(".panel").waitFor();
		},
	};
}

/** An open page whose bell is connected. */
export async function live(open, options) {
	const page = await open(options);
	await partsOf(page).bell.locator(".bell .connected").waitFor();
	return page;
}

export const many = (stack, count) =>
	stack.request("admin", "POST", "/batch", {
		notifications: Array.from({ length: count }, (_, n) => ({
			userId: "user1",
			type: "info",
			title: `n${n}`,
			message: "One of many",
		})),
	});

export const countsOf = async (stack) => {
	const { unreadCount, unseenCount } = await stack.request("user1", "GET", "/unread-count");
	return [unreadCount, unseenCount];
};
