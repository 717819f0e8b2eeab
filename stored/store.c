/*
 * The store as a whole: opening, transactions, the table of operations, and what is done
 * when nothing is asked. What each operation does stands in files of their own.
 */
#include "stored/store.h"

#include "lib/home.h"
#include "lib/log.h"
#include "lib/timestamp.h"
#include "stored/copy.h"
#include "stored/store_internal.h"

#include <assert.h>
#include <errno.h>

static const struct {
	const char *name;
	size_t offset;
	unsigned since; /* the schema version that brought it */
} tables[] = {
	{ "notifications", offsetof(struct store, notifications), 1 },
	{ "unread", offsetof(struct store, unread), 1 },
	{ "users", offsetof(struct store, users), 1 },
	{ "changes", offsetof(struct store, changes), 1 },
	{ "sweeps", offsetof(struct store, sweeps), 1 },
	{ "broadcasts", offsetof(struct store, broadcasts), 2 },
	{ "marks", offsetof(struct store, marks), 2 },
	{ "due", offsetof(struct store, due), 2 },
	{ "attempts", offsetof(struct store, attempts), 2 },
	{ "revoked", offsetof(struct store, revoked), 2 },
	{ "meta", offsetof(struct store, meta), 1 },
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
	[INBOX_BROADCAST] = { store_broadcast, true },
	[INBOX_WITHDRAW] = { store_withdraw, true },
	[INBOX_WITHDRAW_BROADCAST] = { store_withdraw_broadcast, true },
	[INBOX_FORGET] = { store_forget, true },
	[INBOX_REVOKE] = { store_revoke, true },
	[INBOX_EXPORT] = { store_export, false },
	[INBOX_IMPORT] = { store_import, true },
	[INBOX_STATISTICS] = { store_statistics, false },
};

const char *store_table_name(size_t i)
{
	return i < ARRAY_LENGTH(tables) ? tables[i].name : NULL;
}

struct table **store_table(struct store *store, size_t i)
{
	return (struct table **)((char *)store + tables[i].offset);
}

/* A table is made in a new store, or if the store's schema had none; else it must be there. */
static int open_tables(struct store *store)
{
	DB_ENV *handle = environment_handle(store->environment);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(tables); i++) {
		if (tables[i].since > store->schema)
			r = table_open(handle, store->txn, tables[i].name, store_table(store, i));
		else
			r = table_open_existing(handle, store->txn, tables[i].name,
				store_table(store, i));
	}
	return r;
}

