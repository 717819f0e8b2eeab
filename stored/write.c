/*
 * The operations that write. Each checks by reading, before it writes anything,
 * whether it can be done: a request that is refused leaves no trace in the
 * transaction that it shares with others.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

static int index_unread(struct store *store, struct slice user, const struct uuid *id)
{
	struct table_key key = table_key_id(user, id);

	return table_put(store->unread, store->txn, &key, (struct slice){ .data = "" });
}

static int unindex_unread(struct store *store, struct slice user, const struct uuid *id)
{
	struct table_key key = table_key_id(user, id);
	int r = table_delete(store->unread, store->txn, &key);

	return r == TABLE_NONE ? 0 : r;
}

int store_create(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	const struct draft *draft = request->draft;
	int64_t now = timestamp_now();
	struct user user;
	struct row row;
	int r;

	r = store_load_user(store, request->user, &user);
	if (r == 0)
		r = uuid_next(&store->last_id, now);
	if (r < 0)
		return r;
	row = (struct row){
		.generation = user.generation,
		.notification = {
			.id = store->last_id,
			.type = draft->type,
			.created = now,
			.expires = draft->expires,
			.category = draft->category,
			.content = draft->content,
		},
	};
	user.counts.total++;
	user.counts.unread++;
	user.counts.unseen++;
	if ((r = store_save_row(store, request->user, &row)) < 0 ||
	    (r = index_unread(store, request->user, &row.notification.id)) < 0 ||
	    (r = store_change(store, request->user, &user, CHANGE_CREATED, now, &row)) < 0)
		return r;
	store_reply_counts(reply, &user);
	store_reply_notification(reply, &row.notification);
	return 0;
}

/* Writes down that a notification is read (at that time) or unread (0), and counts it. */
static int set_read(struct store *store, struct slice name, struct user *user, struct row *row,
	int64_t read)
{
	const struct uuid *id = &row->notification.id;
	int r;

	if (read) {
		user->counts.unread--;
		user->counts.unseen -= row_unseen(row, user);
		row->notification.read = read;
		r = unindex_unread(store, name, id);
	} else {
		row->notification.read = 0;
		user->counts.unread++;
		user->counts.unseen += row_unseen(row, user);
		r = index_unread(store, name, id);
	}
	return r == 0 ? store_save_row(store, name, row) : r;
}

/* Marks one; a mark that it bears already is no change. */
static int mark(struct store *store, const struct inbox_request *request, struct store_reply *reply,
	bool read)
{
	int64_t now = timestamp_now();
	struct user user;
	struct row row;
	int r;

	r = store_load_user(store, request->user, &user);
	if (r == 0)
		r = store_load_row(store, request->user, &user, &request->id, &row);
	if (r == 0 && read != (row.notification.read != 0)) {
		r = set_read(store, request->user, &user, &row, read ? now : 0);
		if (r == 0)
			r = store_change(store, request->user, &user,
				read ? CHANGE_READ : CHANGE_UNREAD, now, &row);
	}
	if (r != 0)
		return r;
	store_reply_counts(reply, &user);
	store_reply_notification(reply, &row.notification);
	return 0;
}

int store_mark_read(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	return mark(store, request, reply, true);
}

int store_mark_unread(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	return mark(store, request, reply, false);
}

int store_delete(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	struct table_key key = table_key_id(request->user, &request->id);
	struct user user;
	struct row row;
	int r;

	r = store_load_user(store, request->user, &user);
	if (r == 0)
		r = store_load_row(store, request->user, &user, &request->id, &row);
	if (r != 0)
		return r;
	user.counts.total--;
	user.counts.unread -= !row.notification.read;
	user.counts.unseen -= row_unseen(&row, &user);
	if ((r = unindex_unread(store, request->user, &request->id)) < 0 ||
	    (r = table_delete(store->notifications, store->txn, &key)) < 0 ||
	    (r = store_change(store, request->user, &user, CHANGE_DELETED, timestamp_now(), &row)) < 0)
		return r;
	store_reply_counts(reply, &user);
	return 0;
}

int store_seen(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	struct user user;
	int r;

	r = store_load_user(store, request->user, &user);
	if (r == 0 && user.counts.unseen > 0) {
		user.counts.unseen = 0;
		user.seen = store->last_id;
		r = store_change(store, request->user, &user, CHANGE_SEEN, timestamp_now(), NULL);
	}
	if (r == 0)
		store_reply_counts(reply, &user);
	return r;
}

/*
 * Reads or deletes in bulk, in constant work: the counts change here, the rows
 * follow later. `affected` is how many it changes, `left` what the counts become.
 */
static int bulk(struct store *store, const struct inbox_request *request, struct store_reply *reply,
	struct user *user, enum bulk_kind kind, uint64_t affected, struct counts left)
{
	static const enum change_kind changes[BULK_KINDS] = {
		[BULK_READ_ALL] = CHANGE_ALL_READ,
		[BULK_DELETE_ALL] = CHANGE_ALL_DELETED,
		[BULK_DELETE_READ] = CHANGE_READ_DELETED,
	};
	int64_t now = timestamp_now();
	int r;

	if (affected > 0) {
		if (user_add_bulk(user, kind, now, &store->last_id) == USER_BUSY)
			return INBOX_BUSY;
		user->counts = left;
		r = store_start_sweep(store, request->user);
		if (r == 0)
			r = store_change(store, request->user, user, changes[kind], now, NULL);
		if (r < 0)
			return r;
	}
	store_reply_counts(reply, user);
	reply->answer.affected = affected;
	return 0;
}

int store_read_all(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	struct counts left;
	struct user user;
	int r = store_load_user(store, request->user, &user);

	if (r < 0)
		return r;
	left = user.counts;
	left.unread = left.unseen = 0;
	return bulk(store, request, reply, &user, BULK_READ_ALL, user.counts.unread, left);
}

int store_delete_all(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	struct user user;
	int r = store_load_user(store, request->user, &user);

	if (r < 0)
		return r;
	return bulk(store, request, reply, &user, BULK_DELETE_ALL, user.counts.total,
		(struct counts){ .seq = user.counts.seq });
}

int store_delete_read(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	struct counts left;
	struct user user;
	int r = store_load_user(store, request->user, &user);

	if (r < 0)
		return r;
	left = user.counts;
	left.total = left.unread;
	return bulk(store, request, reply, &user, BULK_DELETE_READ,
		user.counts.total - user.counts.unread, left);
}
