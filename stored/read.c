/*
 * The operations that read. A list is a walk from the newest row down: over the
 * notifications, or over the index of the unread ones. How many rows one request
 * may look at is bounded, so that no request makes the others wait.
 */
#include "stored/store_internal.h"

#include "lib/codec.h"

enum { EXAMINED_MAX = 2000 /* rows, beyond those that the page and its offset ask for */ };

int store_count(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	struct user user;
	int r = store_load_user(store, request->user, &user);

	if (r == 0)
		store_reply_counts(reply, &user);
	return r;
}

int store_get(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	struct user user;
	struct row row;
	int r = store_load_user(store, request->user, &user);

	if (r == 0)
		r = store_load_row(store, request->user, &user, &request->id, &row);
	if (r != 0)
		return r;
	store_reply_counts(reply, &user);
	store_reply_notification(reply, &row.notification);
	return 0;
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

/* Reads the row at which the walk stands; the unread index has only its key. */
static int page_load(struct page *page, const struct uuid *id, struct slice value, struct row *ret_row)
{
	int r;

	if (page->query->unread)
		return store_load_row(page->store, page->request->user, page->user, id, ret_row);
	r = row_decode(value, id, ret_row);
	return r == 0 ? row_settle(ret_row, page->user) : r;
}

/* Looks at one row. Above zero: it is gone or does not match. */
static int page_examine(struct page *page, const struct uuid *id, struct slice value)
{
	struct row row;
	int r = page_load(page, id, value, &row);

	if (r != 0 || !page_matches(page, &row.notification))
		return r < 0 ? r : 0;
	if (page->skipped < page->query->offset)
		page->skipped++;
	else
		store_reply_notification(page->reply, &row.notification);
	return 0;
}

static bool page_ends(const struct page *page)
{
	const struct inbox_query *query = page->query;

	return page->reply->answer.items == query->limit ||
	       page->examined >= EXAMINED_MAX + query->offset + query->limit;
}

/* Walks down until the page is full or the rows are at an end. */
static int page_fill(struct page *page, struct table_walk *walk)
{
	const struct uuid *deleted = user_deleted_upto(page->user);
	struct table_key from = table_key_id(page->request->user, &page->query->cursor);
	const struct table_key *start = page->query->from_cursor ? &from : NULL;
	struct slice key, value;
	struct uuid id;
	int r;

	while ((r = table_walk_down(walk, start, &key, &value)) == 0) {
		r = table_key_get_id(key, &id);
		if (r < 0)
			return r;
		if (deleted && uuid_compare(&id, deleted) <= 0)
			return 0;
		if (page_ends(page)) {
			page->reply->answer.more = true;
			page->reply->answer.next = page->last;
			return 0;
		}
		page->last = id;
		page->examined++;
		r = page_examine(page, &id, value);
		if (r < 0)
			return r;
	}
	return r == TABLE_NONE ? 0 : r;
}

int store_list(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	struct table_key prefix = table_key_user(request->user);
	struct table_walk walk;
	struct user user;
	struct page page = {
		.store = store,
		.request = request,
		.query = &request->query,
		.user = &user,
		.reply = reply,
	};
	int r = store_load_user(store, request->user, &user);

	if (r == 0)
		r = table_walk_begin(request->query.unread ? store->unread : store->notifications,
			store->txn, (struct slice){ prefix.bytes, prefix.len }, &walk);
	if (r < 0)
		return r;
	r = page_fill(&page, &walk);
	table_walk_end(&walk);
	store_reply_counts(reply, &user);
	return r;
}

/* Appends the record of one change. Returns 0, TABLE_NONE (overwritten) or -errno. */
static int reply_change(struct store *store, const struct inbox_request *request, uint64_t seq,
	struct store_reply *reply)
{
	struct table_key slot = table_key_slot(request->user, (uint8_t)(seq % RING_LENGTH));
	struct change change;
	struct slice record;
	int r = table_get(store->changes, store->txn, &slot, &record);

	if (r == 0)
		r = change_parse(record, &change);
	if (r != 0 || change.counts.seq != seq)
		return r < 0 ? r : TABLE_NONE;
	encode_long(&reply->items, record);
	reply->answer.items++;
	return 0;
}

int store_changes(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	struct user user;
	uint64_t newest;
	int r = store_load_user(store, request->user, &user);

	if (r < 0)
		return r;
	store_reply_counts(reply, &user);
	newest = user.counts.seq;
	if (!slice_is(request->epoch, store->epoch) || request->since > newest ||
	    newest - request->since > RING_LENGTH) {
		reply->answer.reset = true;
		return 0;
	}
	for (uint64_t seq = request->since + 1; r == 0 && seq <= newest; seq++)
		r = reply_change(store, request, seq, reply);
	if (r == TABLE_NONE) {
		store_reply_clear(reply);
		store_reply_counts(reply, &user);
		reply->answer.reset = true;
		r = 0;
	}
	return r;
}
