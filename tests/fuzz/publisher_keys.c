/*
 * A publisher key as it is presented, which is the first line of the input, and a file of their
 * hashes, which is the rest. What a file is understood as must be the same when it is written
 * again, and each key in it be found.
 */
#include "lib/publisher_keys.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_key(struct slice key)
{
	uint8_t digest[DIGEST_BYTES];
	int r = publisher_key_digest(key, digest);

	require(r == 0 || r == PUBLISHER_KEY_MALFORMED);
	require(r != 0 || (key.len == PUBLISHER_KEY_LENGTH && publisher_key_is_meant(key)));
}

static void check_again(const struct publisher_keys *keys)
{
	_cleanup_(publisher_keys_release) struct publisher_keys again = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char *problem;

	for (size_t i = 0; i < keys->count; i++)
		publisher_key_format(&text, &keys->list[i]);
	require(publisher_keys_parse("again", buffer_slice(&text), &again, &problem) == 0);
	require(again.count == keys->count);
	require(keys->count == 0 || (keys->list && again.list));
	for (size_t i = 0; i < keys->count; i++) {
		const struct publisher_key *key = &keys->list[i], *other = &again.list[i];

		require(publisher_name_valid(slice_of(key->name)));
		require(publisher_keys_find(keys, key->digest) == key);
		require(publisher_keys_named(keys, key->name) == key);
		require(strcmp(key->name, other->name) == 0 && key->created == other->created &&
			key->expires == other->expires &&
			memcmp(key->digest, other->digest, DIGEST_BYTES) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	_cleanup_(freeing_memory) char *problem = NULL;
	struct slice text = { (const char *)data, size }, key = { 0 };
	int r;

	slice_take_line(&text, &key);
	check_key(key);
	r = publisher_keys_parse("file", text, &keys, &problem);
	require(r == 0 ? !problem : r == -EINVAL && problem);
	if (r == 0)
		check_again(&keys);
	return 0;
}
