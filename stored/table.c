/* Tables over Berkeley DB, see table.h. */
#include "stored/table.h"

#include "lib/codec.h"
#include "stored/environment.h"

#include <assert.h>
#include <errno.h>

enum { FIRST_VALUE_SIZE = 2048, VERIFY_CACHE = 16 << 20 /* bytes */ };

struct table {
	DB *db;
	struct buffer key;   /* what the last walk found */
	struct buffer value; /* what the last read found */
};

static void key_append(struct table_key *key, const void *bytes, size_t n)
{
	assert(key->len + n <= sizeof(key->bytes));
	if (n > 0)
		memcpy(key->bytes + key->len, bytes, n);
	key->len += n;
}

struct table_key table_key_user(struct slice user)
{
	struct table_key key;

	key.len = 0;
	key_append(&key, user.data, user.len);
	key_append(&key, "", 1);
	return key;
}

struct table_key table_key_id(struct slice user, const struct uuid *id)
{
	struct table_key key = table_key_user(user);

	key_append(&key, id->bytes, UUID_BYTES);
	return key;
}

struct table_key table_key_slot(struct slice user, uint8_t slot)
{
	struct table_key key = table_key_user(user);

	key_append(&key, &slot, 1);
	return key;
}

struct table_key table_key_digest(struct slice user, const uint8_t digest[static TABLE_DIGEST_BYTES])
{
	struct table_key key = table_key_user(user);

	key_append(&key, digest, TABLE_DIGEST_BYTES);
	return key;
}

struct table_key table_key_due(int64_t time, uint8_t kind, struct slice what)
{
	struct table_key key;
	uint8_t bytes[9];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)time >> (56 - 8 * i));
	bytes[8] = kind;
	key.len = 0;
	key_append(&key, bytes, sizeof(bytes));
	key_append(&key, what.data, what.len);
	return key;
}

struct table_key table_key_name(const char *name)
{
	struct table_key key;

	key.len = 0;
	key_append(&key, name, strlen(name));
	return key;
}

int table_key_get_id(struct slice key, struct uuid *ret_id)
{
	if (key.len <= UUID_BYTES || key.data[key.len - UUID_BYTES - 1] != '\0')
		return -EBADMSG;
	memcpy(ret_id->bytes, key.data + key.len - UUID_BYTES, UUID_BYTES);
	return 0;
}

int table_key_get_user(struct slice key, struct slice *ret_user)
{
	const char *end = key.len > 0 ? memchr(key.data, '\0', key.len) : NULL;

	if (!end)
		return -EBADMSG;
	*ret_user = (struct slice){ .data = key.data, .len = (size_t)(end - key.data) };
	return 0;
}

int table_key_get_due(struct slice key, int64_t *ret_time, uint8_t *ret_kind, struct slice *ret_key)
{
	struct decoder from = decoder_of(key.data, key.len);
	uint64_t time = decode_u64(&from);
	uint8_t kind = decode_u8(&from);

	if (from.failed || time > INT64_MAX)
		return -EBADMSG;
	*ret_time = (int64_t)time;
	*ret_kind = kind;
	*ret_key = decode_rest(&from);
	return 0;
}

static int open_file(DB *db, DB_TXN *txn, const char *name, u_int32_t flags)
{
	char file[64];
	int r = db->set_flags(db, DB_CHKSUM);

	if (r == 0 && snprintf(file, sizeof(file), "%s.db", name) >= (int)sizeof(file))
		r = ENAMETOOLONG;
	if (r == 0)
		r = db->open(db, txn, file, NULL, DB_BTREE, flags | DB_THREAD, 0640);
	return environment_error(r);
}

static int open_table(DB_ENV *handle, DB_TXN *txn, const char *name, u_int32_t flags,
	struct table **ret_table)
{
	struct table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return -ENOMEM;
	r = environment_error(db_create(&table->db, handle, 0));
	if (r == 0)
		r = open_file(table->db, txn, name, flags);
	if (r == 0 && (!buffer_reserve(&table->value, FIRST_VALUE_SIZE) ||
			!buffer_reserve(&table->key, TABLE_KEY_MAX)))
		r = -ENOMEM;
	if (r < 0) {
		table_close(table);
		return r;
	}
	*ret_table = table;
	return 0;
}

