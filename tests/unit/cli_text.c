/* cli/text: what reaches a terminal, and how wide it is there. */
#include "cli/text.h"
#include "tests/tap.h"

static const char REPLACEMENT[] = "\xef\xbf\xbd";

static void appended(const char *text, size_t len, size_t columns, const char *expected,
	size_t expected_width, const char *what)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };
	size_t width = text_append(&buffer, (struct slice){ .data = text, .len = len }, columns);

	ok_string_equal(buffer_string(&buffer), expected, "%s: the text", what);
	ok_int_equal(width, expected_width, "%s: the width", what);
}

#define APPENDED(text, columns, expected, width, what) \
	appended(text, sizeof(text) - 1, columns, expected, width, what)

static void test_cut(void)
{
	APPENDED("", 0, "", 0, "nothing into nothing");
	APPENDED("a", 0, "", 0, "no room at all");
	APPENDED("a", 1, "a", 1, "one column, filled");
	APPENDED("ab", 1, "…", 1, "one column, too narrow");
	APPENDED("abcde", 5, "abcde", 5, "exactly filled");
	APPENDED("abcdef", 5, "abcd…", 5, "one too many");
	APPENDED("abcdef", TEXT_UNCUT, "abcdef", 6, "not cut");
	APPENDED("日本語", 6, "日本語", 6, "wide characters, exactly filled");
	APPENDED("日本語", 5, "日本…", 5, "wide characters, cut");
	APPENDED("日本語", 4, "日…", 3, "half a wide character is left empty");
	APPENDED("e\u0301a\u0301", 2, "e\u0301a\u0301", 2, "combining marks take no column");
	APPENDED("e\u0301a\u0301b", 2, "e\u0301…", 2, "a mark stays with its letter");
}

static void test_harmful(void)
{
	APPENDED("a\nb\tc\rd", TEXT_UNCUT, "a b c d", 7, "white space becomes spaces");
	APPENDED("\033[31mred", TEXT_UNCUT, "\ufffd[31mred", 8, "escape");
	APPENDED("a\0b", TEXT_UNCUT, "a\ufffdb", 3, "NUL");
	APPENDED("\x7f", TEXT_UNCUT, "\ufffd", 1, "delete");
	APPENDED("\xc2\x9b"
		 "31m",
		TEXT_UNCUT, "\ufffd31m", 4, "C1 control sequence introducer");
	APPENDED("\u202eabc", TEXT_UNCUT, "\ufffdabc", 4, "right-to-left override");
	APPENDED("\u2066abc\u2069", TEXT_UNCUT, "\ufffdabc\ufffd", 5, "isolates");
	APPENDED("\u2028", TEXT_UNCUT, "\ufffd", 1, "line separator");
	APPENDED("\u202f", TEXT_UNCUT, "\u202f", 1, "the neighbour of a range stays");
}

/* Every control character, in every form in which a terminal could take it. */
static void test_all_controls(void)
{
	unsigned wrong = 0;

	for (unsigned c = 0; c < 0xa0; c++) {
		_cleanup_(buffer_release) struct buffer buffer = { 0 };
		char text[2] = { (char)c, 0 };
		size_t len = 1;

		if (c >= 0x20 && c < 0x7f)
			continue;
		if (c >= 0x80) {
			text[0] = (char)0xc2;
			text[1] = (char)c;
			len = 2;
		}
		text_append(&buffer, (struct slice){ text, len }, TEXT_UNCUT);
		if (strcmp(buffer_string(&buffer), REPLACEMENT) != 0 &&
			strcmp(buffer_string(&buffer), " ") != 0)
			wrong++;
	}
	ok_int_equal(wrong, 0, "no control character passes");
}

static void test_not_utf8(void)
{
	APPENDED("a\xff"
		 "b",
		TEXT_UNCUT, "a\ufffdb", 3, "a byte of no sequence");
	APPENDED("\x9b"
		 "31m",
		TEXT_UNCUT, "\ufffd31m", 4, "a bare C1 byte");
	APPENDED("\xe6\x97", TEXT_UNCUT, "\ufffd\ufffd", 2, "a sequence that ends early");
	APPENDED("\xe6\x97"
		 "a",
		TEXT_UNCUT, "\ufffd\ufffda", 3, "a sequence that is broken off");
	APPENDED("\xc0\x9b", TEXT_UNCUT, "\ufffd\ufffd", 2, "an overlong escape");
	APPENDED("\xed\xa0\x80", TEXT_UNCUT, "\ufffd\ufffd\ufffd", 3, "a surrogate");
	APPENDED("\xf4\x90\x80\x80", TEXT_UNCUT, "\ufffd\ufffd\ufffd\ufffd", 4, "above Unicode");
}

static void test_padded(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };

	text_append_padded(&buffer, SLICE("ab"), 4, false);
	text_append_padded(&buffer, SLICE("cd"), 4, true);
	text_append_padded(&buffer, SLICE("日本語"), 4, false);
	text_append_padded(&buffer, SLICE("xyz"), 3, true);
	ok_string_equal(buffer_string(&buffer), "ab    cd日… xyz", "left, right, cut, full");
}

static void test_json(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };

	text_append_json(&buffer, SLICE("{\"a\":\"\\n\xc2\x9b\u202eé\x7f\"}"));
	ok_string_equal(buffer_string(&buffer), "{\"a\":\"\\n\\u009b\\u202eé\\u007f\"}",
		"escapes in the place of what steers a terminal, and nothing else");
}

int main(void)
{
	text_init();
	test_cut();
	test_harmful();
	test_all_controls();
	test_not_utf8();
	test_padded();
	test_json();
	return tap_done();
}
