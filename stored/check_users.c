/*
 * All users: the tables whose keys begin with one are walked at the same time, so that
 * everything of a user comes together without being looked for.
 */
#include "stored/check_internal.h"

#include <errno.h>
#include <inttypes.h>

#define NAME(inbox) (int)(inbox)->name.len, (inbox)->name.data

static bool key_below(struct slice a, struct slice b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order < 0 || (order == 0 && a.len < b.len);
}

enum { STREAMS = 6 };

static void list_streams(struct streams *streams, struct stream *list[static STREAMS])
{
	list[0] = &streams->users;
	list[1] = &streams->notifications;
	list[2] = &streams->unread;
	list[3] = &streams->marks;
	list[4] = &streams->changes;
	list[5] = &streams->sweeps;
}

/* The first user that any of the tables has come to. Returns 0 or TABLE_NONE. */
static int next_user(struct streams *streams, struct table_key *ret_prefix)
{
	struct stream *list[STREAMS];
	struct slice first = { 0 };

	list_streams(streams, list);
	for (int i = 0; i < STREAMS; i++)
		if (stream_has(list[i]) &&
			(!first.data || key_below(stream_prefix(list[i]), first)))
			first = stream_prefix(list[i]);
	if (!first.data)
		return TABLE_NONE;
	ret_prefix->len = first.len;
	memcpy(ret_prefix->bytes, first.data, first.len);
	return 0;
}

/* Passes by the rows of a user that cannot be checked. Returns how many. */
static uint64_t skip_user(struct stream *stream, struct slice prefix)
{
	uint64_t count = 0;

	for (; stream_has_user(stream, prefix); stream_next(stream))
		count++;
	return count;
}

/* Rows of one whose own row is missing, or cannot be read. */
static void check_orphans(struct inbox_check *inbox)
{
	struct stream *list[STREAMS];

	list_streams(inbox->streams, list);
	for (int i = 1; i < STREAMS; i++) {
		uint64_t count = skip_user(list[i], inbox->prefix);

		if (count > 0)
			report_problem(inbox->check->report,
				"%.*s: has %" PRIu64 " rows in %s.db, but none in users.db",
				NAME(inbox), count, list[i]->name);
	}
}

static void check_bulk(const struct inbox_check *inbox)
{
	const struct user *user = inbox->user;
	uint32_t generation = 0;

	for (unsigned i = 0; i < user->bulk_count; i++) {
		const struct bulk_operation *bulk = &user->bulk[i];

		if (bulk->generation <= generation || bulk->generation > user->generation)
			report_problem(inbox->check->report,
				"%.*s: the bulk operations are out of order", NAME(inbox));
		check_id(inbox->check, inbox->name, "the end of a bulk operation", &bulk->upto);
		generation = bulk->generation;
	}
}

/* The numbers of a user among each other. */
static void check_numbers(const struct inbox_check *inbox)
{
	struct report *report = inbox->check->report;
	const struct user *user = inbox->user;
	uint64_t broadcast_changes = inbox->check->store->live.changes;

	if (user->settled > broadcast_changes)
		report_problem(report,
			"%.*s: includes %" PRIu64 " broadcast changes, but there were %" PRIu64,
			NAME(inbox), user->settled, broadcast_changes);
	if (user->settled > user->counts.seq || user->first_seq > user->counts.seq)
		report_problem(report, "%.*s: seq is %" PRIu64 ", below what it began with",
			NAME(inbox), user->counts.seq);
	if (user->broadcasts.total > user->counts.total ||
		user->broadcasts.unread > user->counts.unread ||
		user->broadcasts.unseen > user->counts.unseen)
		report_problem(report, "%.*s: counts more broadcasts than notifications",
			NAME(inbox));
	check_id(inbox->check, inbox->name, "the beginning", &user->since);
	check_id(inbox->check, inbox->name, "the newest that was seen,", &user->seen);
	check_id(inbox->check, inbox->name, "the end of what is unread,", &user->unread_upto);
	check_bulk(inbox);
}

static void compare(const struct inbox_check *inbox, const char *what, uint64_t said,
	uint64_t counted)
{
	if (said != counted)
		report_problem(inbox->check->report,
			"%.*s: %s: %" PRIu64 " by the user's row, %" PRIu64 " counted", NAME(inbox),
			what, said, counted);
}

static void compare_tallies(const struct inbox_check *inbox, const char *const what[3],
	const struct tally *said, const struct tally *counted)
{
	compare(inbox, what[0], said->total, counted->total);
	compare(inbox, what[1], said->unread, counted->unread);
	compare(inbox, what[2], said->unseen, counted->unseen);
}

/*
 * The counts against the rows. Of broadcasts only where all their changes are included; for
 * others their share is made anew when the user is next heard of.
 */
static void check_counts(const struct inbox_check *inbox)
{
	static const char *const own[] = { "own notifications", "own unread", "own unseen" };
	static const char *const broadcasts[] = { "broadcasts", "unread broadcasts",
		"unseen broadcasts" };
	const struct user *user = inbox->user;
	struct tally said = user_own(user), counted = user_own(&inbox->counted);

	compare_tallies(inbox, own, &said, &counted);
	if (user->forgotten)
		return; /* what is left of them is on its way out */
	if (user->settled == inbox->check->store->live.changes)
		compare_tallies(inbox, broadcasts, &user->broadcasts, &inbox->counted.broadcasts);
	compare(inbox, "marks", user->marks, inbox->counted.marks);
}

/* One change of the ring. Returns whether it may be one of this user. */
static bool check_change(const struct inbox_check *inbox, struct slice key, struct slice record,
	struct change *ret_change)
{
	struct report *report = inbox->check->report;
	const struct user *user = inbox->user;
	uint8_t slot = (uint8_t)key.data[key.len - 1];