int table_open(DB_ENV *handle, DB_TXN *txn, const char *name, struct table **ret_table)
{
	return open_table(handle, txn, name, DB_CREATE, ret_table);
}

int table_open_existing(DB_ENV *handle, DB_TXN *txn, const char *name, struct table **ret_table)
{
	return open_table(handle, txn, name, 0, ret_table);
}

int table_open_to_read(DB_ENV *handle, const char *name, struct table **ret_table)
{
	return open_table(handle, NULL, name, DB_RDONLY, ret_table);
}

/* What is found first; what follows is often but a consequence. */
struct verification {
	struct slice path;
	struct buffer *why;
};

static void on_verify_message(const DB_ENV *handle, const char *prefix, const char *message)
{
	struct verification *verification = handle->app_private;
	size_t len = verification->path.len;

	(void)prefix;
	if (verification->why->len > 0)
		return;
	if (strncmp(message, verification->path.data, len) == 0 && message[len] == ':')
		message += len + strspn(message + len, ": ");
	buffer_append_string(verification->why, message);
}

/* Returns as the library does. The handle is gone afterwards. */
static int verify_file(DB *db, struct verification *verification)
{
	DB_ENV *handle = db->get_env(db); /* one that the library makes for it */
	int r = db->set_cachesize(db, 0, VERIFY_CACHE, 1);

	if (r != 0) {
		db->close(db, 0);
		return r;
	}
	handle->app_private = verification;
	db->set_errcall(db, on_verify_message);
	return db->verify(db, verification->path.data, NULL, NULL, 0);
}

int table_verify(const char *directory, const char *name, struct buffer *why)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	struct verification verification = { .why = why };
	DB *db;
	int r;

	buffer_print(&path, "%s/%s.db", directory, name);
	if (!buffer_string(&path))
		return -ENOMEM;
	verification.path = buffer_slice(&path);
	r = db_create(&db, NULL, 0);
	if (r == 0)
		r = verify_file(db, &verification);
	if (r == 0 || r == ENOMEM)
		return environment_error(r);
	if (why->len == 0)
		buffer_append_string(why, db_strerror(r));
	return TABLE_DAMAGED;
}

struct table *table_close(struct table *table)
{
	if (!table)
		return NULL;
	if (table->db)
		table->db->close(table->db, 0);
	buffer_release(&table->key);
	buffer_release(&table->value);
	free(table);
	return NULL;
}

/* A thing that the library reads from us. */
static DBT given(const void *data, size_t len)
{
	return (DBT){ .data = (void *)data, .size = (u_int32_t)len };
}

/* A thing that the library writes into the buffer. */
static DBT wanted(struct buffer *buffer)
{
	return (DBT){
		.data = buffer->data, .ulen = (u_int32_t)buffer->size, .flags = DB_DBT_USERMEM
	};
}

/* Makes room for what did not fit. */
static int make_room(struct buffer *buffer, const DBT *dbt)
{
	buffer->len = 0;
	return buffer_reserve(buffer, dbt->size) ? 0 : -ENOMEM;
}

int table_get(struct table *table, DB_TXN *txn, const struct table_key *key, struct slice *ret_value)
{
	DBT key_dbt = given(key->bytes, key->len);
	DBT value_dbt = wanted(&table->value);
	int r = table->db->get(table->db, txn, &key_dbt, &value_dbt, 0);

	if (r == DB_BUFFER_SMALL) {
		r = make_room(&table->value, &value_dbt);
		if (r < 0)
			return r;
		value_dbt = wanted(&table->value);
		r = table->db->get(table->db, txn, &key_dbt, &value_dbt, 0);
	}
	if (r == DB_NOTFOUND)
		return TABLE_NONE;
	if (r != 0)
		return environment_error(r);
	*ret_value = (struct slice){ .data = value_dbt.data, .len = value_dbt.size };
	return 0;
}

int table_put(struct table *table, DB_TXN *txn, const struct table_key *key, struct slice value)
{
	DBT key_dbt = given(key->bytes, key->len);
	DBT value_dbt = given(value.data, value.len);

	return environment_error(table->db->put(table->db, txn, &key_dbt, &value_dbt, 0));
}

