/*
 * Changes: what every operation that changes something ends with, and what those who come
 * back ask for.
 *
 * A user's `seq` counts the user's own changes and all broadcast changes. Own ones are
 * kept in a ring of the user's, under their `seq`; broadcast ones in one ring for all, under
 * their number. So what is missing among the last of a user's ring is broadcast
 * changes, and they are the last ones in the other.
 *
 * What was created is told in full in the log, but only named in the ring: its row is there
 * to be read, unless it is gone, and then it need not be told. A broadcast that was imported is
 * never told in full: it is not new to everybody.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

/* The ring of broadcast changes is that of no user. */
static const struct slice NOBODY = { 0 };

int store_log(struct store *store, struct slice record)
{
	unsigned parts = change_parts(record.len);
	int r = parts == 0 ? -EMSGSIZE : 0;

	for (unsigned part = 1; r == 0 && part <= parts; part++) {
		struct buffer *message = store_value(store);

		change_format_message(message, record, part, parts);
		if (!buffer_string(message))
			return -ENOMEM;
		r = environment_log(store->environment, store->txn, message->data);
	}
	return r;
}

void store_add_id(struct buffer *ids, const struct uuid *id)
{
	char text[UUID_SIZE];

	if (ids->len > 0)
		buffer_append(ids, ",", 1);
	uuid_format(id, text);
	buffer_append(ids, text, UUID_LENGTH);
}

/* Writes the record of a change into store->record. */
static int format_record(struct store *store, const struct change *change)
{
	buffer_clear(&store->record);
	change_format(&store->record, change);
	return buffer_status(&store->record);
}

/* Adds what was created, whose slices must live for as long as the change does. */
static int tell_in_full(struct store *store, struct change *change,
	const struct notification *notification)
{
	buffer_clear(&store->json);
	notification_format(&store->json, notification);
	change->notification = buffer_slice(&store->json);
	return buffer_status(&store->json);
}

static int put_into_ring(struct store *store, const struct change *change)
{
	uint8_t number = (uint8_t)(change->counts.seq % RING_LENGTH);
	struct table_key slot = table_key_slot(change->user, number);
	int r = format_record(store, change);

	return r < 0 ? r : table_put(store->changes, store->txn, &slot, buffer_slice(&store->record));
}

/* How many notifications a change names. */
static uint64_t count_ids(struct slice ids)
{
	return (ids.len + 1) / (UUID_LENGTH + 1);
}

/*
 * Notes in which microsecond this is, for those who measure how long changes are under way. The
 * millisecond stays what it is everywhere else: of a change that took longer than that to make,
 * it is the last microsecond of it.
 */
static void note_moment(struct change *change)
{
	int64_t since = timestamp_now_us() - change->time * 1000;

	change->microseconds = since < 0 ? 0 : since > 999 ? 999 : (unsigned)since;
}

static int log_change(struct store *store, struct change *change)
{
	int r;

	note_moment(change);
	r = format_record(store, change);
	return r == 0 ? store_log(store, buffer_slice(&store->record)) : r;
}

/* Keeps a change for those who come back, and logs it; row is what was created, or NULL. */
static int publish(struct store *store, struct change *change, const struct row *row)
{
	int r = put_into_ring(store, change);

	counters_add(&store->counters, change->kind, count_ids(change->ids));
	if (r == 0 && row)
		r = tell_in_full(store, change, &row->notification);
	return r == 0 ? log_change(store, change) : r;
}

static int finish_change(struct store *store, struct user *user, struct change *change,
	const struct row *row)
{
	int r;

	user->counts.seq++;
	change->counts = user->counts;
	r = store_save_user(store, change->user, user);
	return r < 0 ? r : publish(store, change, row);
}

int store_change(struct store *store, struct slice name, struct user *user, enum change_kind kind,
	int64_t now, const struct row *row)
{
	struct change change = { .kind = kind, .time = now, .user = name };
	char id[UUID_SIZE];

	if (row) {
		uuid_format(&row->notification.id, id);
		change.ids = (struct slice){ id, UUID_LENGTH };
	}
	return finish_change(store, user, &change, kind == CHANGE_CREATED ? row : NULL);
}

int store_change_many(struct store *store, struct slice name, struct user *user,
	enum change_kind kind, int64_t now, struct slice ids)
{
	struct change change = { .kind = kind, .time = now, .user = name, .ids = ids };

	return finish_change(store, user, &change, NULL);
}

int store_change_broadcast(struct store *store, enum change_kind kind, int64_t now,
	const struct uuid *id, const struct row *row)
{
	struct change change = { .kind = kind, .time = now };
	char text[UUID_SIZE];
	int r;

	store->ahead = true;
	change.counts.seq = ++store->live.changes;
	uuid_format(id, text);
	change.ids = (struct slice){ text, UUID_LENGTH };
	r = publish(store, &change, row);
	return r == 0 ? meta_put_number(store, "broadcast-changes", store->live.changes) : r;
}

