/*
 * Export: the content of the store as entries, a bounded number for each
 * request, so that nobody is held up.
 *
 * An export is a walk over tables, phase by phase; where it stands is the phase and the
 * last key, and the caller keeps it. What has yet to follow a bulk operation is given as
 * if it had.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { EXAMINED_MAX = 256 /* rows for one request */ };

struct export {
	struct store *store;
	struct store_reply *reply;
	struct slice only; /* this user; empty = all */
	struct user user;  /* the last one that a row was of … */
	struct table_key name; /* … and the name */
};

static void give(struct export *export, const struct entry *entry)
{
	entry_encode(&export->reply->items, entry);
	export->reply->answer.items++;
}

/* Makes export->user the one of this name. */
static int select_user(struct export *export, struct slice name)
{
	struct table_key key = table_key_user(name);

	if (slice_equal(table_key_slice(&key), table_key_slice(&export->name)))
		return 0;
	export->name = key;
	return store_load_user(export->store, name, &export->user);
}

static int export_broadcast(struct export *export, struct slice key, struct slice value)
{
	struct entry entry = { .kind = ENTRY_BROADCAST };
	struct uuid id;
	struct row row;
	int r = table_key_get_id(key, &id);

	if (r == 0)
		r = row_decode(value, &id, &row);
	if (r < 0)
		return r;
	entry.notification = row.notification;
	give(export, &entry);
	return 0;
}

static int export_user(struct export *export, struct slice key, struct slice value)
{
	struct entry entry = { .kind = ENTRY_USER };
	struct user user = { 0 };
	int r = table_key_get_user(key, &entry.user);

	if (r == 0)
		r = user_decode(value, &user);
	if (r < 0 || user.forgotten)
		return r;
	entry.since = user.since;
	entry.seen = user.seen;
	give(export, &entry);
	return 0;
}

static int export_mark(struct export *export, struct slice name, const struct uuid *id)
{
	struct entry entry = { .kind = ENTRY_MARK, .user = name };
	struct row row;
	int r = store_read_row(export->store, name, &export->user, id, &row);

	if (r == 0)
		entry.deleted = row_settle(&row, &export->user) == ROW_DELETED;
	if (r != 0 || !(row.marked || row.notification.read || entry.deleted))
		return r < 0 ? r : 0;
	entry.notification.id = *id;
	entry.notification.read = row.notification.read;
	give(export, &entry);
	return 0;
}

/* Key and value are those of the user. */
static int export_marks(struct export *export, struct slice key, struct slice value)
{
	const struct live *live = &export->store->live;
	struct slice name;
	int r = table_key_get_user(key, &name);

	(void)value;
	if (r == 0)
		r = select_user(export, name);
	if (r < 0 || (export->user.marks == 0 && export->user.bulk_count == 0))
		return r;
	for (size_t i = live_above(live, &export->user.since); r == 0 && i < live->count; i++)
		r = export_mark(export, name, &live->ids[i]);
	return r;
}

static int export_notification(struct export *export, struct slice key, struct slice value)
{
	struct entry entry = { .kind = ENTRY_NOTIFICATION };
	struct uuid id;
	struct row row;
	int r = table_key_get_user(key, &entry.user);

	if (r == 0)
		r = table_key_get_id(key, &id);
	if (r == 0)
		r = select_user(export, entry.user);
	if (r == 0)
		r = row_decode(value, &id, &row);
	if (r == 0)
		r = row_settle(&row, &export->user);
	if (r != 0)
		return r < 0 ? r : 0;
	entry.notification = row.notification;
	give(export, &entry);
	return 0;
}

static const struct phase {
	size_t table; /* its place in struct store */
	int (*give)(struct export *export, struct slice key, struct slice value);
	bool of_users;
} phases[] = {
	{ offsetof(struct store, broadcasts), export_broadcast, false },
	{ offsetof(struct store, users), export_user, true },
	{ offsetof(struct store, users), export_marks, true },
	{ offsetof(struct store, notifications), export_notification, true },
};

static struct table *phase_table(const struct store *store, const struct phase *phase)
{
	return *(struct table *const *)((const char *)store + phase->table);
}

/* Goes on in one phase, to its end or until enough was looked at; *at is the last key. */
static int export_phase(struct export *export, const struct phase *phase, struct table_key *at,
	unsigned *examined)
{
	struct table_key prefix = table_key_user(export->only);
	struct slice within = { prefix.bytes, export->only.len > 0 ? prefix.len : 0 };
	struct table_key from = *at;
	struct slice key, value;
	struct table_walk walk;
	int r = table_walk_begin(phase_table(export->store, phase), export->store->txn, within, &walk);

	if (r < 0)
		return r;
	while (*examined < EXAMINED_MAX &&
		(r = table_walk_up(&walk, from.len > 0 ? &from : NULL, &key, &value)) == 0) {
		++*examined;
		at->len = key.len;
		memcpy(at->bytes, key.data, key.len);
		r = phase->give(export, key, value);
		if (r < 0)
			break;
	}
	table_walk_end(&walk);
	return r;
}

/* Where an export stands: the phase, and the last key of it. */
static int read_position(struct slice position, uint8_t *ret_phase, struct table_key *ret_at)
{
	struct decoder from = decoder_of(position.data, position.len);
	struct slice key;

	*ret_phase = 0;
	ret_at->len = 0;
	if (position.len == 0)
		return 0;
	*ret_phase = decode_u8(&from);
	key = decode_rest(&from);
	if (*ret_phase >= ARRAY_LENGTH(phases) || key.len > TABLE_KEY_MAX)
		return INBOX_INVALID;
	ret_at->len = key.len;
	if (key.len > 0)
		memcpy(ret_at->bytes, key.data, key.len);
	return 0;
}

static void give_position(struct export *export, uint8_t phase, const struct table_key *at)
{
	struct buffer *position = &export->store->ids;

	buffer_clear(position);
	encode_u8(position, phase);
	buffer_append(position, at->bytes, at->len);
	export->reply->answer.more = true;
	export->reply->answer.position = buffer_slice(position);
}

int store_export(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	struct export export = { .store = store, .reply = reply, .only = request->user };
	unsigned examined = 0;
	struct table_key at;
	uint8_t phase;
	int r = read_position(request->position, &phase, &at);

	(void)user;
	if (r != 0)
		return r;
	for (; phase < ARRAY_LENGTH(phases); phase++, at.len = 0) {
		if (export.only.len > 0 && !phases[phase].of_users)
			continue;
		r = export_phase(&export, &phases[phase], &at, &examined);
		if (r < 0)
			return r;
		if (r != TABLE_NONE)
			break;
	}
	if (phase < ARRAY_LENGTH(phases))
		give_position(&export, phase, &at);
	return buffer_status(&store->ids);
}
