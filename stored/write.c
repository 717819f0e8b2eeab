/*
 * The operations that change what is there. Each checks by reading, before it writes
 * anything, whether it can be done: a request that is refused leaves no trace in the
 * transaction that it shares with others.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

/* Marks one as read (at that time) or unread (0); a mark that it bears already is no change. */
static int mark(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply, int64_t read)
{
	enum change_kind kind = read ? CHANGE_READ : CHANGE_UNREAD;
	struct row row;
	int r = store_load_row(store, request->user, user, &request->id, &row);

	if (r == 0 && (read != 0) != (row.notification.read != 0)) {
		row_discount(&row, user);
		row.notification.read = read;
		row_count(&row, user);
		if (read)
			retention_note_read(user, &row);
		r = store_save_row(store, request->user, user, &row);
		if (r == 0)
			r = store_change(store, request->user, user, kind, timestamp_now(), &row);
	}
	if (r == 0)
		store_reply_notification(reply, &row.notification);
	return r;
}

int store_mark_read(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	return mark(store, request, user, reply, timestamp_now());
}

int store_mark_unread(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	return mark(store, request, user, reply, 0);
}

static int remove_one(struct store *store, const struct inbox_request *request, struct user *user,
	enum change_kind kind)
{
	struct row row;
	int r = store_load_row(store, request->user, user, &request->id, &row);

	if (r != 0)
		return r;
	row_discount(&row, user);
	r = store_remove_row(store, request->user, user, &row);
	return r == 0 ? store_change(store, request->user, user, kind, timestamp_now(), &row) : r;
}

int store_delete(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	(void)reply;
	return remove_one(store, request, user, CHANGE_DELETED);
}

/* By a publisher, who has nothing to do with what the user is told by a broadcast. */
int store_withdraw(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	(void)reply;
	if (live_has(&store->live, &request->id))
		return INBOX_NOT_FOUND;
	return remove_one(store, request, user, CHANGE_WITHDRAWN);
}

int store_seen(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	(void)reply;
	if (user->counts.unseen == 0)
		return 0;
	user->counts.unseen = user->broadcasts.unseen = 0;
	user->seen = store->last_id;
	return store_change(store, request->user, user, CHANGE_SEEN, timestamp_now(), NULL);
}

/*
 * Reads or deletes in bulk, in constant work: the counts change here, the rows
 * follow later. `affected` is how many it changes.
 */
static int bulk(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply, enum bulk_kind kind, uint64_t affected)
{
	static const enum change_kind changes[BULK_KINDS] = {
		[BULK_READ_ALL] = CHANGE_ALL_READ,
		[BULK_DELETE_ALL] = CHANGE_ALL_DELETED,
		[BULK_DELETE_READ] = CHANGE_READ_DELETED,
	};
	int64_t now = timestamp_now();
	int r;

	reply->answer.affected = affected;
	if (affected == 0)
		return 0;
	if (user_add_bulk(user, kind, now, &store->last_id) == USER_BUSY)
		return INBOX_BUSY;
	counters_add(&store->counters, changes[kind], affected);
	r = sweep_start(store, request->user);
	return r == 0 ? store_change(store, request->user, user, changes[kind], now, NULL) : r;
}

int store_read_all(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	return bulk(store, request, user, reply, BULK_READ_ALL, user->counts.unread);
}

int store_delete_all(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	return bulk(store, request, user, reply, BULK_DELETE_ALL, user->counts.total);
}

int store_delete_read(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	return bulk(store, request, user, reply, BULK_DELETE_READ,
		user->counts.total - user->counts.unread);
}
