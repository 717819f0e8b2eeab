/*
 * The store as a whole: opening, transactions, the table of operations. What
 * each operation does stands in read.c, write.c and sweep.c.
 */
#include "stored/store.h"

#include "lib/log.h"
#include "lib/timestamp.h"
#include "stored/store_internal.h"

#include <assert.h>
#include <errno.h>

static const char SCHEMA[] = "1";

static const struct {
	const char *name;
	size_t offset;
} tables[] = {
	{ "notifications", offsetof(struct store, notifications) },
	{ "unread", offsetof(struct store, unread) },
	{ "users", offsetof(struct store, users) },
	{ "changes", offsetof(struct store, changes) },
	{ "sweeps", offsetof(struct store, sweeps) },
	{ "meta", offsetof(struct store, meta) },
};

static const struct {
	store_operation *run;
	bool writes;
} operations[INBOX_OPERATIONS] = {
	[INBOX_CREATE] = { store_create, true },
	[INBOX_GET] = { store_get, false },
	[INBOX_LIST] = { store_list, false },
	[INBOX_COUNT] = { store_count, false },
	[INBOX_CHANGES] = { store_changes, false },
	[INBOX_MARK_READ] = { store_mark_read, true },
	[INBOX_MARK_UNREAD] = { store_mark_unread, true },
	[INBOX_READ_ALL] = { store_read_all, true },
	[INBOX_SEEN] = { store_seen, true },
	[INBOX_DELETE] = { store_delete, true },
	[INBOX_DELETE_ALL] = { store_delete_all, true },
	[INBOX_DELETE_READ] = { store_delete_read, true },
};

static struct table **table_of(struct store *store, size_t i)
{
	return (struct table **)((char *)store + tables[i].offset);
}

static int meta_get(struct store *store, const char *name, struct slice *ret_value)
{
	struct table_key key = table_key_name(name);

	return table_get(store->meta, store->txn, &key, ret_value);
}

static int meta_put(struct store *store, const char *name, struct slice value)
{
	struct table_key key = table_key_name(name);

	return table_put(store->meta, store->txn, &key, value);
}

static int check_schema(struct store *store)
{
	struct slice value;
	int r = meta_get(store, "schema", &value);

	if (r == TABLE_NONE)
		return meta_put(store, "schema", slice_of(SCHEMA));
	if (r == 0 && !slice_is(value, SCHEMA)) {
		log_error("the store has schema version %.*s, this program knows version %s; "
			  "install the version of tidings that wrote it, or a newer one",
			(int)value.len, value.data, SCHEMA);
		return -EPROTONOSUPPORT;
	}
	return r;
}

static int load_last_id(struct store *store)
{
	struct slice value;
	int r = meta_get(store, "last-id", &value);

	if (r == TABLE_NONE)
		return 0;
	if (r == 0 && value.len != UUID_BYTES)
		return -EBADMSG;
	if (r == 0) {
		memcpy(store->last_id.bytes, value.data, UUID_BYTES);
		store->durable_id = store->last_id;
	}
	return r;
}

/* Names a new life of the store, and says so in the log. */
static int begin_epoch(struct store *store)
{
	struct uuid epoch = { 0 };
	struct change change = { .kind = CHANGE_EPOCH, .time = timestamp_now() };
	int r = uuid_next(&epoch, change.time);

	if (r < 0)
		return r;
	uuid_format(&epoch, store->epoch);
	change.user = slice_of(store->epoch);
	r = meta_put(store, "epoch", change.user);
	if (r < 0)
		return r;
	buffer_clear(&store->record);
	change_format(&store->record, &change);
	r = buffer_status(&store->record);
	return r < 0 ? r : store_log(store, buffer_slice(&store->record));
}

static int load_epoch(struct store *store)
{
	struct slice value;
	int r = meta_get(store, "epoch", &value);

	if (r == TABLE_NONE || (r == 0 && environment_went_down(store->environment)))
		return begin_epoch(store);
	if (r == 0 && value.len != UUID_LENGTH)
		return -EBADMSG;
	if (r == 0)
		memcpy(store->epoch, value.data, value.len);
	return r;
}

static int open_tables(struct store *store)
{
	DB_ENV *handle = environment_handle(store->environment);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(tables); i++)
		r = table_open(handle, store->txn, tables[i].name, table_of(store, i));
	return r;
}

/* All that a start writes is one transaction, flushed before anybody is served. */
static int open_content(struct store *store)
{
	int r = environment_begin(store->environment, &store->txn);

	if (r < 0)
		return r;
	r = open_tables(store);
	if (r == 0)
		r = check_schema(store);
	if (r == 0)
		r = load_last_id(store);
	if (r == 0)
		r = load_epoch(store);
	if (r < 0) {
		store_abort(store);
		return r;
	}
	r = environment_commit(store->environment, take(store->txn));
	if (r == 0)
		r = environment_flush(store->environment);
	return r < 0 ? r : environment_mark_running(store->environment);
}

DEFINE_CLEANUP(struct store *, store_close)

int store_open(const struct config *config, struct store **ret_store)
{
	_cleanup_(freeing_store_close) struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return -ENOMEM;
	store->sweeping = true;
	r = environment_open(config, &store->environment);
	if (r < 0)
		return r;
	r = open_content(store);
	if (r < 0) {
		if (r != -EPROTONOSUPPORT)
			log_error("%s: cannot open the tables: %s; if files are damaged or missing, "
				  "move the directory away and restore a backup",
				config->store.home, strerror(-r));
		return r;
	}
	*ret_store = take(store);
	return 0;
}