int store_tell(struct store *store, struct slice name, const struct user *user,
	enum change_kind kind, int64_t now)
{
	struct change change = { .kind = kind, .time = now, .user = name, .counts = user->counts };

	return log_change(store, &change);
}

int store_forget_changes(struct store *store, struct slice name)
{
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < RING_LENGTH; i++) {
		struct table_key slot = table_key_slot(name, (uint8_t)i);

		r = table_delete(store->changes, store->txn, &slot);
	}
	return r < 0 ? r : 0;
}

/*
 * Reads the change of this number from the ring. Returns 0, TABLE_NONE if the slot
 * holds another, or -errno. The slices live until the next one is read.
 */
static int read_change(struct store *store, struct slice name, uint64_t number,
	struct change *ret_change)
{
	struct table_key slot = table_key_slot(name, (uint8_t)(number % RING_LENGTH));
	struct slice record;
	int r = table_get(store->changes, store->txn, &slot, &record);

	if (r == 0)
		r = change_parse(record, ret_change);
	return r == 0 && ret_change->counts.seq != number ? TABLE_NONE : r;
}

/* Finds out which of the changes after `since` are the user's own, and how many are not. */
static int find_own(struct store *store, struct slice name, uint64_t since, uint64_t seq,
	bool own[static RING_LENGTH], unsigned *ret_others)
{
	struct change change;
	unsigned others = 0;

	for (unsigned i = 0; since + i < seq; i++) {
		int r = read_change(store, name, since + 1 + i, &change);

		if (r < 0)
			return r;
		own[i] = r == 0;
		others += !own[i];
	}
	*ret_others = others;
	return 0;
}

/* Whether the broadcast was created by this change, and not somewhere else before. */
static bool is_fresh(const struct change *change, const struct row *row)
{
	return row->notification.created == change->time;
}

/* The row of what was created; TABLE_NONE if it is gone, or not to be told in full. */
static int read_created(struct store *store, const struct change *change, struct row *ret_row)
{
	bool broadcast = change_is_broadcast(change->kind);
	struct table_key key;
	struct slice value;
	struct uuid id;
	int r = uuid_parse(change->ids, &id);

	if (r < 0)
		return TABLE_NONE; /* more than one, which only have their names */
	key = table_key_id(change->user, &id);
	r = table_get(broadcast ? store->broadcasts : store->notifications, store->txn, &key, &value);
	if (r == 0)
		r = row_decode(value, &id, ret_row);
	return r == 0 && broadcast && !is_fresh(change, ret_row) ? TABLE_NONE : r;
}

/* Tells a change; what was created, as it was then. */
static int reply_change(struct store *store, struct change *change, struct store_reply *reply)
{
	struct row row;
	int r = TABLE_NONE;

	if (change->kind == CHANGE_CREATED || change->kind == CHANGE_BROADCAST_CREATED)
		r = read_created(store, change, &row);
	if (r == 0) {
		if (row.notification.read > change->time)
			row.notification.read = 0;
		r = tell_in_full(store, change, &row.notification);
	}
	if (r >= 0)
		r = format_record(store, change);
	if (r < 0)
		return r;
	encode_long(&reply->items, buffer_slice(&store->record));
	reply->answer.items++;
	return 0;
}

static int reply_own(struct store *store, struct slice name, uint64_t seq,
	struct store_reply *reply)
{
	struct change change;
	int r = read_change(store, name, seq, &change);

	return r == 0 ? reply_change(store, &change, reply) : r;
}

/* As the user counts it; the counts that it led to are known if nothing came after it. */
static int reply_broadcast(struct store *store, const struct counts *counts, uint64_t number,
	uint64_t seq, struct store_reply *reply)
{
	struct change change;
	int r = read_change(store, NOBODY, number, &change);

	if (r != 0)
		return r;
	change.counts = seq == counts->seq ? *counts : (struct counts){ .seq = seq };
	return reply_change(store, &change, reply);
}

static int reply_changes(struct store *store, const struct inbox_request *request,
	const struct user *user, struct store_reply *reply)
{
	const struct counts *counts = &user->counts;
	bool own[RING_LENGTH];
	unsigned others;
	uint64_t number;
	int r = find_own(store, request->user, request->since, counts->seq, own, &others);

	if (r < 0)
		return r;
	if (others > store->live.changes)
		return TABLE_NONE;
	number = store->live.changes - others;
	for (uint64_t seq = request->since + 1; r == 0 && seq <= counts->seq; seq++) {
		if (own[seq - request->since - 1])
			r = reply_own(store, request->user, seq, reply);
		else
			r = reply_broadcast(store, counts, ++number, seq, reply);
	}
	return r;
}

int store_changes(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	uint64_t newest = user->counts.seq;
	int r = TABLE_NONE;

	if (slice_is(request->epoch, store->epoch) && request->since <= newest &&
	    newest - request->since <= RING_LENGTH && request->since >= user->first_seq)
		r = reply_changes(store, request, user, reply);
	if (r == TABLE_NONE) {
		store_reply_clear(reply);
		reply->answer.reset = true;
		r = 0;
	}
	return r;
}
