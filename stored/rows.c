/*
 * The notifications of a user: own ones have a row each, broadcasts one row for all and a
 * mark for each user who did something with it. Here they become alike.
 */
#include "stored/store_internal.h"

struct buffer *store_value(struct store *store)
{
	buffer_clear(&store->value);
	return &store->value;
}

int store_put(struct store *store, struct table *table, const struct table_key *key)
{
	int r = buffer_status(&store->value);

	return r < 0 ? r : table_put(table, store->txn, key, buffer_slice(&store->value));
}

static int load_mark(struct store *store, struct slice name, struct row *row)
{
	struct table_key key = table_key_id(name, &row->notification.id);
	struct slice value;
	int r = table_get(store->marks, store->txn, &key, &value);

	return r == 0 ? row_apply_mark(row, value) : r == TABLE_NONE ? 0 : r;
}

static int read_broadcast(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row)
{
	struct table_key key = table_key_id((struct slice){ 0 }, id);
	struct slice value;
	int r;

	if (!user->known || uuid_compare(id, &user->since) <= 0 || !live_has(&store->live, id))
		return INBOX_NOT_FOUND;
	r = table_get(store->broadcasts, store->txn, &key, &value);
	if (r == 0)
		r = row_decode(value, id, ret_row);
	if (r == 0 && user->marks > 0)
		r = load_mark(store, name, ret_row);
	return r > 0 ? INBOX_NOT_FOUND : r;
}

int store_read_row(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row)
{
	struct table_key key = table_key_id(name, id);
	struct slice value;
	int r = table_get(store->notifications, store->txn, &key, &value);

	if (r == TABLE_NONE)
		return read_broadcast(store, name, user, id, ret_row);
	return r == 0 ? row_decode(value, id, ret_row) : r;
}

int store_load_row(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row)
{
	int r = store_read_row(store, name, user, id, ret_row);

	if (r == 0)
		r = row_settle(ret_row, user);
	return r > 0 ? INBOX_NOT_FOUND : r;
}

int store_load_broadcast(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row)
{
	int r = read_broadcast(store, name, user, id, ret_row);

	if (r == 0)
		r = row_settle(ret_row, user);
	return r > 0 ? INBOX_NOT_FOUND : r;
}

static int save_mark(struct store *store, struct slice name, struct user *user, struct row *row)
{
	struct table_key key = table_key_id(name, &row->notification.id);

	user->marks += !row->marked;
	row->marked = true;
	row_encode_mark(store_value(store), row);
	return store_put(store, store->marks, &key);
}

static int index_unread(struct store *store, const struct table_key *key, bool unread)
{
	int r;

	if (unread)
		return table_put(store->unread, store->txn, key, (struct slice){ .data = "" });
	r = table_delete(store->unread, store->txn, key);
	return r == TABLE_NONE ? 0 : r;
}

int store_save_row(struct store *store, struct slice name, struct user *user, struct row *row)
{
	struct table_key key = table_key_id(name, &row->notification.id);
	int r;

	if (row->notification.broadcast)
		return save_mark(store, name, user, row);
	row_encode(store_value(store), row);
	r = store_put(store, store->notifications, &key);
	return r < 0 ? r : index_unread(store, &key, !row->notification.read);
}

int store_remove_row(struct store *store, struct slice name, struct user *user, struct row *row)
{
	struct table_key key = table_key_id(name, &row->notification.id);
	int r;

	if (row->notification.broadcast) {
		row->deleted = true;
		return save_mark(store, name, user, row);
	}
	if (row->notification.expires) {
		r = due_remove(store, row->notification.expires, DUE_NOTIFICATION, &key);
		if (r < 0)
			return r;
	}
	r = table_delete(store->notifications, store->txn, &key);
	return r < 0 ? r : index_unread(store, &key, false);
}
