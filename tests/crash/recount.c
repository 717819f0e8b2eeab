/*
 * The recount, see recount.h. Nobody changes anything meanwhile, so the counts in
 * an answer must be those of the whole list.
 */
#include "tests/crash/recount.h"

#include "tests/crash/ask.h"
#include "tests/crash/operation.h"
#include "tests/tap.h"

struct list {
	unsigned user;
	size_t listed, unread;
	struct json_object *page; /* the newest answer */
};

static int ask_for_page(const struct list *list, const struct setting *setting, const char *query,
	struct json_object **ret_page)
{
	const struct fastcgi_request request = {
		.method = "GET",
		.path = "/",
		.query = query,
		.token = setting->users[list->user],
	};

	return ask(setting, &request, ret_page);
}

static int64_t count_of(const struct list *list, const char *name)
{
	return json_object_get_int64(member(list->page, name));
}

/* Compares what is on a page. */
static void take_page(struct list *list, struct ledger *ledger, struct findings *findings)
{
	struct json_object *notifications = member(list->page, "notifications");

	for (size_t i = 0; i < json_object_array_length(notifications); i++) {
		struct json_object *one = json_object_array_get_idx(notifications, i);
		bool read = json_object_get_boolean(member(one, "read"));
		uint32_t number;
		struct uuid id;

		list->listed++;
		list->unread += !read;
		if (number_of(one, &number) && id_of(one, &id))
			ledger_find(ledger, list->user, number, &id, read, findings);
		else
			findings->uninvited++;
	}
}

/* Reads a list page by page; only unread ones, or all, which are then compared. */
static int read_list(struct list *list, const struct setting *setting, struct ledger *ledger,
	bool unread, struct findings *findings)
{
	struct slice cursor = { 0 };

	do {
		char query[96];
		int r;

		snprintf(query, sizeof(query), "limit=100%s%s%.*s", unread ? "&unread=true" : "",
			cursor.len > 0 ? "&cursor=" : "", (int)cursor.len, cursor.data);
		json_object_put(take(list->page));
		r = ask_for_page(list, setting, query, &list->page);
		if (r < 0)
			return r;
		if (!unread)
			take_page(list, ledger, findings);
		else
			list->listed +=
				json_object_array_length(member(list->page, "notifications"));
		cursor = json_string(member(list->page, "nextCursor"));
	} while (cursor.len > 0);
	return 0;
}

static void release_list(struct list *list)
{
	json_object_put(list->page);
}

static int recount_user(unsigned user, struct ledger *ledger, const struct setting *setting,
	struct findings *findings)
{
	_cleanup_(release_list) struct list all = { .user = user };
	_cleanup_(release_list) struct list unread = { .user = user };
	int r = read_list(&all, setting, ledger, false, findings);

	if (r == 0)
		r = read_list(&unread, setting, ledger, true, findings);
	if (r < 0) {
		tap_note("the list of user %u cannot be read: %s", user, strerror(-r));
		return r;
	}
	if (count_of(&all, "total") == (int64_t)all.listed &&
		count_of(&all, "unreadCount") == (int64_t)all.unread &&
		unread.listed == all.unread && count_of(&all, "unseenCount") <= (int64_t)all.unread)
		return 0;
	findings->miscounted++;
	tap_note("user %u: %s; listed %zu, %zu of them unread; unread ones listed %zu", user,
		json_object_to_json_string(member(all.page, "total")), all.listed, all.unread,
		unread.listed);
	return 0;
}

int recount(struct ledger *ledger, const struct setting *setting, struct findings *findings)
{
	int r = 0;

	ledger_begin_recount(ledger);
	for (unsigned user = 0; r == 0 && user < USERS; user++)
		r = recount_user(user, ledger, setting, findings);
	if (r == 0)
		ledger_end_recount(ledger, findings);
	return r;
}
