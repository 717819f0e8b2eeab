/*
 * One table: a B-tree of Berkeley DB in a file of its own, keys sorted as bytes.
 *
 * Values come back in memory of the table, good until the next call that reads
 * it. Keys are built in a struct table_key by the functions below.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/slice.h"
#include "lib/uuid.h"

#include <db.h>

enum {
	TABLE_DIGEST_BYTES = 32,
	TABLE_KEY_MAX = 8 + 1 + 255 + 1 + TABLE_DIGEST_BYTES, /* of table_key_due() */
};

struct table_key {
	size_t len;
	char bytes[TABLE_KEY_MAX];
};

/* A user, and below it an identifier or a small number; users hold no NUL, so none is a prefix. */
struct table_key table_key_user(struct slice user);
struct table_key table_key_id(struct slice user, const struct uuid *id);
struct table_key table_key_slot(struct slice user, uint8_t slot);
struct table_key table_key_digest(struct slice user, const uint8_t digest[static TABLE_DIGEST_BYTES]);
struct table_key table_key_name(const char *name);

/* What is due at a time, milliseconds since the epoch, in the order of times: a key of any kind. */
struct table_key table_key_due(int64_t time, uint8_t kind, struct slice key);

static inline struct slice table_key_slice(const struct table_key *key)
{
	return (struct slice){ .data = key->bytes, .len = key->len };
}

/* The identifier at the end of a key made by table_key_id(). Returns 0 or -EBADMSG. */
int table_key_get_id(struct slice key, struct uuid *ret_id);

/* The user at the front of any key that begins with one. Returns 0 or -EBADMSG. */
int table_key_get_user(struct slice key, struct slice *ret_user);

/* The parts of a key made by table_key_due(). Returns 0 or -EBADMSG. */
int table_key_get_due(struct slice key, int64_t *ret_time, uint8_t *ret_kind, struct slice *ret_key);

struct table;

/* Opens it, creating the file if there is none. Returns 0 or -errno. */
int table_open(DB_ENV *handle, DB_TXN *txn, const char *name, struct table **ret_table);
struct table *table_close(struct table *table);

/* The same, but -ENOENT if there is none. */
int table_open_existing(DB_ENV *handle, DB_TXN *txn, const char *name, struct table **ret_table);

/* Opens one that there is, to be read only. */
int table_open_to_read(DB_ENV *handle, const char *name, struct table **ret_table);

enum { TABLE_DAMAGED = 1 };

/*
 * Looks through the file of a table in this directory, which nobody writes to. It is read
 * without an environment, which a broken page would end. Returns 0; TABLE_DAMAGED and what
 * is wrong in *why; or -ENOMEM.
 */
int table_verify(const char *directory, const char *name, struct buffer *why);

enum { TABLE_NONE = 1 }; /* there is no such row, or no further one */

int table_get(struct table *table, DB_TXN *txn, const struct table_key *key, struct slice *ret_value);
int table_put(struct table *table, DB_TXN *txn, const struct table_key *key, struct slice value);
int table_delete(struct table *table, DB_TXN *txn, const struct table_key *key);

/* A walk over the rows of one user, or over all rows, in either direction. */
struct table_walk {
	struct table *table;
	DBC *cursor;
	struct slice prefix; /* into the caller's memory */
	bool begun;
};

/*
 * The walk stays within the keys that begin with `prefix` (empty: all), which
 * must live as long as the walk does. Ended by table_walk_end().
 */
int table_walk_begin(struct table *table, DB_TXN *txn, struct slice prefix,
	struct table_walk *ret_walk);
void table_walk_end(struct table_walk *walk);

/*
 * Goes to the next row above, or the previous one below, and gives it. A first
 * step starts at `from`, itself not included; NULL = at the end of the prefix's
 * range that the direction comes from. Returns 0, TABLE_NONE or -errno.
 */
int table_walk_up(struct table_walk *walk, const struct table_key *from, struct slice *ret_key,
	struct slice *ret_value);
int table_walk_down(struct table_walk *walk, const struct table_key *from, struct slice *ret_key,
	struct slice *ret_value);
