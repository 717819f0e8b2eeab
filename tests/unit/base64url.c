/* Base64url: one spelling for each run of bytes, and nothing else. */
#include "lib/base64url.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const char *from, size_t n, char *to)
{
	base64url_encode((struct slice){ from, n }, to);
	return BASE64URL_CHARACTERS(n);
}

static int decode(const char *text, size_t n, char *to, size_t *ret_len)
{
	return base64url_decode((struct slice){ text, n }, to, ret_len);
}

/* The test vectors of RFC 4648, section 10, less their padding. */
static void test_vectors(void)
{
	static const char *const rows[][2] = { { "", "" }, { "Zg", "f" }, { "Zm8", "fo" },
		{ "Zm9v", "foo" }, { "Zm9vYg", "foob" }, { "Zm9vYmE", "fooba" },
		{ "Zm9vYmFy", "foobar" } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char bytes[16], text[16];
		size_t n = 99;

		ok_int_equal(decode(rows[i][0], strlen(rows[i][0]), bytes, &n), 0, "%s",
			rows[i][0]);
		ok_bytes_equal(bytes, n, rows[i][1], strlen(rows[i][1]), "is %s", rows[i][1]);
		ok_bytes_equal(text, encode(rows[i][1], strlen(rows[i][1]), text), rows[i][0],
			strlen(rows[i][0]), "and the other way round");
	}
}

/* Every text of three characters: taken exactly if it is what an encoder makes. */
static void test_exhaustively(void)
{
	unsigned wrong = 0, taken = 0;

	for (size_t n = 1; n <= 3; n++) {
		for (unsigned i = 0; i < 64 * 64 * 64; i++) {
			char text[3] = { alphabet[i & 63], alphabet[i >> 6 & 63],
				alphabet[i >> 12] };
			char bytes[BASE64URL_BYTES(3)], again[8];
			size_t len;

			if ((n < 3 && i >= 64 * 64) || (n < 2 && i >= 64))
				break;
			if (decode(text, n, bytes, &len) != 0)
				continue;
			taken++;
			wrong += encode(bytes, len, again) != n || memcmp(again, text, n) != 0;
		}
	}
	ok_int_equal(taken, 256 + 65536, "as many texts are taken as there are runs of bytes");
	ok_int_equal(wrong, 0, "each of them decodes to what encodes to it");
}

static void test_foreign_characters(void)
{
	char bytes[BASE64URL_BYTES(4)];
	unsigned wrong = 0;
	size_t n;

	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 4; at++) {
			char text[4] = "AAAA";
			bool known = c != 0 && strchr(alphabet, c);

			text[at] = (char)c;
			wrong += (decode(text, 4, bytes, &n) == 0) != known;
		}
	}
	ok_int_equal(wrong, 0, "each character at each place");
}

static void test_refused(void)
{
	static const char *const texts[] = { "A", "AAAAA", "Zg==", "Zm8=", "Zg=", "Zh", "Zm9",
		"Z g", "Zm9v\n", " Zm9v", "Zm9v ", "+/+/", "Zm9v.", "=", "====" };
	char bytes[16];
	size_t n = 99;

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(decode(texts[i], strlen(texts[i]), bytes, &n), -EBADMSG,
			"refuses \"%s\"", texts[i]);
	ok_int_equal((intmax_t)n, 99, "and says no length");
}

int main(void)
{
	test_vectors();
	test_exhaustively();
	test_foreign_characters();
	test_refused();
	return tap_done();
}
