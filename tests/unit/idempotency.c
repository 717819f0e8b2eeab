/* Keys: what is one, and what it counts for. */
#include "cgi/idempotency.h"

#include "tests/tap.h"

#include <stdio.h>

static int read_key(const char *key, const char *path, const char *body,
	struct inbox_once *ret_once)
{
	char text[512];
	char *variables[] = { key ? text : NULL, NULL };
	struct http_request request = { .variables = variables, .body = slice_of(body) };

	snprintf(text, sizeof(text), "HTTP_IDEMPOTENCY_KEY=%s", key ? key : "");
	return idempotency_read(&request, slice_of(path), ret_once);
}

static void test_keys(void)
{
	char longest[IDEMPOTENCY_KEY_MAX + 2] = "";
	struct inbox_once once;

	memset(longest, 'k', IDEMPOTENCY_KEY_MAX);
	ok_int_equal(read_key(NULL, "/", "", &once), IDEMPOTENCY_NONE, "no key");
	ok_int_equal(read_key("", "/", "", &once), IDEMPOTENCY_MALFORMED, "an empty key");
	ok_int_equal(read_key("k", "/", "", &once), 0, "the shortest key");
	ok_int_equal(read_key(longest, "/", "", &once), 0, "the longest key");
	longest[IDEMPOTENCY_KEY_MAX] = 'k';
	ok_int_equal(read_key(longest, "/", "", &once), IDEMPOTENCY_MALFORMED, "a longer key");
	for (int c = 1; c < 256; c++) {
		char key[] = { 'a', (char)c, 'b', 0 };

		ok_int_equal(read_key(key, "/", "", &once),
			c >= 0x20 && c < 0x7f ? 0 : IDEMPOTENCY_MALFORMED, "byte %d in a key", c);
	}
}

static void ok_hex(const uint8_t *digest, const char *expected, const char *what)
{
	char text[2 * INBOX_DIGEST_BYTES + 1];

	for (size_t i = 0; i < INBOX_DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	ok_string_equal(text, expected, "%s", what);
}

/* These stay the same from version to version: the store keeps them for a day. */
static void test_digests(void)
{
	struct inbox_once once, other;

	ok_int_equal(read_key("k-1", "/batch", "abc", &once), 0, "a key");
	ok_hex(once.body, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"the body's digest is that of its bytes");
	ok_hex(once.key, "55a7e4060b25e39d1e767f20fd66e1060419c2247bb3b3a6f8182ccda2122700",
		"the key's digest is of the path, a NUL and the key");
	read_key("k-1", "/batch", "abd", &other);
	tap_ok(memcmp(once.key, other.key, sizeof(once.key)) == 0, "whatever the body is");
	tap_ok(memcmp(once.body, other.body, sizeof(once.body)) != 0, "another body");
	read_key("k-1", "/", "abc", &other);
	tap_ok(memcmp(once.key, other.key, sizeof(once.key)) != 0, "another path");
	read_key("k-2", "/batch", "abc", &other);
	tap_ok(memcmp(once.key, other.key, sizeof(once.key)) != 0, "another key");
	read_key("hk-1", "/batc", "abc", &other);
	tap_ok(memcmp(once.key, other.key, sizeof(once.key)) != 0,
		"path and key do not run together");
}

int main(void)
{
	test_keys();
	test_digests();
	return tap_done();
}
