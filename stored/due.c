/*
 * What ends by itself: one table in the order of times, whose keys hold the key of what
 * ends. One step ends a few things in a transaction of its own, between two batches.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { SLICE = 32 };

int due_add(struct store *store, int64_t time, enum due_kind kind, const struct table_key *what)
{
	struct table_key key = table_key_due(time, (uint8_t)kind, table_key_slice(what));

	if (time < store->next_due)
		store->next_due = time;
	return table_put(store->due, store->txn, &key, (struct slice){ .data = "" });
}

int due_remove(struct store *store, int64_t time, enum due_kind kind, const struct table_key *what)
{
	struct table_key key = table_key_due(time, (uint8_t)kind, table_key_slice(what));
	int r = table_delete(store->due, store->txn, &key);

	return r == TABLE_NONE ? 0 : r;
}

bool due_now(const struct store *store)
{
	return store->next_due <= timestamp_now();
}

static int end_notification(struct store *store, struct slice key)
{
	struct slice name;
	struct user user;
	struct uuid id;
	struct row row;
	int r;

	if (table_key_get_user(key, &name) < 0 || table_key_get_id(key, &id) < 0)
		return -EBADMSG;
	r = store_load_user(store, name, &user);
	if (r == 0)
		r = store_load_row(store, name, &user, &id, &row);
	if (r != 0)
		return r == INBOX_NOT_FOUND ? 0 : r; /* the sweep will come upon it */
	row_discount(&row, &user);
	r = store_remove_row(store, name, &user, &row);
	return r == 0 ? store_change(store, name, &user, CHANGE_EXPIRED, timestamp_now(), &row) : r;
}

static int end_broadcast(struct store *store, struct slice key)
{
	struct uuid id;
	int r = table_key_get_id(key, &id);

	if (r == 0)
		r = store_end_broadcast(store, &id, CHANGE_BROADCAST_EXPIRED);
	return r == INBOX_NOT_FOUND ? 0 : r;
}

static int end_attempt(struct store *store, struct slice what)
{
	struct table_key key = { .len = what.len };
	int r;

	memcpy(key.bytes, what.data, what.len);
	r = table_delete(store->attempts, store->txn, &key);
	return r < 0 ? r : 0;
}

static int (*const ends[])(struct store *store, struct slice key) = {
	[DUE_NOTIFICATION] = end_notification,
	[DUE_BROADCAST] = end_broadcast,
	[DUE_ATTEMPT] = end_attempt,
};

static int end_one(struct store *store, const struct table_key *key)
{
	struct slice what;
	int64_t time;
	uint8_t kind;
	int r = table_key_get_due(table_key_slice(key), &time, &kind, &what);

	if (r < 0 || kind >= ARRAY_LENGTH(ends))
		return -EBADMSG;
	r = table_delete(store->due, store->txn, key);
	return r < 0 ? r : ends[kind](store, what);
}

/* The first keys that are due by now; *ret_next becomes the time of the one after them. */
static int collect(struct store *store, int64_t now, struct table_key keys[static SLICE],
	size_t *ret_count, int64_t *ret_next)
{
	struct slice all = { 0 }, key, value, what;
	struct table_walk walk;
	size_t count = 0;
	int64_t time = INT64_MAX;
	uint8_t kind;
	int r = table_walk_begin(store->due, store->txn, all, &walk);

	if (r < 0)
		return r;
	while ((r = table_walk_up(&walk, NULL, &key, &value)) == 0) {
		r = table_key_get_due(key, &time, &kind, &what);
		if (r < 0 || time > now || count == SLICE)
			break;
		keys[count].len = key.len;
		memcpy(keys[count++].bytes, key.data, key.len);
	}
	table_walk_end(&walk);
	*ret_count = count;
	*ret_next = r == TABLE_NONE ? INT64_MAX : time;
	return r == TABLE_NONE ? 0 : r;
}

int due_slice(struct store *store)
{
	struct table_key keys[SLICE];
	size_t count;
	int64_t next;
	int r = collect(store, timestamp_now(), keys, &count, &next);

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = end_one(store, &keys[i]);
	if (r >= 0)
		store->next_due = next;
	return r < 0 ? r : 0;
}
