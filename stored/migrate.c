/*
 * From an older schema to the present one, in one transaction, after the store was copied as
 * it is.
 *
 * Version 1 knew when a notification ends, but nothing ended it: what is due was not
 * listed. It had no broadcasts; the rows of its users are read as they are.
 */
#include "stored/store_internal.h"

#include "lib/log.h"
#include "stored/copy.h"

#include <errno.h>

static const char KEPT[] = "before-schema-" STORE_SCHEMA;

static int read_schema(struct store *store, struct table *meta)
{
	struct table_key key = table_key_name("schema");
	char digits[16] = "";
	struct slice value;
	int r = table_get(meta, NULL, &key, &value);

	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	memcpy(digits, value.data, value.len < sizeof(digits) ? value.len : sizeof(digits) - 1);
	store->schema = (unsigned)strtoul(digits, NULL, 10);
	return store->schema > 0 ? 0 : -EBADMSG;
}

int store_find_schema(struct store *store)
{
	struct table *meta;
	int r = table_open_to_read(environment_handle(store->environment), "meta", &meta);

	if (r < 0)
		return r == -ENOENT && environment_is_new(store->environment) ? 0 : r;
	r = read_schema(store, meta);
	table_close(meta);
	return r;
}

int store_keep_old(struct store *store)
{
	const char *home = environment_home(store->environment);
	int r;

	if (store->schema != 1)
		return 0;
	r = copy_make(store->environment, KEPT, NULL);
	if (r < 0) {
		log_error("%s: has an older schema, and cannot be copied before it is changed: %s", home,
			strerror(-r));
		return r;
	}
	log_info("the store is kept as it was in %s/%s; remove that when all is well", home, KEPT);
	return 0;
}

static int list_due(struct store *store, struct slice key, struct slice value)
{
	struct table_key copy = { .len = key.len };
	struct uuid id;
	struct row row = { 0 };
	int r = table_key_get_id(key, &id);

	if (r == 0)
		r = row_decode(value, &id, &row);
	if (r < 0 || !row.notification.expires)
		return r;
	memcpy(copy.bytes, key.data, key.len);
	return due_add(store, row.notification.expires, DUE_NOTIFICATION, &copy);
}

int store_migrate(struct store *store)
{
	struct slice all = { 0 }, key, value;
	struct table_walk walk;
	int r = table_walk_begin(store->notifications, store->txn, all, &walk);

	if (r < 0)
		return r;
	log_info("the store has schema version 1 and is brought to version %s", STORE_SCHEMA);
	while ((r = table_walk_up(&walk, NULL, &key, &value)) == 0) {
		r = list_due(store, key, value);
		if (r < 0)
			break;
	}
	table_walk_end(&walk);
	return r < 0 ? r : meta_put_schema(store);
}
