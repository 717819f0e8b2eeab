/*
 * Attempts: for a day, what a CREATE or BROADCAST with a key has led to. The answer is all
 * in the identifier of the first notification and in the time; the rest is what was asked
 * for, and an attempt that asks for something else is refused.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { ATTEMPT_VERSION = 1 };

static const int64_t ATTEMPT_LIFE = INT64_C(24) * 3600 * 1000; /* milliseconds */

static struct table_key key_of(const struct inbox_request *request)
{
	return table_key_digest(request->caller.name, request->once->key);
}

int attempt_find(struct store *store, const struct inbox_request *request,
	struct store_reply *reply)
{
	struct table_key key;
	struct slice value, body, id;
	struct decoder from;
	uint8_t version;
	int r;

	if (!request->once)
		return 0;
	key = key_of(request);
	r = table_get(store->attempts, store->txn, &key, &value);
	if (r == TABLE_NONE)
		return request->only_repeat ? INBOX_NOT_FOUND : 0;
	if (r < 0)
		return r;
	from = decoder_of(value.data, value.len);
	version = decode_u8(&from);
	body = decode_bytes(&from, INBOX_DIGEST_BYTES);
	id = decode_bytes(&from, UUID_BYTES);
	reply->answer.affected = decode_u64(&from);
	if (decoder_finish(&from) < 0 || version != ATTEMPT_VERSION)
		return -EBADMSG;
	if (memcmp(body.data, request->once->body, INBOX_DIGEST_BYTES) != 0)
		return INBOX_CONFLICT;
	memcpy(reply->answer.next.bytes, id.data, UUID_BYTES);
	reply->answer.replayed = true;
	return ATTEMPT_FOUND;
}

int attempt_keep(struct store *store, const struct inbox_request *request,
	const struct store_reply *reply)
{
	struct buffer *value = store_value(store);
	struct table_key key;
	int r;

	if (!request->once)
		return 0;
	key = key_of(request);
	encode_u8(value, ATTEMPT_VERSION);
	buffer_append(value, request->once->body, INBOX_DIGEST_BYTES);
	buffer_append(value, reply->answer.next.bytes, UUID_BYTES);
	encode_u64(value, reply->answer.affected);
	r = store_put(store, store->attempts, &key);
	return r < 0 ? r : due_add(store, timestamp_now() + ATTEMPT_LIFE, DUE_ATTEMPT, &key);
}
