/* The tables that are not those of users: numbers, broadcasts, what is due, attempts. */
#include "stored/check_internal.h"

#include <errno.h>
#include <inttypes.h>

/* ---- meta ---- */

static bool is_number(struct check *check, struct slice value)
{
	(void)check;
	return value.len == sizeof(uint64_t);
}

static bool is_schema(struct check *check, struct slice value)
{
	(void)check;
	return slice_is(value, STORE_SCHEMA);
}

static bool is_epoch(struct check *check, struct slice value)
{
	struct uuid epoch;

	(void)check;
	return uuid_parse(value, &epoch) == 0;
}

static bool is_last_id(struct check *check, struct slice value)
{
	if (value.len != UUID_BYTES)
		return false;
	memcpy(check->store->last_id.bytes, value.data, UUID_BYTES);
	return true;
}

static const struct {
	const char *name;
	bool (*good)(struct check *check, struct slice value);
	bool needed;
} numbers[] = {
	{ "schema", is_schema, true },
	{ "epoch", is_epoch, true },
	{ "last-id", is_last_id, false },
	{ "broadcast-changes", is_number, false },
	{ "seq-floor", is_number, false },
};

int check_meta(struct check *check)
{
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		struct table_key key = table_key_name(numbers[i].name);
		struct slice value;
		int r = table_get(check->store->meta, NULL, &key, &value);

		if (r < 0)
			return r;
		if (r == TABLE_NONE && numbers[i].needed)
			report_problem(check->report, "meta.db: \"%s\" is missing",
				numbers[i].name);
		if (r == 0 && !numbers[i].good(check, value))
			report_problem(check->report, "meta.db: \"%s\" is not what it can be",
				numbers[i].name);
	}
	return 0;
}

/* ---- broadcasts ---- */

static int check_broadcast_due(struct check *check, const struct row *row)
{
	struct table_key what = table_key_id((struct slice){ 0 }, &row->notification.id);
	struct table_key key =
		table_key_due(row->notification.expires, DUE_BROADCAST, table_key_slice(&what));
	struct slice value;
	int r = table_get(check->store->due, NULL, &key, &value);

	if (r == TABLE_NONE)
		report_problem(check->report,
			"broadcast %s would not expire: it is not listed as due",
			id_text(&row->notification.id).text);
	return r < 0 ? r : 0;
}

static int check_broadcast(struct check *check, const struct uuid *id, struct slice value)
{
	struct row row;

	if (row_decode(value, id, &row) < 0 || !row.notification.broadcast ||
		row.notification.read || row.generation > 0) {
		report_problem(check->report, "broadcast %s cannot be read", id_text(id).text);
		return 0;
	}
	check_id(check, SLICE("broadcasts.db"), "broadcast", id);
	return row.notification.expires ? check_broadcast_due(check, &row) : 0;
}

int check_broadcasts(struct check *check)
{
	uint64_t *count = &check->report->counted[REPORT_BROADCASTS];
	struct stream stream;
	struct uuid id;
	int r = stream_begin(check, check->store->broadcasts, "broadcasts", &stream);

	for (; r == 0 && stream_has(&stream); stream_next(&stream)) {
		report_count(check->report, REPORT_BROADCASTS);
		if (stream_id(&stream, &id) < 0)
			continue;
		if (stream.key.len != UUID_BYTES + 1)
			report_problem(check->report, "broadcast %s is one user's",
				id_text(&id).text);
		r = check_broadcast(check, &id, stream.value);
	}
	stream_end(&stream);
	if (*count > INBOX_BROADCASTS_MAX)
		report_problem(check->report, "there are %" PRIu64 " broadcasts, more than %d",
			*count, INBOX_BROADCASTS_MAX);
	return r;
}

static void check_broadcast_change(struct check *check, struct slice key, struct slice record)
{
	uint64_t changes = check->store->live.changes;
	struct change change;

	if (key.len != 2 || change_parse(record, &change) < 0 ||
		!change_is_broadcast(change.kind) || change.ids.len != UUID_LENGTH) {
		report_problem(check->report, "a broadcast change that is kept cannot be read");
		return;
	}
	if (change.counts.seq % RING_LENGTH != (uint8_t)key.data[1] ||
		change.counts.seq > changes || change.counts.seq + RING_LENGTH <= changes)
		report_problem(check->report,
			"broadcast change %" PRIu64 " of %" PRIu64 " is kept where it cannot be",
			change.counts.seq, changes);
}

/* The last ones are all there: a user's changes are told by what is missing among the own. */
int check_broadcast_changes(struct check *check)
{
	const struct slice nobody = { "", 1 };
	uint64_t changes = check->store->live.changes, kept = 0;
	uint64_t wanted = changes < RING_LENGTH ? changes : RING_LENGTH;
	struct stream stream;
	int r = stream_begin(check, check->store->changes, "changes", &stream);

	for (; r == 0 && stream_has_user(&stream, nobody); stream_next(&stream), kept++) {
		report_count(check->report, REPORT_CHANGES);
		check_broadcast_change(check, stream.key, stream.value);
	}
	stream_end(&stream);
	if (kept != wanted)
		report_problem(check->report,
			"%" PRIu64 " broadcast changes are kept, not %" PRIu64, kept, wanted);
	return r;
}

