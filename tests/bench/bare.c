/*
 * The bare loop, see bare.h.
 *
 * Keys and values are made by the store's own codecs, so that they are of the same
 * sizes and differ from what they replace in the same bytes, which is what the
 * library logs. They are made before the clock runs: only calls of the library
 * are timed. Keep prepare() and put_all() beside store_create() and
 * store_change(): that both log as much tells whether they are.
 */
#include "tests/bench/bare.h"

#include "lib/timestamp.h"
#include "stored/environment.h"
#include "stored/row.h"
#include "stored/store_internal.h"
#include "stored/table.h"
#include "tests/bench/greeting.h"
#include "tests/bench/samples.h"
#include "tests/bench/workload.h"

#include <errno.h>

enum {
	CHECKPOINT_KBYTES = 16384,    /* of log between two checkpoints: bounds recovery */
	HOUSE_NS = 100 * 1000 * 1000, /* between two looks at whether one is due */
};

/* What one create puts. */
struct prepared {
	struct table_key notification, user, slot;
	struct buffer row, counts, ring, message;
};

struct bare {
	struct environment *environment;
	struct table *notifications, *unread, *users, *changes, *meta;
	bool flushes;
	uint64_t next; /* number of the next create */
	struct uuid last_id;
	int64_t house_kept;
	struct buffer json, record;
	uint64_t seqs[WORKLOAD_USERS];
	struct prepared batch[BARE_BATCH_MAX];
};

static int open_tables(struct bare *bare, DB_TXN *txn)
{
	DB_ENV *handle = environment_handle(bare->environment);
	int r;

	if ((r = table_open(handle, txn, "notifications", &bare->notifications)) < 0 ||
		(r = table_open(handle, txn, "unread", &bare->unread)) < 0 ||
		(r = table_open(handle, txn, "users", &bare->users)) < 0 ||
		(r = table_open(handle, txn, "changes", &bare->changes)) < 0 ||
		(r = table_open(handle, txn, "meta", &bare->meta)) < 0)
		return r;
	return 0;
}

int bare_new(const struct config *config, struct bare **ret_bare)
{
	_cleanup_(freeing_bare_free) struct bare *bare = calloc(1, sizeof(*bare));
	DB_TXN *txn = NULL;
	int r;

	if (!bare)
		return -ENOMEM;
	bare->flushes = config->store.durability == DURABILITY_SYNC;
	r = environment_open(config, &bare->environment);
	if (r == 0)
		r = environment_begin(bare->environment, &txn);
	if (r < 0)
		return r;
	r = open_tables(bare, txn);
	if (r < 0) {
		environment_abort(txn);
		return r;
	}
	r = environment_commit(bare->environment, txn);
	if (r < 0)
		return r;
	*ret_bare = take(bare);
	return 0;
}

static void prepared_release(struct prepared *prepared)
{
	buffer_release(&prepared->row);
	buffer_release(&prepared->counts);
	buffer_release(&prepared->ring);
	buffer_release(&prepared->message);
}

struct bare *bare_free(struct bare *bare)
{
	if (!bare)
		return NULL;
	table_close(bare->notifications);
	table_close(bare->unread);
	table_close(bare->users);
	table_close(bare->changes);
	table_close(bare->meta);
	environment_close(bare->environment);
	for (size_t i = 0; i < BARE_BATCH_MAX; i++)
		prepared_release(&bare->batch[i]);
	buffer_release(&bare->json);
	buffer_release(&bare->record);
	free(bare);
	return NULL;
}

/* What of the change goes into the ring, and the message of the log that tells it in full. */
static void prepare_change(struct bare *bare, struct prepared *prepared, struct slice name,
	const struct user *user, const struct notification *notification)
{
	char id[UUID_SIZE];
	struct change change = {
		.kind = CHANGE_CREATED,
		.counts = user->counts,
		.time = notification->created,
		.user = name,
		.ids = { id, UUID_LENGTH },
	};

	uuid_format(&notification->id, id);
	buffer_clear(&prepared->ring);
	change_format(&prepared->ring, &change);
	buffer_clear(&bare->json);
	notification_format(&bare->json, notification);
	change.notification = buffer_slice(&bare->json);
	buffer_clear(&bare->record);
	change_format(&bare->record, &change);
	buffer_clear(&prepared->message);
	change_format_message(&prepared->message, buffer_slice(&bare->record), 1, 1);
}

static int prepared_status(struct prepared *prepared)
{
	bool whole = buffer_status(&prepared->row) == 0 && buffer_status(&prepared->counts) == 0 &&
		     buffer_status(&prepared->ring) == 0 && buffer_string(&prepared->message);

	return whole ? 0 : -ENOMEM;
}

