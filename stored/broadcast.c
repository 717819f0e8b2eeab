/*
 * Broadcasts: one row and one change whoever many users there are. Who reads a user's
 * row adds what is new (users.c), who reads a list merges them into it (read.c).
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

size_t live_above(const struct live *live, const struct uuid *id)
{
	size_t low = 0, high = live->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (uuid_compare(&live->ids[middle], id) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool live_has(const struct live *live, const struct uuid *id)
{
	size_t above = live_above(live, id);

	return above > 0 && uuid_compare(&live->ids[above - 1], id) == 0;
}

static void live_add(struct live *live, const struct uuid *id)
{
	size_t at = live_above(live, id);

	memmove(&live->ids[at + 1], &live->ids[at], (live->count - at) * sizeof(live->ids[0]));
	live->ids[at] = *id;
	live->count++;
}

static void live_remove(struct live *live, const struct uuid *id)
{
	size_t above = live_above(live, id);

	memmove(&live->ids[above - 1], &live->ids[above],
		(live->count - above) * sizeof(live->ids[0]));
	live->count--;
}

int live_load(struct store *store)
{
	struct live *live = &store->live;
	struct slice all = { 0 }, key, value;
	struct table_walk walk;
	int r = meta_get_number(store, "broadcast-changes", &live->changes);

	live->count = 0;
	if (r == 0)
		r = table_walk_begin(store->broadcasts, store->txn, all, &walk);
	if (r < 0)
		return r;
	while ((r = table_walk_up(&walk, NULL, &key, &value)) == 0) {
		if (live->count == INBOX_BROADCASTS_MAX)
			r = -EBADMSG;
		if (r == 0)
			r = table_key_get_id(key, &live->ids[live->count]);
		if (r < 0)
			break;
		live->count++;
	}
	table_walk_end(&walk);
	return r == TABLE_NONE ? 0 : r;
}

int store_begin_broadcast(struct store *store, struct row *row, int64_t now, bool fresh)
{
	const struct notification *notification = &row->notification;
	struct table_key key = table_key_id((struct slice){ 0 }, &notification->id);
	int r;

	row_encode(store_value(store), row);
	r = store_put(store, store->broadcasts, &key);
	if (r == 0 && notification->expires)
		r = due_add(store, notification->expires, DUE_BROADCAST, &key);
	if (r < 0)
		return r;
	store->ahead = true;
	live_add(&store->live, &notification->id);
	return store_change_broadcast(store, CHANGE_BROADCAST_CREATED, now, &notification->id,
		fresh ? row : NULL);
}

int store_end_broadcast(struct store *store, const struct uuid *id, enum change_kind kind)
{
	struct table_key key = table_key_id((struct slice){ 0 }, id);
	struct slice value;
	struct row row;
	int r;

	if (!live_has(&store->live, id))
		return INBOX_NOT_FOUND;
	r = table_get(store->broadcasts, store->txn, &key, &value);
	if (r == 0)
		r = row_decode(value, id, &row);
	if (r == 0 && row.notification.expires)
		r = due_remove(store, row.notification.expires, DUE_BROADCAST, &key);
	if (r >= 0)
		r = table_delete(store->broadcasts, store->txn, &key);
	if (r < 0)
		return r;
	store->ahead = true;
	live_remove(&store->live, id);
	return store_change_broadcast(store, kind, timestamp_now(), id, NULL);
}

int store_broadcast(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	int64_t now = timestamp_now();
	struct row row;
	int r = attempt_find(store, request, reply);

	(void)user;
	if (r != 0)
		return r == ATTEMPT_FOUND ? 0 : r;
	if (store->live.count == INBOX_BROADCASTS_MAX)
		return INBOX_TOO_MANY;
	r = uuid_next(&store->last_id, now);
	if (r < 0)
		return r;
	reply->answer.next = store->last_id;
	reply->answer.affected = (uint64_t)now;
	row = (struct row){ .notification = inbox_created(&reply->answer, request->drafts, 0) };
	r = store_begin_broadcast(store, &row, now, true);
	return r == 0 ? attempt_keep(store, request, reply) : r;
}

int store_withdraw_broadcast(struct store *store, const struct inbox_request *request,
	struct user *user, struct store_reply *reply)
{
	(void)user;
	(void)reply;
	return store_end_broadcast(store, &request->id, CHANGE_BROADCAST_WITHDRAWN);
}
