/* SHA-256 by the examples of FIPS 180-4's supplement. */
#include "lib/digest.h"

#include "tests/tap.h"

#include <stdio.h>

static void ok_digest(struct slice bytes, const char *expected, const char *what)
{
	uint8_t digest[DIGEST_BYTES];
	char text[2 * DIGEST_BYTES + 1];

	ok_int_equal(digest_of(bytes, digest), 0, "%s has a digest", what);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	ok_string_equal(text, expected, "the right one");
}

int main(void)
{
	static char a[1000000];

	memset(a, 'a', sizeof(a));
	ok_digest((struct slice){ 0 },
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "nothing");
	ok_digest(SLICE("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"abc");
	ok_digest(SLICE("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "two blocks");
	ok_digest((struct slice){ a, sizeof(a) },
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "a million");
	return tap_done();
}
