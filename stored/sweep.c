/*
 * The sweep: the rows follow a bulk operation, a slice at a time.
 *
 * The table of sweeps has a row for each user with bulk operations pending. Its
 * value is the generation that this pass was begun for and the notification it
 * has come to, so that a sweep goes on after a restart. A pass walks up the
 * user's rows to the newest that the operations concern and writes down what
 * row_settle() makes of each; then the operations are dropped. One that was
 * added meanwhile gets a pass of its own.
 *
 * After "read all" only unread rows differ, so such a pass walks their index.
 */
#include "stored/store_internal.h"

#include <errno.h>

enum { SLICE_ROWS = 64 };

struct sweep {
	struct slice name;
	struct user user;
	uint32_t generation; /* of this pass */
	struct uuid at;	     /* everything up to here is done */
};

static void sweep_encode(struct buffer *to, uint32_t generation, const struct uuid *at)
{
	buffer_clear(to);
	encode_u32(to, generation);
	buffer_append(to, at->bytes, UUID_BYTES);
}

static int sweep_decode(struct slice value, struct sweep *sweep)
{
	struct decoder from = decoder_of(value.data, value.len);
	struct slice at;

	sweep->generation = decode_u32(&from);
	at = decode_bytes(&from, UUID_BYTES);
	if (decoder_finish(&from) < 0)
		return -EBADMSG;
	memcpy(sweep->at.bytes, at.data, UUID_BYTES);
	return 0;
}

static int sweep_save(struct store *store, const struct sweep *sweep)
{
	struct table_key key = table_key_user(sweep->name);

	sweep_encode(&store->value, sweep->generation, &sweep->at);
	if (buffer_status(&store->value) < 0)
		return -ENOMEM;
	return table_put(store->sweeps, store->txn, &key, buffer_slice(&store->value));
}

int store_start_sweep(struct store *store, struct slice name)
{
	struct table_key key = table_key_user(name);
	struct sweep sweep = { .name = name };
	struct slice value;
	int r = table_get(store->sweeps, store->txn, &key, &value);

	store->sweeping = true;
	return r == TABLE_NONE ? sweep_save(store, &sweep) : r;
}

/* The newest notification that a pending operation concerns; NULL = there is none pending. */
static const struct uuid *sweep_upto(const struct user *user)
{
	return user->bulk_count > 0 ? &user->bulk[user->bulk_count - 1].upto : NULL;
}

static bool only_reads(const struct user *user)
{
	for (unsigned i = 0; i < user->bulk_count; i++)
		if (user->bulk[i].kind != BULK_READ_ALL)
			return false;
	return true;
}

/* Writes down what became of one row. */
static int sweep_row(struct store *store, const struct sweep *sweep, const struct uuid *id)
{
	struct table_key key = table_key_id(sweep->name, id);
	bool unread = false;
	struct row row;
	int r = store_load_row(store, sweep->name, &sweep->user, id, &row);

	if (r == 0) {
		unread = !row.notification.read;
		r = store_save_row(store, sweep->name, &row);
	} else if (r == INBOX_NOT_FOUND) {
		r = table_delete(store->notifications, store->txn, &key);
	}
	if (r >= 0 && !unread)
		r = table_delete(store->unread, store->txn, &key);
	return r == TABLE_NONE ? 0 : r;
}

/* The next identifiers above where the pass stands, up to the newest that matters. */
static int sweep_collect(struct store *store, const struct sweep *sweep, struct uuid *ids,
	size_t *ret_count)
{
	struct table_key prefix = table_key_user(sweep->name);
	struct table_key from = table_key_id(sweep->name, &sweep->at);
	const struct uuid *upto = sweep_upto(&sweep->user);
	struct table_walk walk;
	struct slice key, value;
	size_t count = 0;
	int r = table_walk_begin(only_reads(&sweep->user) ? store->unread : store->notifications,
		store->txn, (struct slice){ prefix.bytes, prefix.len }, &walk);

	if (r < 0)
		return r;
	while (count < SLICE_ROWS && (r = table_walk_up(&walk, &from, &key, &value)) == 0) {
		r = table_key_get_id(key, &ids[count]);
		if (r < 0 || uuid_compare(&ids[count], upto) > 0)
			break;
		count++;
	}
	table_walk_end(&walk);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

/* All rows are done: the operations of this pass are over. */
static int sweep_finish(struct store *store, struct sweep *sweep)
{
	struct table_key key = table_key_user(sweep->name);
	int r;

	user_drop_bulk(&sweep->user, sweep->generation);
	r = store_save_user(store, sweep->name, &sweep->user);
	if (r < 0)
		return r;
	if (sweep->user.bulk_count == 0)
		return table_delete(store->sweeps, store->txn, &key);
	sweep->generation = sweep->user.generation;
	sweep->at = (struct uuid){ 0 };
	return sweep_save(store, sweep);
}

static int sweep_slice(struct store *store, struct sweep *sweep)
{
	struct uuid ids[SLICE_ROWS];
	size_t count = 0;
	int r = 0;

	if (sweep->generation == 0) /* a new pass */
		sweep->generation = sweep->user.generation;
	if (sweep->user.bulk_count > 0)
		r = sweep_collect(store, sweep, ids, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = sweep_row(store, sweep, &ids[i]);
	if (r < 0)
		return r;
	if (count < SLICE_ROWS)
		return sweep_finish(store, sweep);
	sweep->at = ids[count - 1];
	return sweep_save(store, sweep);
}

/* The first user of the table of sweeps. The name is copied into *name. */
static int sweep_find(struct store *store, struct sweep *sweep, struct table_key *name)
{
	struct slice all = { 0 }, key, value;
	struct table_walk walk;
	int r = table_walk_begin(store->sweeps, store->txn, all, &walk);

	if (r < 0)
		return r;
	r = table_walk_up(&walk, NULL, &key, &value);
	if (r == 0)
		r = sweep_decode(value, sweep);
	if (r == 0) {
		*name = (struct table_key){ .len = key.len };
		memcpy(name->bytes, key.data, key.len);
		sweep->name = (struct slice){ name->bytes, key.len - 1 };
	}
	table_walk_end(&walk);
	return r;
}

int store_sweep(struct store *store)
{
	struct table_key name;
	struct sweep sweep;
	int r;

	if (!store->sweeping || store_disk_full(store))
		return STORE_IDLE;
	r = sweep_find(store, &sweep, &name);
	if (r == TABLE_NONE) {
		store->sweeping = false;
		return STORE_IDLE;
	}
	if (r == 0)
		r = store_begin(store);
	if (r != 0)
		return r;
	r = store_load_user(store, sweep.name, &sweep.user);
	if (r == 0)
		r = sweep_slice(store, &sweep);
	if (r < 0) {
		store_abort(store);
		return r;
	}
	return store_commit(store);
}
