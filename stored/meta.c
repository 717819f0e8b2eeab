/*
 * What the store knows of itself: the table "meta", a few names with values, and what is
 * remembered of it and of other tables while the store is open.
 */
#include "stored/store_internal.h"

#include "lib/log.h"
#include "lib/timestamp.h"

#include <errno.h>

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

int meta_get_number(struct store *store, const char *name, uint64_t *ret_number)
{
	struct decoder from;
	struct slice value;
	int r = meta_get(store, name, &value);

	if (r == TABLE_NONE) {
		*ret_number = 0;
		return 0;
	}
	if (r < 0)
		return r;
	from = decoder_of(value.data, value.len);
	*ret_number = decode_u64(&from);
	return decoder_finish(&from);
}

int meta_put_number(struct store *store, const char *name, uint64_t number)
{
	struct table_key key = table_key_name(name);

	encode_u64(store_value(store), number);
	return store_put(store, store->meta, &key);
}

int meta_put_schema(struct store *store)
{
	return meta_put(store, "schema", slice_of(STORE_SCHEMA));
}

int meta_check_schema(struct store *store)
{
	if (store->schema == 0)
		return meta_put_schema(store);
	if (store->schema < STORE_SCHEMA_NUMBER)
		return store_migrate(store);
	if (store->schema == STORE_SCHEMA_NUMBER)
		return 0;
	log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
		"the store has schema version %u, this program knows versions up to %s; install "
		"the version of tidings that wrote it, or a newer one",
		store->schema, STORE_SCHEMA);
	return -EPROTONOSUPPORT;
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

int meta_save_last_id(struct store *store)
{
	if (uuid_compare(&store->last_id, &store->durable_id) == 0)
		return 0;
	return meta_put(store, "last-id",
		(struct slice){ (const char *)store->last_id.bytes, UUID_BYTES });
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

int meta_load(struct store *store)
{
	int r = load_last_id(store);

	return r < 0 ? r : load_epoch(store);
}

static int has_rows(struct store *store, struct table *table, bool *ret_has)
{
	struct slice all = { 0 }, key, value;
	struct table_walk walk;
	int r = table_walk_begin(table, store->txn, all, &walk);

	if (r < 0)
		return r;
	r = table_walk_up(&walk, NULL, &key, &value);
	table_walk_end(&walk);
	if (r < 0)
		return r;
	*ret_has = r == 0;
	return 0;
}

int meta_remember(struct store *store)
{
	int r = live_load(store);

	if (r == 0)
		r = meta_get_number(store, "seq-floor", &store->seq_floor);
	if (r == 0)
		r = has_rows(store, store->revoked, &store->has_revoked);
	store->next_due = 0;
	store->ahead = false;
	return r;
}