	if (key.len != inbox->prefix.len + 1 || slot >= RING_LENGTH ||
		change_parse(record, ret_change) < 0 ||
		!slice_equal(ret_change->user, inbox->name) || ret_change->kind == CHANGE_EPOCH) {
		report_problem(report, "%.*s: a change that is kept cannot be read", NAME(inbox));
		return false;
	}
	if (ret_change->counts.seq % RING_LENGTH == slot &&
		ret_change->counts.seq <= user->counts.seq &&
		ret_change->counts.seq > user->first_seq && !user->forgotten)
		return true;
	report_problem(report, "%.*s: change %" PRIu64 " is kept where it cannot be", NAME(inbox),
		ret_change->counts.seq);
	return false;
}

static bool same_counts(const struct counts *a, const struct counts *b)
{
	return a->seq == b->seq && a->total == b->total && a->unread == b->unread &&
	       a->unseen == b->unseen;
}

/* The last of them, if no change of a broadcast has come after it, has led to the counts. */
static void check_changes(const struct inbox_check *inbox)
{
	struct stream *changes = &inbox->streams->changes;
	const struct user *user = inbox->user;
	struct change change;

	for (; stream_has_user(changes, inbox->prefix); stream_next(changes)) {
		report_count(inbox->check->report, REPORT_CHANGES);
		if (!check_change(inbox, changes->key, changes->value, &change))
			continue;
		if (change.counts.seq == user->counts.seq &&
			!same_counts(&change.counts, &user->counts))
			report_problem(inbox->check->report,
				"%.*s: change %" PRIu64 " tells other counts than the user's row",
				NAME(inbox), change.counts.seq);
	}
}

/*
 * There is one for each user with bulk operations, or with what is left of one who was
 * forgotten. One that has nothing to do is allowed: who comes back while the last
 * traces are removed leaves it.
 */
static void check_sweep(const struct inbox_check *inbox)
{
	struct stream *sweeps = &inbox->streams->sweeps;
	const struct user *user = inbox->user;
	struct decoder from;
	uint32_t generation;

	if (!stream_has_user(sweeps, inbox->prefix)) {
		if (user->bulk_count > 0 || user->forgotten)
			report_problem(inbox->check->report,
				"%.*s: bulk operations are pending, but no sweep is", NAME(inbox));
		return;
	}
	from = decoder_of(sweeps->value.data, sweeps->value.len);
	generation = decode_u32(&from);
	decode_bytes(&from, UUID_BYTES);
	if (decoder_finish(&from) < 0 || generation > user->generation ||
		sweeps->key.len != inbox->prefix.len)
		report_problem(inbox->check->report, "%.*s: the pending sweep makes no sense",
			NAME(inbox));
	skip_user(sweeps, inbox->prefix);
}

/* The user's row. Returns whether the rest can be compared with it. */
static bool check_user_row(struct inbox_check *inbox, struct user *ret_user)
{
	struct stream *users = &inbox->streams->users;
	struct report *report = inbox->check->report;
	int r;

	if (!stream_has_user(users, inbox->prefix))
		return false;
	report_count(report, REPORT_USERS);
	r = users->key.len == inbox->prefix.len ? user_decode(users->value, ret_user) : -EBADMSG;
	if (r < 0)
		report_problem(report, "%.*s: the user's row cannot be read", NAME(inbox));
	skip_user(users, inbox->prefix);
	return r == 0;
}

static int check_user(struct check *check, struct streams *streams, struct slice prefix)
{
	struct slice name = { prefix.data, prefix.len > 0 ? prefix.len - 1 : 0 };
	struct inbox_check inbox = {
		.check = check,
		.streams = streams,
		.prefix = prefix,
		.name = name,
	};
	struct user user;
	int r;

	if (prefix.len == 0 || prefix.data[prefix.len - 1] != '\0' ||
		!notification_user_valid(name))
		report_problem(check->report, "%.*s: is no name that a user can have",
			NAME(&inbox));
	if (!check_user_row(&inbox, &user)) {
		check_orphans(&inbox);
		return 0;
	}
	inbox.user = &user;
	inbox.counted.seen = user.seen;
	check_numbers(&inbox);
	r = check_notifications(&inbox);
	check_marks(&inbox);
	check_counts(&inbox);
	check_changes(&inbox);
	check_sweep(&inbox);
	return r;
}

static int begin(struct check *check, struct streams *streams)
{
	const struct store *store = check->store;
	const struct slice nobody = { "", 1 };
	int r;

	if ((r = stream_begin(check, store->users, "users", &streams->users)) < 0 ||
		(r = stream_begin(check, store->notifications, "notifications",
			 &streams->notifications)) < 0 ||
		(r = stream_begin(check, store->unread, "unread", &streams->unread)) < 0 ||
		(r = stream_begin(check, store->marks, "marks", &streams->marks)) < 0 ||
		(r = stream_begin(check, store->changes, "changes", &streams->changes)) < 0 ||
		(r = stream_begin(check, store->sweeps, "sweeps", &streams->sweeps)) < 0)
		return r;
	skip_user(&streams->changes, nobody); /* those of broadcasts */
	return 0;
}

int check_users(struct check *check)
{
	struct streams streams = { 0 };
	struct stream *list[STREAMS];
	struct table_key prefix;
	int r = begin(check, &streams);

	while (r == 0 && next_user(&streams, &prefix) == 0)
		r = check_user(check, &streams, table_key_slice(&prefix));
	list_streams(&streams, list);
	for (int i = 0; i < STREAMS; i++)
		stream_end(list[i]);
	return r;
}
