/*
 * From an older schema to the present one, in one transaction.
 *
 * Version 1 knew when a notification ends, but nothing ended it: what is due was not
 * listed. It had no broadcasts; the rows of its users are read as they are.
 */
#include "stored/store_internal.h"

#include "lib/log.h"

static int list_due(struct store *store, struct slice key, struct slice value)
{
	struct table_key copy = { .len = key.len };
	struct uuid id;
	struct row row;
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
