/*
 * The rows of users: reading one settles it.
 *
 * A broadcast touches no user's row. Each row says how many broadcast changes its counts
 * include; where that is not all of them, the broadcasts' share is made anew from the
 * list of the live ones and from the user's marks. That is at most INBOX_BROADCASTS_MAX
 * steps, and for a user without marks no look at any table. The outcome is written when
 * the row is next written anyway.
 */
#include "stored/store_internal.h"

/* One who is heard of for the first time, or again after having been forgotten. */
static void make_stranger(const struct store *store, struct user *user)
{
	user->known = false;
	user->counts = (struct counts){ .seq = store->seq_floor + store->live.changes };
	user->broadcasts = (struct tally){ 0 };
	user->first_seq = user->counts.seq;
	user->settled = store->live.changes;
}

void store_introduce(struct store *store, struct user *user)
{
	user->known = true;
	user->forgotten = false;
	user->since = store->last_id;
}

/* The marks of a user, along with the broadcasts in the order of their identifiers. */
struct marks {
	struct table_walk walk;
	struct uuid at; /* the mark that comes next */
	struct slice value;
	int result; /* of the step to it */
};

static void marks_next(struct marks *marks)
{
	struct slice key;

	marks->result = table_walk_up(&marks->walk, NULL, &key, &marks->value);
	if (marks->result == 0)
		marks->result = table_key_get_id(key, &marks->at);
}

/* Puts the mark on the row, if there is one for it. */
static int marks_apply(struct marks *marks, struct row *row)
{
	while (marks->result == 0 && uuid_compare(&marks->at, &row->notification.id) < 0)
		marks_next(marks);
	if (marks->result == 0 && uuid_compare(&marks->at, &row->notification.id) == 0)
		return row_apply_mark(row, marks->value);
	return marks->result < 0 ? marks->result : 0;
}

/* Counts the broadcasts that are in this user's inbox. */
static int tally_broadcasts(struct store *store, const struct user *user, struct marks *marks,
	struct tally *ret_tally)
{
	const struct live *live = &store->live;
	struct user counted = *user;
	int r;

	counted.broadcasts = (struct tally){ 0 };
	for (size_t i = live_above(live, &user->since); i < live->count; i++) {
		struct row row = { .notification = { .id = live->ids[i], .broadcast = true } };

		r = marks ? marks_apply(marks, &row) : 0;
		if (r < 0)
			return r;
		if (row_settle(&row, user) == 0)
			row_count(&row, &counted);
	}
	*ret_tally = counted.broadcasts;
	return 0;
}

static int tally_with_marks(struct store *store, struct slice name, const struct user *user,
	struct tally *ret_tally)
{
	struct table_key prefix = table_key_user(name);
	struct marks marks = { 0 };
	int r = table_walk_begin(store->marks, store->txn, table_key_slice(&prefix), &marks.walk);

	if (r < 0)
		return r;
	marks_next(&marks);
	r = tally_broadcasts(store, user, &marks, ret_tally);
	table_walk_end(&marks.walk);
	return r;
}

int store_settle_user(struct store *store, struct slice name, struct user *user)
{
	struct tally tally;
	int r = user->marks > 0 ? tally_with_marks(store, name, user, &tally)
				: tally_broadcasts(store, user, NULL, &tally);

	if (r < 0)
		return r;
	user_set_broadcasts(user, &tally);
	user->counts.seq += store->live.changes - user->settled;
	user->settled = store->live.changes;
	return 0;
}

int store_load_user(struct store *store, struct slice name, struct user *ret_user)
{
	struct table_key key = table_key_user(name);
	struct user user = { 0 };
	struct slice value;
	int r = table_get(store->users, store->txn, &key, &value);

	if (r == 0)
		r = user_decode(value, &user);
	if (r == TABLE_NONE || (r == 0 && user.forgotten)) {
		make_stranger(store, &user);
		r = 0;
	} else if (r == 0 && user.settled != store->live.changes) {
		r = store_settle_user(store, name, &user);
	}
	if (r == 0)
		*ret_user = user;
	return r;
}

int store_save_user(struct store *store, struct slice name, const struct user *user)
{
	struct table_key key = table_key_user(name);

	user_encode(store_value(store), user);
	return store_put(store, store->users, &key);
}
