/*
 * The operations that read. A list is a walk from the newest row down: over the
 * notifications, or over the index of the unread ones. How many rows one request
 * may look at is bounded, so that no request makes the others wait.
 */
#include "stored/store_internal.h"

#include "lib/codec.h"

enum { EXAMINED_MAX = 2000 /* rows, beyond those that the page and its offset ask for */ };

int store_count(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	(void)store;
	(void)request;
	(void)user;
	(void)reply;
	return 0;
}

int store_get(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	struct row row;
	int r = store_load_row(store, request->user, user, &request->id, &row);

	if (r == 0)
		store_reply_notification(reply, &row.notification);
	return r;
}

/* A list under way. */
struct page {
	struct store *store;
	const struct inbox_request *request;
	const struct inbox_query *query;
	const struct user *user;
	struct store_reply *reply;
	unsigned skipped;  /* rows that match, before the offset */
	unsigned examined;
	struct uuid last; /* examined */
};

static bool page_matches(const struct page *page, const struct notification *notification)
{
	const struct inbox_query *query = page->query;

	return !(query->unread && notification->read) &&
	       (query->type == INBOX_ANY_TYPE || query->type == (int)notification->type) &&
	       (query->category.len == 0 || slice_equal(query->category, notification->category));
}

/*
 * Own rows and live broadcasts, both downwards. Which of the two comes next is found out
 * before either is read.
 */
struct descent {
	struct table_walk walk;
	const struct table_key *start; /* NULL = at the newest */
	struct uuid own;
	struct slice value;
	int result; /* of the last step: whether `own` is there */
	const struct live *live;
	size_t live_first; /* those below are not for this user */
	size_t live_left;  /* those at this index and above are passed */
};

static void descent_step(struct descent *descent)
{
	struct slice key;

	descent->result = table_walk_down(&descent->walk, descent->start, &key, &descent->value);
	if (descent->result == 0)
		descent->result = table_key_get_id(key, &descent->own);
}

/* Whether the next one is a broadcast, or an own one. Neither: TABLE_NONE; or -errno. */
enum { NEXT_OWN, NEXT_BROADCAST = 2 };

static int descent_next(const struct descent *descent, struct uuid *ret_id)
{
	const struct uuid *live = NULL;

	if (descent->result < 0)
		return descent->result;
	if (descent->live_left > descent->live_first)
		live = &descent->live->ids[descent->live_left - 1];
	if (live && (descent->result != 0 || uuid_compare(live, &descent->own) > 0)) {
		*ret_id = *live;
		return NEXT_BROADCAST;
	}
	*ret_id = descent->own;
	return descent->result == 0 ? NEXT_OWN : TABLE_NONE;
}

/* Reads the own row at which the walk stands; the unread index has only its key. */
static int load_own(struct page *page, const struct uuid *id, struct slice value,
	struct row *ret_row)
{
	int r;

	if (page->query->unread)
		return store_load_row(page->store, page->request->user, page->user, id, ret_row);
	r = row_decode(value, id, ret_row);
	return r == 0 ? row_settle(ret_row, page->user) : r;
}

/* Looks at one row, and goes on to the next. */
static int page_examine(struct page *page, struct descent *descent, int which)
{
	struct row row;
	int r;

	page->examined++;
	if (which == NEXT_BROADCAST) {
		r = store_load_broadcast(page->store, page->request->user, page->user, &page->last,
			&row);
		descent->live_left--;
	} else {
		r = load_own(page, &page->last, descent->value, &row);
	}
	if (r == 0 && page_matches(page, &row.notification)) {
		if (page->skipped < page->query->offset)
			page->skipped++;
		else
			store_reply_notification(page->reply, &row.notification);
	}
	if (which == NEXT_OWN)
		descent_step(descent);
	return r < 0 ? r : 0;
}

static bool page_ends(const struct page *page)
{
	const struct inbox_query *query = page->query;

	return page->reply->answer.items == query->limit ||
	       page->examined >= EXAMINED_MAX + query->offset + query->limit;
}

/* Walks down until the page is full or the rows are at an end. */
static int page_fill(struct page *page, struct descent *descent)
{
	const struct uuid *deleted = user_deleted_upto(page->user);
	struct uuid id;
	int which;
	int r = 0;

	while ((which = descent_next(descent, &id)) >= 0 && which != TABLE_NONE) {
		if (deleted && uuid_compare(&id, deleted) <= 0)
			return 0;
		if (page_ends(page)) {
			page->reply->answer.more = true;
			page->reply->answer.next = page->last;
			return 0;
		}
		page->last = id;
		r = page_examine(page, descent, which);
		if (r < 0)
			return r;
	}
	return which < 0 ? which : 0;
}

/* How many of the live broadcasts, from the oldest on, lie below where the page begins. */
static size_t live_below(const struct store *store, const struct inbox_query *query)
{
	const struct live *live = &store->live;
	size_t above;

	if (!query->from_cursor)
		return live->count;
	above = live_above(live, &query->cursor);
	return live_has(live, &query->cursor) ? above - 1 : above;
}

int store_list(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	const struct inbox_query *query = &request->query;
	struct table_key prefix = table_key_user(request->user);
	struct table_key from = table_key_id(request->user, &query->cursor);
	struct page page = {
		.store = store,
		.request = request,
		.query = query,
		.user = user,
		.reply = reply,
	};
	struct descent descent = {
		.start = query->from_cursor ? &from : NULL,
		.live = &store->live,
		.live_first = live_above(&store->live, &user->since),
		.live_left = user->known ? live_below(store, query) : 0,
	};
	int r = table_walk_begin(query->unread ? store->unread : store->notifications, store->txn,
		table_key_slice(&prefix), &descent.walk);

	if (r < 0)
		return r;
	descent_step(&descent);
	r = page_fill(&page, &descent);
	table_walk_end(&descent.walk);
	return r;
}
