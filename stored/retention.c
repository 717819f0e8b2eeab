/*
 * Retention: how many notifications a user may have, and how long.
 *
 * The number is kept at each create: the oldest read one goes, or the oldest if all are
 * unread. To find it no inbox is searched from end to end: the user's row says up to
 * where all are unread, and one step looks at no more than EXAMINED_MAX rows beyond
 * that.
 *
 * The age is kept by a walk over all users, now and then, in small steps: the oldest
 * row of each tells whether there is anything to do. It also lets go of marks on broadcasts
 * that are no more, and catches up when the configured number was lowered.
 */
#include "stored/store_internal.h"

#include "lib/log.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <inttypes.h>

enum {
	EXAMINED_MAX = 256,    /* rows, in search of a read one */
	REMOVED_MAX = 64,      /* rows or marks of one user in one step of the walk */
	USERS_PER_STEP = 16,
};

static const int64_t WALK_INTERVAL = INT64_C(3600) * 1000; /* from one beginning to the next */
static const int64_t LOG_INTERVAL = INT64_C(60) * 1000;

void retention_init(struct retention *retention, const struct config *config)
{
	retention->max_age = (int64_t)config->store.retention_days * 24 * 3600 * 1000;
	retention->max_count = config->store.max_per_user;
}

/* The greatest identifier below. */
static struct uuid uuid_below(struct uuid uuid)
{
	for (int i = UUID_BYTES - 1; i >= 0 && uuid.bytes[i]-- == 0; i--)
		;
	return uuid;
}

void retention_note_read(struct user *user, const struct row *row)
{
	const struct uuid *id = &row->notification.id;

	if (!row->notification.broadcast && uuid_compare(id, &user->unread_upto) <= 0)
		user->unread_upto = uuid_below(*id);
}

/* A step up the user's own rows. */
static int next_own(struct table_walk *walk, const struct table_key *from, const struct user *user,
	struct row *ret_row)
{
	struct slice key, value;
	struct uuid id;
	int r;

	while ((r = table_walk_up(walk, from, &key, &value)) == 0) {
		r = table_key_get_id(key, &id);
		if (r == 0)
			r = row_decode(value, &id, ret_row);
		if (r == 0)
			r = row_settle(ret_row, user);
		if (r <= 0)
			return r;
	}
	return r;
}

/*
 * The oldest row of all; TABLE_NONE if there is none. Rows that "delete all" has yet to take
 * away are passed by at once, however many they are.
 */
static int find_oldest(struct store *store, struct slice name, const struct user *user,
	struct row *ret_row)
{
	const struct uuid *deleted = user_deleted_upto(user);
	struct table_key prefix = table_key_user(name);
	struct table_key from = deleted ? table_key_id(name, deleted) : prefix;
	struct table_walk walk;
	int r = table_walk_begin(store->notifications, store->txn, table_key_slice(&prefix), &walk);

	if (r < 0)
		return r;
	r = next_own(&walk, &from, user, ret_row);
	table_walk_end(&walk);
	return r;
}

/* The oldest read row, as far as one step looks; TABLE_NONE if it came upon none. */
static int find_read(struct store *store, struct slice name, struct user *user, struct row *ret_row)
{
	struct table_key prefix = table_key_user(name);
	struct table_key from = table_key_id(name, &user->unread_upto);
	struct table_walk walk;
	int r = table_walk_begin(store->notifications, store->txn, table_key_slice(&prefix), &walk);

	if (r < 0)
		return r;
	for (int i = 0; i < EXAMINED_MAX; i++) {
		r = next_own(&walk, &from, user, ret_row);
		if (r != 0 || ret_row->notification.read)
			break;
		user->unread_upto = ret_row->notification.id;
		r = TABLE_NONE;
	}
	table_walk_end(&walk);
	return r;
}

static int find_victim(struct store *store, struct slice name, struct user *user,
	struct row *ret_row)
{
	struct tally own = user_own(user);
	int r = TABLE_NONE;

	if (own.unread < own.total)
		r = find_read(store, name, user, ret_row);
	return r == TABLE_NONE ? find_oldest(store, name, user, ret_row) : r;
}

/* Takes a row away, and notes that in store->ids for the change that is to follow. */
static int remove_row(struct store *store, struct slice name, struct user *user, struct row *row)
{
	row_discount(row, user);
	store_add_id(&store->ids, &row->notification.id);
	return store_remove_row(store, name, user, row);
}

static int finish_removal(struct store *store, struct slice name, struct user *user, int64_t now)
{
	if (store->ids.len == 0)
		return 0;
	return store_change_many(store, name, user, CHANGE_EXPIRED, now, buffer_slice(&store->ids));
}

static bool has_too_many(const struct store *store, const struct user *user)
{
	uint64_t max = store->retention.max_count;

	return max > 0 && user_own(user).total > max;
}

static int trim(struct store *store, struct slice name, struct user *user, int64_t now, unsigned most)
{
	struct row row;
	int r = 0;

	buffer_clear(&store->ids);
	for (unsigned i = 0; r == 0 && i < most && has_too_many(store, user); i++) {
		r = find_victim(store, name, user, &row);
		if (r == 0)
			r = remove_row(store, name, user, &row);
		if (r == 0)
			store->retention.crowded_out++;
	}
	return r < 0 ? r : finish_removal(store, name, user, now);
}

