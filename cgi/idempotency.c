/*
 * Keys and bodies become digests here, see idempotency.h. The bytes of the body are what
 * counts, not what they mean: who repeats a request sends what was sent.
 */
#include "cgi/idempotency.h"

#include "lib/buffer.h"
#include "lib/digest.h"

static bool key_valid(struct slice key)
{
	if (key.len < 1 || key.len > IDEMPOTENCY_KEY_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++)
		if (key.data[i] < 0x20 || key.data[i] > 0x7e)
			return false;
	return true;
}

/* The NUL is in neither of them: "/a" and "bc" are not "/ab" and "c". */
static int digest_key(struct slice path, struct slice key, uint8_t *ret_digest)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int r;

	buffer_append_slice(&text, path);
	buffer_append(&text, "", 1);
	buffer_append_slice(&text, key);
	r = buffer_status(&text);
	return r < 0 ? r : digest_of(buffer_slice(&text), ret_digest);
}

int idempotency_read(const struct http_request *request, struct slice path,
	struct inbox_once *ret_once)
{
	const char *key = http_variable(request, "HTTP_IDEMPOTENCY_KEY");
	struct inbox_once once;
	int r;

	_Static_assert(sizeof(once.key) == DIGEST_BYTES && sizeof(once.body) == DIGEST_BYTES,
		"the store's digests are these");
	if (!key)
		return IDEMPOTENCY_NONE;
	if (!key_valid(slice_of(key)))
		return IDEMPOTENCY_MALFORMED;
	r = digest_key(path, slice_of(key), once.key);
	if (r == 0)
		r = digest_of(request->body, once.body);
	if (r == 0)
		*ret_once = once;
	return r;
}
