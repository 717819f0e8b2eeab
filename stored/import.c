/*
 * Import: puts entries into the store. What is there already stays as it is, so that an
 * import that was broken off can be done again. Entries of one user that follow one another
 * are one change.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

static void note_id(struct store *store, const struct uuid *id)
{
	if (uuid_compare(id, &store->last_id) > 0)
		store->last_id = *id;
}

static int import_broadcast(struct store *store, const struct entry *entry, int64_t now,
	uint64_t *stored)
{
	struct row row = { .notification = entry->notification };

	if (live_has(&store->live, &row.notification.id))
		return 0;
	note_id(store, &row.notification.id);
	++*stored;
	return store_begin_broadcast(store, &row, now, false);
}

static int import_user(struct store *store, const struct entry *entry, uint64_t *stored)
{
	struct user user;
	int r = store_load_user(store, entry->user, &user);

	if (r < 0 || user.known)
		return r;
	store_introduce(store, &user);
	user.since = entry->since;
	user.seen = entry->seen;
	note_id(store, &user.since); /* what comes from now on must be above them */
	note_id(store, &user.seen);
	r = store_settle_user(store, entry->user, &user);
	++*stored;
	return r < 0 ? r : store_save_user(store, entry->user, &user);
}

static int import_mark(struct store *store, const struct entry *entry, int64_t now,
	uint64_t *stored)
{
	enum change_kind kind = entry->deleted		   ? CHANGE_DELETED
				: entry->notification.read ? CHANGE_READ
							   : CHANGE_UNREAD;
	struct user user;
	struct row row;
	int r = store_load_user(store, entry->user, &user);

	if (r == 0)
		r = store_load_row(store, entry->user, &user, &entry->notification.id, &row);
	if (r != 0 || !row.notification.broadcast || row.marked)
		return r < 0 ? r : 0;
	row_discount(&row, &user);
	row.notification.read = entry->notification.read;
	row.deleted = entry->deleted;
	if (!row.deleted)
		row_count(&row, &user);
	++*stored;
	r = store_save_row(store, entry->user, &user, &row);
	return r < 0 ? r : store_change(store, entry->user, &user, kind, now, &row);
}

/* One notification; the change that tells of it is still to come. */
static int import_notification(struct store *store, const struct entry *entry, struct user *user,
	uint64_t *stored)
{
	struct row row = { .generation = user->generation, .notification = entry->notification };
	struct notification *notification = &row.notification;
	static const struct uuid none;
	struct table_key key;
	struct slice value;
	int r = 0;

	if (uuid_compare(&notification->id, &none) == 0)
		r = uuid_next(&notification->id, notification->created);
	if (r < 0)
		return r;
	key = table_key_id(entry->user, &notification->id);
	r = table_get(store->notifications, store->txn, &key, &value);
	if (r != TABLE_NONE)
		return r;
	r = store_save_row(store, entry->user, user, &row);
	if (r == 0 && notification->expires)
		r = due_add(store, notification->expires, DUE_NOTIFICATION, &key);
	if (r < 0)
		return r;
	row_count(&row, user);
	if (notification->read)
		retention_note_read(user, &row);
	note_id(store, &notification->id);
	store_add_id(&store->ids, &notification->id);
	++*stored;
	return 0;
}

/* Notifications of one user. */
static int import_inbox(struct store *store, const struct entry *entries, unsigned count,
	int64_t now, uint64_t *stored)
{
	struct slice name = entries[0].user;
	struct user user;
	int r = store_load_user(store, name, &user);

	if (r < 0)
		return r;
	if (!user.known)
		store_introduce(store, &user);
	buffer_clear(&store->ids);
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = import_notification(store, &entries[i], &user, stored);
	if (r < 0 || store->ids.len == 0)
		return r;
	r = store_change_many(store, name, &user, CHANGE_CREATED, now, buffer_slice(&store->ids));
	return r < 0 ? r : retention_trim(store, name, &user, now);
}

/* How many entries from the first on can be put together. */
static unsigned run_length(const struct entry *entries, unsigned count)
{
	unsigned n = 1;

	while (entries[0].kind == ENTRY_NOTIFICATION && n < count &&
		entries[n].kind == ENTRY_NOTIFICATION &&
		slice_equal(entries[n].user, entries[0].user))
		n++;
	return n;
}

static int import_run(struct store *store, const struct entry *entries, unsigned count, int64_t now,
	uint64_t *stored)
{
	switch (entries[0].kind) {
	case ENTRY_BROADCAST:
		return import_broadcast(store, entries, now, stored);
	case ENTRY_USER:
		return import_user(store, entries, stored);
	case ENTRY_MARK:
		return import_mark(store, entries, now, stored);
	default:
		return import_inbox(store, entries, count, now, stored);
	}
}

/* Whether all broadcasts that are new would find room, before anything is written. */
static bool broadcasts_fit(const struct store *store, const struct inbox_request *request)
{
	size_t more = 0;

	for (unsigned i = 0; i < request->entry_count; i++) {
		const struct entry *entry = &request->entries[i];

		more += entry->kind == ENTRY_BROADCAST &&
			!live_has(&store->live, &entry->notification.id);
	}
	return store->live.count + more <= INBOX_BROADCASTS_MAX;
}

int store_import(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	int64_t now = timestamp_now();
	unsigned at = 0;
	int r = 0;

	(void)user;
	if (!broadcasts_fit(store, request))
		return INBOX_TOO_MANY;
	while (r == 0 && at < request->entry_count) {
		unsigned n = run_length(&request->entries[at], request->entry_count - at);

		r = import_run(store, &request->entries[at], n, now, &reply->answer.affected);
		at += n;
	}
	return r;
}