int retention_trim(struct store *store, struct slice name, struct user *user, int64_t now)
{
	return has_too_many(store, user) ? trim(store, name, user, now, INBOX_DRAFTS_MAX) : 0;
}

/* ---- the walk ---- */

/* Removes what is too old, up to so many; there may be more if *ret_more. */
static int remove_old(struct store *store, struct slice name, struct user *user, int64_t now,
	bool *ret_more)
{
	int64_t limit = now - store->retention.max_age;
	unsigned removed = 0;
	struct row row;
	int r = 0;

	buffer_clear(&store->ids);
	while (store->retention.max_age > 0 && removed < REMOVED_MAX) {
		r = find_oldest(store, name, user, &row);
		if (r != 0 || row.notification.created > limit)
			break;
		r = remove_row(store, name, user, &row);
		if (r < 0)
			break;
		removed++;
	}
	*ret_more = removed == REMOVED_MAX;
	return r < 0 ? r : finish_removal(store, name, user, now);
}

/* Marks on what is not live any more, or never concerned the user. */
static int collect_stale_marks(struct store *store, struct slice name, const struct user *user,
	struct uuid ids[static REMOVED_MAX], unsigned *ret_count)
{
	struct table_key prefix = table_key_user(name);
	struct slice key, value;
	struct table_walk walk;
	unsigned count = 0;
	int r = table_walk_begin(store->marks, store->txn, table_key_slice(&prefix), &walk);

	if (r < 0)
		return r;
	while (count < REMOVED_MAX && (r = table_walk_up(&walk, NULL, &key, &value)) == 0) {
		r = table_key_get_id(key, &ids[count]);
		if (r < 0)
			break;
		count += !live_has(&store->live, &ids[count]) ||
			 uuid_compare(&ids[count], &user->since) <= 0;
	}
	table_walk_end(&walk);
	*ret_count = count;
	return r < 0 ? r : 0;
}

static int remove_stale_marks(struct store *store, struct slice name, struct user *user,
	bool *ret_more)
{
	struct uuid ids[REMOVED_MAX];
	unsigned count = 0;
	int r = 0;

	if (user->marks > 0)
		r = collect_stale_marks(store, name, user, ids, &count);
	for (unsigned i = 0; r >= 0 && i < count; i++) {
		struct table_key key = table_key_id(name, &ids[i]);

		r = table_delete(store->marks, store->txn, &key);
		user->marks--;
	}
	if (r >= 0 && count > 0)
		r = store_save_user(store, name, user);
	*ret_more = count == REMOVED_MAX;
	return r < 0 ? r : 0;
}

/* Returns 0, or -errno; *ret_more says that this user is not done with. */
static int tidy_user(struct store *store, struct slice name, bool *ret_more)
{
	int64_t now = timestamp_now();
	bool more_old = false, more_marks = false;
	struct user user;
	int r = store_load_user(store, name, &user);

	if (r < 0 || !user.known)
		return r;
	r = remove_old(store, name, &user, now, &more_old);
	if (r == 0 && has_too_many(store, &user))
		r = trim(store, name, &user, now, REMOVED_MAX);
	if (r == 0)
		r = remove_stale_marks(store, name, &user, &more_marks);
	*ret_more = more_old || more_marks || has_too_many(store, &user);
	return r;
}

/* The user after the one that the walk has come to; TABLE_NONE at the end. */
static int next_user(struct store *store, struct table_key *at)
{
	struct slice all = { 0 }, key, value;
	struct table_walk walk;
	int r = table_walk_begin(store->users, store->txn, all, &walk);

	if (r < 0)
		return r;
	r = table_walk_up(&walk, at->len > 0 ? at : NULL, &key, &value);
	if (r == 0) {
		at->len = key.len;
		memcpy(at->bytes, key.data, key.len);
	}
	table_walk_end(&walk);
	return r;
}

int retention_slice(struct store *store)
{
	struct retention *retention = &store->retention;
	struct table_key at = retention->at;
	bool more = false;
	int r = 0;

	for (int i = 0; r == 0 && !more && i < USERS_PER_STEP; i++) {
		struct table_key before = at;

		r = next_user(store, &at);
		if (r == 0)
			r = tidy_user(store, (struct slice){ at.bytes, at.len - 1 }, &more);
		if (more)
			at = before; /* comes back to this user */
	}
	if (r < 0)
		return r;
	retention->walking = r != TABLE_NONE;
	retention->may_go_on = more;
	retention->at = at;
	return 0;
}

bool retention_due(const struct store *store)
{
	return store->retention.walking && store->retention.may_go_on;
}

void retention_tick(struct store *store)
{
	struct retention *retention = &store->retention;
	int64_t now = timestamp_now();

	retention->may_go_on = true;
	if (!retention->walking && (now >= retention->next || retention->next > now + WALK_INTERVAL)) {
		retention->walking = true;
		retention->at.len = 0;
		retention->next = now + WALK_INTERVAL;
	}
	if (retention->crowded_out > 0 && llabs(now - retention->logged) >= LOG_INTERVAL) {
		log_event(LOG_LEVEL_INFO, LOG_CROWDED_OUT, NULL,
			"%" PRIu64
			" notifications were removed because their users had more than %" PRIu64,
			retention->crowded_out, retention->max_count);
		retention->crowded_out = 0;
		retention->logged = now;
	}
}