int table_delete(struct table *table, DB_TXN *txn, const struct table_key *key)
{
	DBT key_dbt = given(key->bytes, key->len);
	int r = table->db->del(table->db, txn, &key_dbt, 0);

	return r == DB_NOTFOUND ? TABLE_NONE : environment_error(r);
}

int table_walk_begin(struct table *table, DB_TXN *txn, struct slice prefix,
	struct table_walk *ret_walk)
{
	struct table_walk walk = { .table = table, .prefix = prefix };
	int r = environment_error(table->db->cursor(table->db, txn, &walk.cursor, 0));

	if (r == 0)
		*ret_walk = walk;
	return r;
}

void table_walk_end(struct table_walk *walk)
{
	if (walk->cursor)
		walk->cursor->close(walk->cursor);
	walk->cursor = NULL;
}

/* Moves the cursor; `start` is where DB_SET_RANGE begins. */
static int walk_move(struct table_walk *walk, u_int32_t how, struct slice start, struct slice *ret_key,
	struct slice *ret_value)
{
	struct table *table = walk->table;
	DBT key, value;
	int r;

	do {
		key = wanted(&table->key);
		value = wanted(&table->value);
		if (how == DB_SET_RANGE) {
			memcpy(key.data, start.data, start.len);
			key.size = (u_int32_t)start.len;
		}
		r = walk->cursor->get(walk->cursor, &key, &value, how);
	} while (r == DB_BUFFER_SMALL && (r = make_room(&table->value, &value)) == 0 &&
		 make_room(&table->key, &key) == 0);
	if (r == DB_NOTFOUND)
		return TABLE_NONE;
	if (r != 0)
		return r == -ENOMEM ? r : environment_error(r);
	if (key.size > TABLE_KEY_MAX)
		return -EBADMSG; /* callers copy keys */
	*ret_key = (struct slice){ .data = key.data, .len = key.size };
	*ret_value = (struct slice){ .data = value.data, .len = value.size };
	return 0;
}

static int within_prefix(const struct table_walk *walk, struct slice key)
{
	bool within = key.len >= walk->prefix.len &&
		      (walk->prefix.len == 0 ||
			      memcmp(key.data, walk->prefix.data, walk->prefix.len) == 0);

	return within ? 0 : TABLE_NONE;
}

int table_walk_up(struct table_walk *walk, const struct table_key *from, struct slice *ret_key,
	struct slice *ret_value)
{
	struct slice start = walk->prefix;
	int r;

	if (from)
		start = (struct slice){ .data = from->bytes, .len = from->len };
	if (walk->begun) {
		r = walk_move(walk, DB_NEXT, start, ret_key, ret_value);
	} else {
		walk->begun = true;
		r = walk_move(walk, start.len ? DB_SET_RANGE : DB_FIRST, start, ret_key, ret_value);
		if (r == 0 && from && slice_equal(*ret_key, start))
			r = walk_move(walk, DB_NEXT, start, ret_key, ret_value);
	}
	return r == 0 ? within_prefix(walk, *ret_key) : r;
}

/* The first key behind the prefix's range: the prefix with its last byte raised. */
static struct table_key behind_prefix(struct slice prefix)
{
	struct table_key key = { .len = prefix.len };

	memcpy(key.bytes, prefix.data, prefix.len);
	key.bytes[key.len - 1]++; /* a user's prefix ends in NUL */
	return key;
}

int table_walk_down(struct table_walk *walk, const struct table_key *from, struct slice *ret_key,
	struct slice *ret_value)
{
	struct table_key behind;
	int r;

	if (!walk->begun) {
		walk->begun = true;
		behind = from ? *from : behind_prefix(walk->prefix);
		r = walk_move(walk, DB_SET_RANGE,
			(struct slice){ .data = behind.bytes, .len = behind.len }, ret_key, ret_value);
		r = walk_move(walk, r == TABLE_NONE ? DB_LAST : DB_PREV, walk->prefix, ret_key,
			ret_value);
	} else {
		r = walk_move(walk, DB_PREV, walk->prefix, ret_key, ret_value);
	}
	return r == 0 ? within_prefix(walk, *ret_key) : r;
}
