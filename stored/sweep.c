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
 * After "read all" only unread rows differ, so such a pass walks their index. Live
 * broadcasts are rows like the user's own, in the order of identifiers among them.
 *
 * The last pass of a user who was forgotten also removes what else there is of the user,
 * and the user's row.
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
	encode_uuid(to, at);
}

static int sweep_decode(struct slice value, struct sweep *sweep)
{
	struct decoder from = decoder_of(value.data, value.len);

	sweep->generation = decode_u32(&from);
	sweep->at = decode_uuid(&from);
	return decoder_finish(&from);
}

static int sweep_save(struct store *store, const struct sweep *sweep)
{
	struct table_key key = table_key_user(sweep->name);

	sweep_encode(&store->value, sweep->generation, &sweep->at);
	if (buffer_status(&store->value) < 0)
		return -ENOMEM;
	return table_put(store->sweeps, store->txn, &key, buffer_slice(&store->value));
}

int sweep_start(struct store *store, struct slice name)
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

/* Writes down what became of one row, if anything did. */
static int sweep_row(struct store *store, struct sweep *sweep, const struct uuid *id)
{
	struct user *user = &sweep->user;
	int64_t read;
	struct row row;
	int r = store_read_row(store, sweep->name, user, id, &row);

	if (r != 0 || row.deleted)
		return r == INBOX_NOT_FOUND ? 0 : r;
	read = row.notification.read;
	if (row_settle(&row, user) == ROW_DELETED)
		return store_remove_row(store, sweep->name, user, &row);
	return row.notification.read != read ? store_save_row(store, sweep->name, user, &row) : 0;
}

/* Own rows and live broadcasts, both upwards from where the pass stands. */
struct ascent {
	struct table_walk walk;
	struct table_key from;
	struct uuid own;
	int result; /* of the last step: whether `own` is there */
	const struct live *live;
	size_t next_live;
};

static void ascent_step(struct ascent *ascent)
{
	struct slice key, value;

	ascent->result = table_walk_up(&ascent->walk, &ascent->from, &key, &value);
	if (ascent->result == 0)
		ascent->result = table_key_get_id(key, &ascent->own);
}

/* The next identifier. Returns 0, TABLE_NONE or -errno. */
static int ascent_next(struct ascent *ascent, struct uuid *ret_id)
{
	bool has_live = ascent->next_live < ascent->live->count;
	const struct uuid *live = &ascent->live->ids[ascent->next_live];

	if (ascent->result < 0)
		return ascent->result;
	if (has_live && (ascent->result != 0 || uuid_compare(live, &ascent->own) < 0)) {
		*ret_id = *live;
		ascent->next_live++;
		return 0;
	}
	if (ascent->result != 0)
		return TABLE_NONE;
	*ret_id = ascent->own;
	ascent_step(ascent);
	return 0;
}

/* The next identifiers above where the pass stands, up to the newest that matters. */
static int sweep_collect(struct store *store, const struct sweep *sweep, struct uuid *ids,
	size_t *ret_count)
{
	struct table_key prefix = table_key_user(sweep->name);
	const struct uuid *upto = sweep_upto(&sweep->user);
	struct table *table = only_reads(&sweep->user) ? store->unread : store->notifications;
	struct ascent ascent = {
		.from = table_key_id(sweep->name, &sweep->at),
		.live = &store->live,
		.next_live = live_above(&store->live, &sweep->at),
	};
	size_t count = 0;
	int r = table_walk_begin(table, store->txn, table_key_slice(&prefix), &ascent.walk);

	if (r < 0)
		return r;
	ascent_step(&ascent);
	while (count < SLICE_ROWS && (r = ascent_next(&ascent, &ids[count])) == 0 &&
		uuid_compare(&ids[count], upto) <= 0)
		count++;
	table_walk_end(&ascent.walk);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

/* Removes some of the user's marks. Returns how many, or -errno. */
static int remove_marks(struct store *store, struct slice name)
{
	struct table_key prefix = table_key_user(name), keys[SLICE_ROWS];
	struct table_walk walk;
	struct slice key, value;
	int count = 0;
	int r = table_walk_begin(store->marks, store->txn, table_key_slice(&prefix), &walk);

	if (r < 0)
		return r;
	while (count < SLICE_ROWS && (r = table_walk_up(&walk, NULL, &key, &value)) == 0) {
		keys[count].len = key.len;
		memcpy(keys[count++].bytes, key.data, key.len);
	}
	table_walk_end(&walk);
	for (int i = 0; r >= 0 && i < count; i++)
		r = table_delete(store->marks, store->txn, &keys[i]);
	return r < 0 ? r : count;
}

/*
 * What is left of a user who was forgotten. Returns 0 when there is nothing any more. The
 * number of marks is kept right: it stays with a user who comes back meanwhile. Attempts that
 * the user has made since then are not touched.
 */
static int remove_traces(struct store *store, struct sweep *sweep)
{
	struct table_key key = table_key_user(sweep->name);
	int removed = remove_marks(store, sweep->name);
	int r = removed < 0 ? removed : 0;

	if (removed > 0) {
		sweep->user.marks -= (uint32_t)removed;
		r = store_save_user(store, sweep->name, &sweep->user);
		return r < 0 ? r : removed;
	}
	if (r == 0)
		r = attempt_remove_some(store, sweep->name, &sweep->user.since);
	return r == 0 ? table_delete(store->users, store->txn, &key) : r;
}

/* All rows are done: the operations of this pass are over. */
static int sweep_finish(struct store *store, struct sweep *sweep)
{
	struct table_key key = table_key_user(sweep->name);
	int r = 0;

	user_drop_bulk(&sweep->user, sweep->generation);
	if (sweep->user.known) /* a broadcast that was imported behind the pass has escaped it */
		r = store_settle_user(store, sweep->name, &sweep->user);
	if (r == 0)
		r = store_save_user(store, sweep->name, &sweep->user);
	if (r < 0)
		return r;
	if (sweep->user.bulk_count > 0) {
		sweep->generation = sweep->user.generation;
		sweep->at = (struct uuid){ 0 };
		return sweep_save(store, sweep);
	}
	r = sweep->user.forgotten ? remove_traces(store, sweep) : 0;
	return r > 0 ? sweep_save(store, sweep) : r < 0 ? r : table_delete(store->sweeps, store->txn, &key);
}

static int sweep_user(struct store *store, struct sweep *sweep)
{
	struct uuid ids[SLICE_ROWS];
	uint32_t marks = sweep->user.marks;
	size_t count = 0;
	int r = 0;

	if (sweep->generation == 0) /* a new pass */
		sweep->generation = sweep->user.generation;
	if (sweep->user.bulk_count > 0)
		r = sweep_collect(store, sweep, ids, &count);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = sweep_row(store, sweep, &ids[i]);
	if (r < 0)
		return r;
	if (count < SLICE_ROWS)
		return sweep_finish(store, sweep);
	sweep->at = ids[count - 1];
	r = sweep->user.marks != marks ? store_save_user(store, sweep->name, &sweep->user) : 0;
	return r < 0 ? r : sweep_save(store, sweep);
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

bool sweep_due(const struct store *store)
{
	return store->sweeping;
}

int sweep_slice(struct store *store)
{
	struct table_key name;
	struct sweep sweep;
	int r = sweep_find(store, &sweep, &name);

	if (r == TABLE_NONE) {
		store->sweeping = false;
		return 0;
	}
	if (r == 0)
		r = store_load_user(store, sweep.name, &sweep.user);
	if (r == 0)
		r = sweep_user(store, &sweep);
	return r < 0 ? r : 0;
}