static int watch_files(struct store *store)
{
	char file[64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(tables); i++) {
		snprintf(file, sizeof(file), "%s.db", tables[i].name);
		r = environment_add_file(store->environment, file);
	}
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
		r = meta_check_schema(store);
	if (r == 0)
		r = meta_load(store);
	if (r == 0)
		r = meta_remember(store);
	if (r < 0) {
		store_abort(store);
		return r;
	}
	r = environment_commit(store->environment, take(store->txn));
	if (r == 0)
		r = environment_flush(store->environment);
	if (r == 0)
		r = watch_files(store);
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
	retention_init(&store->retention, config);
	counters_init(&store->counters);
	r = environment_open(config, &store->environment);
	if (r < 0)
		return r;
	r = store_find_schema(store);
	if (r == 0)
		r = store_keep_old(store);
	if (r == 0)
		r = open_content(store);
	if (r < 0) {
		if (r != -EPROTONOSUPPORT)
			log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
				"%s: cannot open the tables: %s; if files are damaged or missing, "
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
		table_close(*store_table(store, i));
	environment_close(store->environment);
	buffer_release(&store->value);
	buffer_release(&store->record);
	buffer_release(&store->json);
	buffer_release(&store->ids);
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

/* What a transaction that failed has changed in memory is read from the tables again. */
static void store_remember(struct store *store)
{
	if (store->ahead && meta_remember(store) < 0)
		log_error("what the store remembers cannot be read again");
}

int store_begin(struct store *store)
{
	assert(!store->txn);
	return environment_begin(store->environment, &store->txn);
}

int store_commit(struct store *store)
{
	int r = meta_save_last_id(store);

	if (r < 0) {
		store_abort(store);
		return r;
	}
	r = environment_commit(store->environment, take(store->txn));
	if (r < 0) {
		counters_abort(&store->counters);
		store_remember(store);
		return r;
	}
	counters_commit(&store->counters);
	store->durable_id = store->last_id;
	store->ahead = false;
	return 0;
}

void store_abort(struct store *store)
{
	environment_abort(take(store->txn));
	counters_abort(&store->counters);
	store_remember(store);
}

/* Whether a token of the caller was revoked. */
static int check_caller(struct store *store, const struct inbox_caller *caller)
{
	int64_t valid_from;
	int r = store_tokens_valid_from(store, caller->name, &valid_from);

	if (r < 0 || caller->issued >= valid_from)
		return r;
	return INBOX_REVOKED;
}

/* Makes one who asks about their own inbox for the first time a user. */
static int welcome(struct store *store, struct slice name, struct user *user)
{
	if (!store->txn)
		return STORE_STRANGER;
	store_introduce(store, user);
	return store_save_user(store, name, user);
}

static int load_asked(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	const struct slice caller = request->caller.name;
	int r = store_load_user(store, request->user, user);

	if (r == 0)
		r = store_tokens_valid_from(store, request->user, &reply->answer.tokens_valid_from);
	if (r == 0 && !user->known && slice_equal(request->user, caller))
		r = welcome(store, request->user, user);
	return r;
}

int store_execute(struct store *store, const struct inbox_request *request, struct store_reply *reply)
{
	struct user user = { 0 };
	int r = 0;

	store_reply_clear(reply);
	if (request->caller.name.len > 0)
		r = check_caller(store, &request->caller);
	if (r == 0 && request->user.len > 0)
		r = load_asked(store, request, &user, reply);
	if (r == 0)
		r = operations[request->operation].run(store, request, &user, reply);
	if (r != 0)
		return r;
	reply->answer.counts = user.counts;
	reply->answer.broadcasts = store->live.changes;
	reply->answer.stranger = request->user.len > 0 && !user.known;
	return buffer_status(&reply->items);
}

/* What can be done when nothing is asked, in the order in which it is looked for. */
static const struct chore {
	bool (*due)(const struct store *store);
	int (*slice)(struct store *store);
} chores[] = {
	{ due_now, due_slice },
	{ sweep_due, sweep_slice },
	{ retention_due, retention_slice },
};

static int run_chore(struct store *store, const struct chore *chore)
{
	int r = store_begin(store);

	if (r < 0)
		return r;
	r = chore->slice(store);
	if (r < 0) {
		store_abort(store);
		return r;
	}
	return store_commit(store);
}

int store_work(struct store *store)
{
	int r = environment_write_back(store->environment);

	if (r < 0 || store_disk_full(store))
		return r < 0 ? r : STORE_IDLE;
	for (size_t i = 0; i < ARRAY_LENGTH(chores); i++)
		if (chores[i].due(store))
			return run_chore(store, &chores[i]);
	return STORE_IDLE;
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
	retention_tick(store);
	return environment_keep_house(store->environment);
}

int store_copy(struct store *store, const atomic_bool *stop)
{
	return copy_make(store->environment, HOME_BACKUP, stop);
}

int store_remove_copy(struct store *store)
{
	return copy_remove(store->environment, HOME_BACKUP);
}

int store_remove_leftovers(struct store *store)
{
	int r = store_remove_copy(store);

	return r < 0 ? r : copy_remove(store->environment, HOME_RESTORE_COPY);
}

void store_hold(struct store *store, bool held)
{
	environment_hold(store->environment, held);
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

struct counters *store_counters(struct store *store)
{
	return &store->counters;
}

void store_reply_notification(struct store_reply *reply, const struct notification *notification)
{
	encode_uuid(&reply->items, &notification->id);
	notification_encode(&reply->items, notification);
	reply->answer.items++;
}
