/*
 * Changes: what every operation that changes something ends with, and what those who come
 * back ask for.
 *
 * A user's `seq` counts the user's own changes and all broadcast changes. Own ones are
 * kept in a ring of the user's, under their `seq`; broadcast ones in one ring for all, under
 * their number. So what is missing among the last of a user's ring is broadcast
 * changes, and they are the last ones in the other.
 */
#include "stored/store_internal.h"

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
static int format_record(struct store *store, struct change *change, const struct row *row)
{
	if (row) {
		buffer_clear(&store->json);
		notification_format(&store->json, &row->notification);
		change->notification = buffer_slice(&store->json);
	}
	buffer_clear(&store->record);
	change_format(&store->record, change);
	return buffer_status(&store->json) < 0 ? -ENOMEM : buffer_status(&store->record);
}

static int put_into_ring(struct store *store, struct slice name, uint64_t number)
{
	struct table_key slot = table_key_slot(name, (uint8_t)(number % RING_LENGTH));

	return table_put(store->changes, store->txn, &slot, buffer_slice(&store->record));
}

/* row: to be told in full. */
static int finish_change(struct store *store, struct user *user, struct change *change,
	const struct row *row)
{
	int r;

	user->counts.seq++;
	change->counts = user->counts;
	r = format_record(store, change, row);
	if (r == 0)
		r = put_into_ring(store, change->user, user->counts.seq);
	if (r == 0)
		r = store_save_user(store, change->user, user);
	return r == 0 ? store_log(store, buffer_slice(&store->record)) : r;
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
	r = format_record(store, &change, row);
	if (r == 0)
		r = put_into_ring(store, NOBODY, change.counts.seq);
	if (r == 0)
		r = store_log(store, buffer_slice(&store->record));
	return r == 0 ? meta_put_number(store, "broadcast-changes", store->live.changes) : r;
}

int store_tell(struct store *store, struct slice name, const struct user *user,
	enum change_kind kind, int64_t now)
{
	struct change change = { .kind = kind, .time = now, .user = name, .counts = user->counts };
	int r = format_record(store, &change, NULL);

	return r == 0 ? store_log(store, buffer_slice(&store->record)) : r;
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
	struct slice *ret_record, struct change *ret_change)
{
	struct table_key slot = table_key_slot(name, (uint8_t)(number % RING_LENGTH));
	int r = table_get(store->changes, store->txn, &slot, ret_record);

	if (r == 0)
		r = change_parse(*ret_record, ret_change);
	return r == 0 && ret_change->counts.seq != number ? TABLE_NONE : r;
}

/* Finds out which of the changes after `since` are the user's own, and how many are not. */
static int find_own(struct store *store, struct slice name, uint64_t since, uint64_t seq,
	bool own[static RING_LENGTH], unsigned *ret_others)
{
	struct change change;
	struct slice record;
	unsigned others = 0;

	for (unsigned i = 0; since + i < seq; i++) {
		int r = read_change(store, name, since + 1 + i, &record, &change);

		if (r < 0)
			return r;
		own[i] = r == 0;
		others += !own[i];
	}
	*ret_others = others;
	return 0;
}

static void reply_record(struct store_reply *reply, struct slice record)
{
	encode_long(&reply->items, record);
	reply->answer.items++;
}

static int reply_own(struct store *store, struct slice name, uint64_t seq,
	struct store_reply *reply)
{
	struct change change;
	struct slice record;
	int r = read_change(store, name, seq, &record, &change);

	if (r == 0)
		reply_record(reply, record);
	return r;
}

/* As the user counts it; the counts that it led to are known if nothing came after it. */
static int reply_broadcast(struct store *store, const struct counts *counts, uint64_t number,
	uint64_t seq, struct store_reply *reply)
{
	struct change change;
	struct slice record;
	int r = read_change(store, NOBODY, number, &record, &change);

	if (r != 0)
		return r;
	change.counts = seq == counts->seq ? *counts : (struct counts){ .seq = seq };
	buffer_clear(&store->json);
	change_format(&store->json, &change);
	reply_record(reply, buffer_slice(&store->json));
	return buffer_status(&store->json);
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