static int prepare(struct bare *bare, struct prepared *prepared)
{
	unsigned index = workload_user(bare->next++);
	uint64_t seq = ++bare->seqs[index];
	struct user user = { .counts = { seq, seq, seq, seq } };
	char text[WORKLOAD_NAME];
	struct slice name = workload_name("user", index, text);
	struct draft draft = workload_draft(name);
	struct row row = { .notification = { .type = draft.type,
				   .created = timestamp_now(),
				   .category = draft.category,
				   .content = draft.content } };
	int r = uuid_next(&bare->last_id, row.notification.created);

	if (r < 0)
		return r;
	row.notification.id = bare->last_id;
	prepared->notification = table_key_id(name, &bare->last_id);
	prepared->user = table_key_user(name);
	prepared->slot = table_key_slot(name, (uint8_t)(seq % RING_LENGTH));
	buffer_clear(&prepared->row);
	row_encode(&prepared->row, &row);
	buffer_clear(&prepared->counts);
	user_encode(&prepared->counts, &user);
	prepare_change(bare, prepared, name, &user, &row.notification);
	return prepared_status(prepared);
}

/* The puts of one create, in the store's order. */
static int put_all(struct bare *bare, DB_TXN *txn, struct prepared *prepared)
{
	const struct slice nothing = { .data = "" };
	int r;

	if ((r = table_put(bare->notifications, txn, &prepared->notification,
		     buffer_slice(&prepared->row))) < 0 ||
		(r = table_put(bare->unread, txn, &prepared->notification, nothing)) < 0 ||
		(r = table_put(bare->users, txn, &prepared->user,
			 buffer_slice(&prepared->counts))) < 0 ||
		(r = table_put(bare->changes, txn, &prepared->slot,
			 buffer_slice(&prepared->ring))) < 0)
		return r;
	return environment_log(bare->environment, txn, prepared->message.data);
}

/* What a commit of the store writes besides: the newest identifier. */
static int put_last_id(struct bare *bare, DB_TXN *txn)
{
	struct table_key key = table_key_name("last-id");
	struct slice id = { (const char *)bare->last_id.bytes, UUID_BYTES };

	return table_put(bare->meta, txn, &key, id);
}

/* A checkpoint when one is due, in the simplest way; and old logs go. */
static int keep_house(struct bare *bare)
{
	DB_ENV *handle = environment_handle(bare->environment);
	int64_t now = clock_ns();
	int r;

	if (now - bare->house_kept < HOUSE_NS)
		return 0;
	bare->house_kept = now;
	r = environment_error(handle->txn_checkpoint(handle, CHECKPOINT_KBYTES, 0, 0));
	return r == 0 ? environment_keep_house(bare->environment) : r;
}

static int run_transaction(struct bare *bare, size_t count)
{
	DB_ENV *handle = environment_handle(bare->environment);
	DB_TXN *txn;
	int r = environment_error(handle->txn_begin(handle, NULL, &txn, DB_TXN_WRITE_NOSYNC));

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = put_all(bare, txn, &bare->batch[i]);
	if (r == 0)
		r = put_last_id(bare, txn);
	if (r < 0) {
		txn->abort(txn);
		return r;
	}
	r = environment_error(txn->commit(txn, DB_TXN_WRITE_NOSYNC));
	if (r == 0 && bare->flushes)
		r = environment_error(handle->log_flush(handle, NULL));
	return r == 0 ? keep_house(bare) : r;
}

/* Makes one transaction, and adds what it costs. */
static int create_batch(struct bare *bare, size_t size, struct bare_cost *cost)
{
	int64_t begin, begin_cpu;
	int r = 0;

	for (size_t i = 0; r == 0 && i < size; i++)
		r = prepare(bare, &bare->batch[i]);
	if (r < 0)
		return r;
	begin = clock_ns();
	begin_cpu = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	r = run_transaction(bare, size);
	cost->passed += (double)(clock_ns() - begin) / 1e9;
	cost->cpu += (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - begin_cpu) / 1e9;
	return r;
}

int bare_create(struct bare *bare, uint64_t count, unsigned batch, struct bare_cost *ret_cost)
{
	struct bare_cost cost = { 0 };
	int r = 0;

	while (r == 0 && count > 0) {
		size_t size = count < batch ? (size_t)count : batch;

		r = create_batch(bare, size, &cost);
		count -= size;
	}
	if (r == 0)
		*ret_cost = cost;
	return r;
}

int64_t bare_log_end(struct bare *bare)
{
	uint32_t file, offset;
	int r = environment_position(bare->environment, &file, &offset);

	return r < 0 ? r : log_position(file, offset);
}