struct store *store_close(struct store *store)
{
	if (!store)
		return NULL;
	store_abort(store);
	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++)
		table_close(*table_of(store, i));
	environment_close(store->environment);
	buffer_release(&store->value);
	buffer_release(&store->record);
	buffer_release(&store->json);
	free(store);
	return NULL;
}

bool store_operation_writes(enum inbox_operation operation)
{
	return operations[operation].writes;
}

void store_reply_clear(struct store_reply *reply)
{
	reply->answer = (struct inbox_answer){ 0 };
	buffer_clear(&reply->items);
}

int store_begin(struct store *store)
{
	assert(!store->txn);
	return environment_begin(store->environment, &store->txn);
}

int store_commit(struct store *store)
{
	struct slice id = { (const char *)store->last_id.bytes, UUID_BYTES };
	int r = 0;

	if (uuid_compare(&store->last_id, &store->durable_id) != 0)
		r = meta_put(store, "last-id", id);
	if (r < 0) {
		store_abort(store);
		return r;
	}
	r = environment_commit(store->environment, take(store->txn));
	if (r == 0)
		store->durable_id = store->last_id;
	return r;
}

void store_abort(struct store *store)
{
	environment_abort(take(store->txn));
}

int store_execute(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	int r;

	store_reply_clear(reply);
	r = operations[request->operation].run(store, request, reply);
	return r == 0 ? buffer_status(&reply->items) : r;
}

bool store_disk_full(struct store *store)
{
	return environment_disk_full(store->environment);
}

int store_flush(struct store *store)
{
	return environment_flush(store->environment);
}

int store_keep_house(struct store *store)
{
	return environment_keep_house(store->environment);
}

int store_greeting(struct store *store, struct inbox_greeting *ret_greeting)
{
	struct inbox_greeting greeting = { 0 };
	int r;

	memcpy(greeting.epoch, store->epoch, sizeof(store->epoch));
	r = environment_position(store->environment, &greeting.log_file, &greeting.log_offset);
	if (r == 0)
		*ret_greeting = greeting;
	return r;
}

int store_load_user(struct store *store, struct slice name, struct user *ret_user)
{
	struct table_key key = table_key_user(name);
	struct slice value;
	int r = table_get(store->users, store->txn, &key, &value);

	if (r == TABLE_NONE) {
		*ret_user = (struct user){ 0 };
		return 0;
	}
	return r == 0 ? user_decode(value, ret_user) : r;
}

/* Starts to encode a value; store_put() ends it. */
static struct buffer *value_begin(struct store *store)
{
	buffer_clear(&store->value);
	return &store->value;
}

static int store_put(struct store *store, struct table *table, const struct table_key *key)
{
	int r = buffer_status(&store->value);

	return r < 0 ? r : table_put(table, store->txn, key, buffer_slice(&store->value));
}

int store_save_user(struct store *store, struct slice name, const struct user *user)
{
	struct table_key key = table_key_user(name);

	user_encode(value_begin(store), user);
	return store_put(store, store->users, &key);
}

int store_save_row(struct store *store, struct slice user, const struct row *row)
{
	struct table_key key = table_key_id(user, &row->notification.id);

	row_encode(value_begin(store), row);
	return store_put(store, store->notifications, &key);
}

int store_load_row(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row)
{
	struct table_key key = table_key_id(name, id);
	struct slice value;
	int r = table_get(store->notifications, store->txn, &key, &value);

	if (r == TABLE_NONE)
		return INBOX_NOT_FOUND;
	if (r == 0)
		r = row_decode(value, id, ret_row);
	if (r == 0)
		r = row_settle(ret_row, user);
	return r == ROW_DELETED ? INBOX_NOT_FOUND : r;
}

int store_log(struct store *store, struct slice record)
{
	unsigned parts = change_parts(record.len);
	int r = parts == 0 ? -EMSGSIZE : 0;

	for (unsigned part = 1; r == 0 && part <= parts; part++) {
		buffer_clear(&store->value);
		change_format_message(&store->value, record, part, parts);
		if (!buffer_string(&store->value))
			return -ENOMEM;
		r = environment_log(store->environment, store->txn, store->value.data);
	}
	return r;
}

int store_change(struct store *store, struct slice name, struct user *user, enum change_kind kind,
	int64_t now, const struct row *row)
{
	struct change change = { .kind = kind, .time = now, .user = name };
	struct table_key slot;
	char id[UUID_SIZE];
	int r;

	user->counts.seq++;
	change.counts = user->counts;
	if (row) {
		uuid_format(&row->notification.id, id);
		change.ids = (struct slice){ id, UUID_LENGTH };
	}
	if (row && kind == CHANGE_CREATED) {
		buffer_clear(&store->json);
		notification_format(&store->json, &row->notification);
		change.notification = buffer_slice(&store->json);
	}
	buffer_clear(&store->record);
	change_format(&store->record, &change);
	if (buffer_status(&store->json) < 0 || buffer_status(&store->record) < 0)
		return -ENOMEM;
	slot = table_key_slot(name, (uint8_t)(user->counts.seq % RING_LENGTH));
	r = table_put(store->changes, store->txn, &slot, buffer_slice(&store->record));
	if (r == 0)
		r = store_save_user(store, name, user);
	return r == 0 ? store_log(store, buffer_slice(&store->record)) : r;
}

void store_reply_counts(struct store_reply *reply, const struct user *user)
{
	reply->answer.counts = user->counts;
}

void store_reply_notification(struct store_reply *reply, const struct notification *notification)
{
	buffer_append(&reply->items, notification->id.bytes, UUID_BYTES);
	notification_encode(&reply->items, notification);
	reply->answer.items++;
}
