/* UTF-8: every boundary of RFC 3629's table, and every cut of it. */
#include "lib/utf8.h"

#include "lib/result.h"
#include "tests/tap.h"

/* Writes a code point, surrogates and what lies beyond U+10FFFF included. */
static size_t put(unsigned char *to, unsigned code, size_t bytes)
{
	static const unsigned char marks[] = { 0, 0x00, 0xC0, 0xE0, 0xF0, 0xF8 };

	for (size_t i = bytes; i-- > 1; code >>= 6)
		to[i] = (unsigned char)(0x80 | (code & 0x3F));
	to[0] = (unsigned char)(marks[bytes] | code);
	return bytes;
}

static long length_of(const void *bytes, size_t n)
{
	return utf8_length((struct slice){ bytes, n });
}

static size_t bytes_for(unsigned code)
{
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static void test_all_code_points(void)
{
	unsigned wrong = 0;
	unsigned char text[8];

	for (unsigned code = 0; code < 0x120000; code++) {
		bool valid = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
		size_t n = put(text, code, bytes_for(code));

		wrong += length_of(text, n) != (valid ? 1 : UTF8_INVALID);
		for (size_t longer = n + 1; longer <= 4; longer++)
			wrong += length_of(text, put(text, code, longer)) != UTF8_INVALID;
	}
	ok_int_equal(wrong, 0, "each code point in each number of bytes, up to U+11FFFF");
}

/* All sequences of two bytes, against the table written the other way round. */
static void test_pairs(void)
{
	unsigned wrong = 0;

	for (unsigned pair = 0; pair < 0x10000; pair++) {
		unsigned char text[] = { (unsigned char)(pair >> 8), (unsigned char)pair };
		long expected = UTF8_INVALID;

		if (text[0] < 0x80 && text[1] < 0x80)
			expected = 2;
		else if (text[0] >= 0xC2 && text[0] <= 0xDF && (text[1] & 0xC0) == 0x80)
			expected = 1;
		wrong += length_of(text, 2) != expected;
	}
	ok_int_equal(wrong, 0, "each pair of bytes");
}

static void test_cuts(void)
{
	static const char text[] = "a\u00e9\u20ac\U0001F514";
	static const long lengths[] = { 0, 1, -1, 2, -1, -1, 3, -1, -1, -1, 4 };

	for (size_t n = 0; n < ARRAY_LENGTH(lengths); n++)
		ok_int_equal(length_of(text, n), lengths[n], "cut after %zu bytes", n);
	ok_int_equal(utf8_length((struct slice){ 0 }), 0, "no bytes at all");
	ok_int_equal(length_of("a\0b", 3), 3, "a NUL counts");
	ok_int_equal(length_of("\xE2\x28\xA1", 3), UTF8_INVALID, "a second byte that is none");
	ok_int_equal(length_of("\xE2\x82(", 3), UTF8_INVALID, "a third byte that is none");
	ok_int_equal(length_of("\xF0\x9F\x94(", 4), UTF8_INVALID, "a fourth byte that is none");
}

static bool has_control(unsigned code, const char *except)
{
	unsigned char text[8] = "ab";
	size_t n = 1 + put(text + 1, code, bytes_for(code));

	text[n++] = 'z';
	return utf8_has_control((struct slice){ (char *)text, n }, except);
}

static void test_controls(void)
{
	unsigned wrong = 0;

	for (unsigned code = 0; code < 0x3000; code++) {
		bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);

		wrong += has_control(code, "") != control;
		wrong += has_control(code, "\n\t") != (control && code != '\n' && code != '\t');
	}
	ok_int_equal(wrong, 0, "exactly C0, DEL and C1 are control characters");
	tap_ok(!utf8_has_control((struct slice){ 0 }, ""), "none in nothing");
	tap_ok(utf8_has_control(SLICE("ok\x7F"), "\n"), "one at the end");
	tap_ok(!utf8_has_control(SLICE("\u00e9\u00a0"), ""), "U+00A0 is none");
}

int main(void)
{
	test_all_code_points();
	test_pairs();
	test_cuts();
	test_controls();
	return tap_done();
}
