/*
 * Attempts: for a day, what a CREATE or BROADCAST with a key has led to. The answer is all
 * in the identifier of the first notification and in the time; the rest is what was asked
 * for, and an attempt that asks for something else is refused.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

enum {
	ATTEMPT_VERSION = 1,
	REMOVED_MAX = 64,     /* in one step of forgetting … */
	EXAMINED_MAX = 4096,  /* … which looks no further than this */
};

static const int64_t ATTEMPT_LIFE = INT64_C(24) * 3600 * 1000; /* milliseconds */

static struct table_key key_of(const struct inbox_request *request)
{
	return table_key_digest(request->caller.name, request->once->key);
}

/* What is kept of an attempt. */
struct attempt {
	uint8_t body[INBOX_DIGEST_BYTES];
	struct uuid id; /* of the first notification */
	int64_t time;	/* of the answer */
};

static int attempt_decode(struct slice value, struct attempt *ret_attempt)
{
	struct decoder from = decoder_of(value.data, value.len);
	uint8_t version = decode_u8(&from);
	struct slice body = decode_bytes(&from, INBOX_DIGEST_BYTES);
	struct uuid id = decode_uuid(&from);
	uint64_t time = decode_u64(&from);

	if (decoder_finish(&from) < 0 || version != ATTEMPT_VERSION || time > TIMESTAMP_MAX)
		return -EBADMSG;
	memcpy(ret_attempt->body, body.data, INBOX_DIGEST_BYTES);
	ret_attempt->id = id;
	ret_attempt->time = (int64_t)time;
	return 0;
}

int attempt_end(struct slice value, int64_t *ret_time)
{
	struct attempt attempt;
	int r = attempt_decode(value, &attempt);

	if (r == 0)
		*ret_time = attempt.time + ATTEMPT_LIFE;
	return r;
}

int attempt_find(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	struct attempt attempt = { 0 };
	struct table_key key;
	struct slice value;
	int r;

	if (!request->once)
		return 0;
	key = key_of(request);
	r = table_get(store->attempts, store->txn, &key, &value);
	if (r == TABLE_NONE)
		return request->only_repeat ? INBOX_NOT_FOUND : 0;
	if (r == 0)
		r = attempt_decode(value, &attempt);
	if (r < 0)
		return r;
	if (memcmp(attempt.body, request->once->body, INBOX_DIGEST_BYTES) != 0)
		return INBOX_CONFLICT;
	reply->answer.affected = (uint64_t)attempt.time;
	reply->answer.next = attempt.id;
	reply->answer.replayed = true;
	return ATTEMPT_FOUND;
}

int attempt_keep(struct store *store, const struct inbox_request *request,
	const struct store_reply *reply)
{
	struct buffer *value = store_value(store);
	int64_t end = (int64_t)reply->answer.affected + ATTEMPT_LIFE;
	struct table_key key;
	int r;

	if (!request->once)
		return 0;
	key = key_of(request);
	encode_u8(value, ATTEMPT_VERSION);
	buffer_append(value, request->once->body, INBOX_DIGEST_BYTES);
	encode_uuid(value, &reply->answer.next);
	encode_u64(value, reply->answer.affected);
	r = store_put(store, store->attempts, &key);
	return r < 0 ? r : due_add(store, end, DUE_ATTEMPT, &key);
}

static int remove_attempt(struct store *store, const struct table_key *key)
{
	struct slice value;
	int64_t end;
	int r = table_get(store->attempts, store->txn, key, &value);

	if (r == 0)
		r = attempt_end(value, &end);
	if (r == 0)
		r = due_remove(store, end, DUE_ATTEMPT, key);
	return r == 0 ? table_delete(store->attempts, store->txn, key) : r;
}

/* The keys of a caller's attempts up to this notification, as many as there is room for. */
static int collect(struct store *store, struct slice caller, const struct uuid *upto,
	struct table_key keys[static REMOVED_MAX])
{
	struct table_key prefix = table_key_user(caller);
	struct attempt attempt;
	struct table_walk walk;
	struct slice key, value;
	int count = 0;
	int r = table_walk_begin(store->attempts, store->txn, table_key_slice(&prefix), &walk);

	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < EXAMINED_MAX && count < REMOVED_MAX; i++) {
		r = table_walk_up(&walk, NULL, &key, &value);
		if (r == 0)
			r = attempt_decode(value, &attempt);
		if (r == 0 && uuid_compare(&attempt.id, upto) <= 0) {
			keys[count].len = key.len;
			memcpy(keys[count++].bytes, key.data, key.len);
		}
	}
	table_walk_end(&walk);
	return r < 0 ? r : count;
}

int attempt_remove_some(struct store *store, struct slice caller, const struct uuid *upto)
{
	struct table_key keys[REMOVED_MAX];
	int count = collect(store, caller, upto, keys);
	int r = 0;

	for (int i = 0; r >= 0 && i < count; i++)
		r = remove_attempt(store, &keys[i]);
	return r < 0 ? r : count;
}