/* ---- what is due ---- */

/* When the row expires that this key of an entry names; TABLE_NONE if there is none. */
static int row_expires(struct table *table, const struct table_key *key, int64_t *ret_time)
{
	struct slice value;
	struct uuid id;
	struct row row;
	int r = table_get(table, NULL, key, &value);

	if (r == 0)
		r = table_key_get_id(table_key_slice(key), &id);
	if (r == 0)
		r = row_decode(value, &id, &row);
	if (r != 0)
		return r == -EBADMSG ? TABLE_NONE : r;
	*ret_time = row.notification.expires;
	return 0;
}

static int attempt_expires(struct table *table, const struct table_key *key, int64_t *ret_time)
{
	struct slice value;
	int r = table_get(table, NULL, key, &value);

	if (r == 0)
		r = attempt_end(value, ret_time);
	return r == -EBADMSG ? TABLE_NONE : r;
}

static const struct {
	const char *what;
	size_t table; /* its place in struct store */
	int (*expires)(struct table *table, const struct table_key *key, int64_t *ret_time);
} kinds[] = {
	[DUE_NOTIFICATION] = { "a notification", offsetof(struct store, notifications),
		row_expires },
	[DUE_BROADCAST] = { "a broadcast", offsetof(struct store, broadcasts), row_expires },
	[DUE_ATTEMPT] = { "an attempt", offsetof(struct store, attempts), attempt_expires },
};

static int check_due_entry(struct check *check, struct slice entry)
{
	struct table_key key;
	struct slice what, name;
	int64_t time, expires;
	uint8_t kind;
	int r;

	if (table_key_get_due(entry, &time, &kind, &what) < 0 || kind >= ARRAY_LENGTH(kinds) ||
		table_key_get_user(what, &name) < 0) {
		report_problem(check->report, "due.db: an entry that cannot be read");
		return 0;
	}
	key.len = what.len;
	memcpy(key.bytes, what.data, what.len);
	r = kinds[kind].expires(*(struct table **)((char *)check->store + kinds[kind].table), &key,
		&expires);
	if (r == TABLE_NONE || (r == 0 && expires != time))
		report_problem(check->report,
			"due.db: %s of \"%.*s\" is due that does not end then", kinds[kind].what,
			(int)name.len, name.data);
	return r < 0 ? r : 0;
}

int check_due(struct check *check)
{
	struct stream stream;
	int r = stream_begin(check, check->store->due, "due", &stream);

	for (; r == 0 && stream_has(&stream); stream_next(&stream)) {
		report_count(check->report, REPORT_DUE);
		r = check_due_entry(check, stream.key);
	}
	stream_end(&stream);
	return r;
}

/* ---- attempts, and when tokens were revoked ---- */

static int check_attempt(struct check *check, const struct stream *stream)
{
	struct slice prefix = stream_prefix(stream), value;
	struct table_key due;
	int64_t end;
	int r;

	if (stream->key.len != prefix.len + INBOX_DIGEST_BYTES ||
		attempt_end(stream->value, &end) < 0) {
		report_problem(check->report, "attempts.db: an attempt of \"%.*s\" cannot be read",
			(int)prefix.len, prefix.data);
		return 0;
	}
	due = table_key_due(end, DUE_ATTEMPT, stream->key);
	r = table_get(check->store->due, NULL, &due, &value);
	if (r == TABLE_NONE)
		report_problem(check->report,
			"attempts.db: an attempt of \"%.*s\" is never let go of",
			(int)prefix.len - 1, prefix.data);
	return r < 0 ? r : 0;
}

int check_attempts(struct check *check)
{
	struct stream stream;
	int r = stream_begin(check, check->store->attempts, "attempts", &stream);

	for (; r == 0 && stream_has(&stream); stream_next(&stream)) {
		report_count(check->report, REPORT_ATTEMPTS);
		r = check_attempt(check, &stream);
	}
	stream_end(&stream);
	return r;
}

int check_revoked(struct check *check)
{
	struct stream stream;
	int r = stream_begin(check, check->store->revoked, "revoked", &stream);

	for (; r == 0 && stream_has(&stream); stream_next(&stream)) {
		struct slice prefix = stream_prefix(&stream);

		if (stream.key.len != prefix.len || stream.value.len != sizeof(uint64_t))
			report_problem(check->report, "revoked.db: the row of %.*s cannot be read",
				(int)prefix.len, prefix.data);
	}
	stream_end(&stream);
	return r;
}
