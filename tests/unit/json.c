/* Strict JSON: what is taken and what is refused, and members as they stand in the text. */
#include "lib/json.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <errno.h>

/* json_parse() of a copy that ends where the text ends, for the sanitizer's sake. */
static int parse(struct slice text, struct json_object **ret_object)
{
	_cleanup_(freeing_memory) char *copy = malloc(text.len ? text.len : 1);
	struct json_object *object = NULL;
	int r;

	if (!copy)
		abort();
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	r = json_parse((struct slice){ copy, text.len }, &object);
	if (ret_object)
		*ret_object = object;
	else
		json_object_put(object);
	return r;
}

static void test_accepted(void)
{
	static const char *const texts[] = { "{}", "[]", " { } ", "\t[\n]\r", "null", "true",
		"false", "0", "-0", "1", "-1", "10", "0.5", "-0.05", "1e5", "1E+05", "1.5e-3",
		"0e0", "123456789012345678901234567890", "\"\"", "\"a\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\u20AC\"", "\"\\u0000\"",
		"\"\\ud83d\\udd14\"", "\"\\uDBFF\\uDFFF\"", "\"\x7f\"",
		"\"\u00e9\u20ac\U0001F514\"", "[1,2,3]", "[ 1 , [ ] , { } ]", "{\"a\":1}",
		" { \"a\" : 1 , \"b\" : [ null ] } ", "{\"\":1}", "{\"a\":{\"a\":1,\"a\":2}}",
		"[{\"a\":1},{\"a\":2}]", "{\"a\":1,\"A\":2}", "\"/*\"" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(parse(slice_of(texts[i]), NULL), 0, "takes %s", texts[i]);
}

static void test_malformed(void)
{
	static const char *const texts[] = { "", " ", "{", "}", "[", "]", "{}}", "[]]", "{]", "[}",
		"{} {}", "1 2", "{}x", "nul", "nulll", "tru", "True", "NULL", "NaN", "Infinity",
		"-Infinity", "[NaN]", "{\"a\":Infinity}", "01", "-01", "00", "[00]", "1.", "[1.]",
		".5", "+1", "-", "1e", "1e+", "1e1.5", "--1", "0x10", "1_0", "'a'", "\"", "\"a",
		"\"\\\"", "\"\\", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u12G4\"",
		"\"\\ud83d\\u12\"", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\"}", "{\"a\":}",
		"{\"a\" 1}", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}",
		"{\"a\":1;\"b\":2}", "// c\n1", "/* c */1", "[1] // c", "\"\t\"", "\"a\nb\"",
		"\"\x01\"", "\"\x1f\"", "[\f1]", "[1\v]", "{\"a\\u0000b\":1}", "{\"a\nb\":1}",
		"\\u0031", "@" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(parse(slice_of(texts[i]), NULL), JSON_MALFORMED, "refuses %s",
			texts[i]);
	ok_int_equal(parse((struct slice){ 0 }, NULL), JSON_MALFORMED, "refuses no text at all");
	ok_int_equal(parse(SLICE("\"a\0b\""), NULL), JSON_MALFORMED, "refuses a NUL in a string");
	ok_int_equal(parse(SLICE("1\0"), NULL), JSON_MALFORMED, "refuses a NUL behind the value");
	ok_int_equal(parse(SLICE("[\0]"), NULL), JSON_MALFORMED, "refuses a NUL between tokens");
	ok_int_equal(parse(SLICE("\"\\\0\""), NULL), JSON_MALFORMED, "refuses an escaped NUL");
	ok_int_equal(parse(SLICE("\"\\u0\0\""), NULL), JSON_MALFORMED, "refuses a NUL as a digit");
	ok_int_equal(parse(SLICE("\xEF\xBB\xBF{}"), NULL), JSON_MALFORMED,
		"refuses a byte order mark");
}

static void test_encoding(void)
{
	static const char *const texts[] = { "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
		"\"\xe2\x82\"", "\xff", "\"\xf4\x90\x80\x80\"", "\"\\ud83d\"", "\"\\ud83dx\"",
		"\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\ud83d\\ud83d\"", "\"\\udd14\"",
		"{\"\\ud83d\":1}" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(parse(slice_of(texts[i]), NULL), JSON_ENCODING, "encoding %zu", i);
}

static void test_depth(void)
{
	for (unsigned levels = JSON_DEPTH - 1; levels <= JSON_DEPTH + 1; levels++) {
		for (unsigned kind = 0; kind < 2; kind++) {
			_cleanup_(buffer_release) struct buffer text = { 0 };

			for (unsigned i = 0; i < levels; i++)
				buffer_append_string(&text, kind ? "[" : "{\"a\":");
			buffer_append_string(&text, "1");
			for (unsigned i = 0; i < levels; i++)
				buffer_append_string(&text, kind ? "]" : "}");
			ok_int_equal(parse(buffer_slice(&text), NULL),
				levels > JSON_DEPTH ? JSON_TOO_DEEP : 0, "%u levels of %s", levels,
				kind ? "arrays" : "objects");
		}
	}
	ok_int_equal(parse(SLICE("[[[[[[[[[[[[[[[[[[[[[[[["), NULL), JSON_TOO_DEEP, "never closed");
	ok_int_equal(parse(SLICE("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"), NULL),
		0, "many beside each other are not deep");
}

static void test_duplicates(void)
{
	static const char *const texts[] = { "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":null}",
		"{\"sub\":1,\"s\\u0075b\":2}", "{\"a\":{\"b\":1},\"a\":{\"b\":1}}",
		"{\"\":1,\"\":1}" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(parse(slice_of(texts[i]), NULL), JSON_DUPLICATE, "duplicate: %s",
			texts[i]);
}

/* Each text cut short is refused, or, where a number is cut, still a whole text. */
static void test_cuts(void)
{
	static const char text[] =
		" {\"a\" : [1.5e3, true, null, \"\\u20ac\\n\u20ac\"], \"b\" : {\"c\" : {}}}";

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		int r = parse((struct slice){ text, n }, NULL);

		tap_ok(r == JSON_MALFORMED || r == JSON_ENCODING, "cut after %zu bytes", n);
	}
	ok_int_equal(parse(SLICE(text), NULL), 0, "not cut");
}

static void test_strings(void)
{
	struct json_object *object = NULL;
	struct slice string;

	ok_int_equal(parse(SLICE("\"a\\u0000\\ud83d\\udd14\""), &object), 0, "a string");
	string = json_string(object);
	ok_bytes_equal(string.data, string.len, "a\0\U0001F514", 6, "as bytes, NUL included");
	json_object_put(object);
	ok_int_equal(parse(SLICE("\"\""), &object), 0, "an empty string");
	tap_ok(json_string(object).data && json_string(object).len == 0, "is not NULL");
	json_object_put(object);
	ok_int_equal(parse(SLICE("7"), &object), 0, "a number");
	tap_ok(!json_string(object).data, "is no string");
	json_object_put(object);
	tap_ok(!json_string(NULL).data, "null is no string");
}

static void ok_member(const char *text, const char *name, const char *expected)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };
	int r = json_copy_member(&to, slice_of(text), name);

	ok_int_equal(parse(slice_of(text), NULL), 0, "a valid text: %s", text);
	ok_int_equal(r, expected ? 0 : -ENOENT, "member %s", name);
	ok_string_equal(buffer_string(&to), expected ? expected : "", "is as it was given");
}

static void test_members(void)
{
	ok_member("{\"data\":{\"n\":123456789012345678901234567890,\"f\":1.10,\"z\":-0}}", "data",
		"{\"n\":123456789012345678901234567890,\"f\":1.10,\"z\":-0}");
	ok_member(" { \"a\" : 1 , \"data\" : { \"z\" : [ 1 , 2 ] , \"a\" : \" x \\\" \\\\\" } , "
		  "\"b\" : 2 } ",
		"data", "{\"z\":[1,2],\"a\":\" x \\\" \\\\\"}");
	ok_member("{\"data\":\"\\u00e9\\/\"\r\n}", "data", "\"\\u00e9\\/\"");
	ok_member("{\"data\":7}", "data", "7");
	ok_member("{\"data\" :\tnull\n}", "data", "null");
	ok_member("{\"x\":{\"data\":1},\"data\":2}", "data", "2");
	ok_member("{\"x\":\"\\\"data\\\":1\",\"data\":2}", "data", "2");
	ok_member("{\"x\":{\"data\":1}}", "data", NULL);
	ok_member("{\"dat\\u0061\":1}", "data", NULL);
	ok_member("{\"dat\":1,\"dataa\":2}", "data", NULL);
	ok_member("{}", "data", NULL);
	ok_member("[\"data\",1]", "data", NULL);
	ok_member("\"data\"", "data", NULL);
	ok_member("{\"\":1}", "", "1");
}

/* The elements, each with "|" behind it; or why there are none. */
static void ok_elements(const char *text, int expected_result, const char *expected)
{
	_cleanup_(buffer_release) struct buffer found = { 0 };
	struct slice elements, element;
	int r = json_open_array(slice_of(text), "list", &elements);

	ok_int_equal(r, expected_result, "the array of %s", text);
	while (r == 0 && json_next_element(&elements, &element)) {
		buffer_append_slice(&found, element);
		buffer_append_string(&found, "|");
	}
	ok_string_equal(buffer_string(&found), expected, "its elements");
}

static void test_elements(void)
{
	ok_elements("{\"list\":[]}", 0, "");
	ok_elements(" { \"list\" :\n[ ] } ", 0, "");
	ok_elements("{\"list\":[1]}", 0, "1|");
	ok_elements("{\"list\":[1,[2,3],{\"a\":[4,5]},\"],\",null]}", 0,
		"1|[2,3]|{\"a\":[4,5]}|\"],\"|null|");
	ok_elements("{\"list\":[ 1 ,\t2\n]}", 0, " 1 |\t2\n|");
	ok_elements("{\"list\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", 0,
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]|");
	ok_elements("{\"list\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}", JSON_TOO_DEEP, "");
	ok_elements("{\"list\":[1,]}", JSON_MALFORMED, "");
	ok_elements("{\"list\":[\"\xff\"]}", JSON_ENCODING, "");
	ok_elements("", JSON_MALFORMED, "");
	ok_elements("{\"list\":7}", -ENOENT, "");
	ok_elements("{\"list\":{\"list\":[]}}", -ENOENT, "");
	ok_elements("{\"list\":[],\"list\":[]}", -ENOENT, "");
	ok_elements("{\"list\":[],\"other\":1}", -ENOENT, "");
	ok_elements("{\"lists\":[]}", -ENOENT, "");
	ok_elements("[{\"list\":[]}]", -ENOENT, "");
	ok_elements("[]", -ENOENT, "");
	ok_elements("{}", -ENOENT, "");
}

static void ok_quoted(struct slice string, const char *expected)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };

	json_append_string(&to, string);
	ok_string_equal(buffer_string(&to), expected, "quoted as %s", expected);
}

static void test_quoting(void)
{
	unsigned wrong = 0;

	ok_quoted((struct slice){ 0 }, "\"\"");
	ok_quoted(SLICE("a/b \u20ac\x7f"), "\"a/b \u20ac\x7f\"");
	ok_quoted(SLICE("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	ok_quoted(SLICE("a\0\x01\x1f"), "\"a\\u0000\\u0001\\u001f\"");
	ok_quoted(SLICE("\"middle\"end"), "\"\\\"middle\\\"end\"");
	for (int c = 0; c < 0x80; c++) {
		char before[] = { 'a', (char)c, 'z' };
		_cleanup_(buffer_release) struct buffer text = { 0 };
		_cleanup_(freeing_json) struct json_object *object = NULL;

		json_append_string(&text, (struct slice){ before, 3 });
		wrong += parse(buffer_slice(&text), &object) != 0 ||
			 !slice_equal(json_string(object), (struct slice){ before, 3 });
	}
	ok_int_equal(wrong, 0, "each ASCII character comes back");
}

static void test_problems(void)
{
	for (int error = JSON_MALFORMED; error <= JSON_DUPLICATE; error++)
		for (int other = JSON_MALFORMED; other < error; other++)
			tap_ok(strcmp(json_problem((enum json_error)error),
				       json_problem((enum json_error)other)) != 0,
				"errors %d and %d are told apart", error, other);
}

static void test_typed_members(void)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	int64_t number = 7;
	struct slice text = SLICE("kept");

	parse(SLICE("{\"n\":5,\"f\":1.5,\"t\":\"x\",\"e\":\"\",\"z\":null}"), &object);
	ok_int_equal(json_member_number(object, "n", 5, 5, -1, &number), 0, "a number in its limits");
	ok_int_equal(number, 5, "is given");
	ok_int_equal(json_member_number(object, "none", 1, 9, -1, &number), 0, "one that is absent");
	ok_int_equal(number, -1, "is what it is then");
	ok_int_equal(json_member_number(object, "n", 6, 9, 0, &number), -EINVAL, "below the least");
	ok_int_equal(json_member_number(object, "n", 1, 4, 0, &number), -EINVAL, "above the most");
	ok_int_equal(json_member_number(object, "f", 0, 9, 0, &number), -EINVAL, "not a whole one");
	ok_int_equal(json_member_number(object, "t", 0, 9, 0, &number), -EINVAL, "a text");
	ok_int_equal(json_member_number(object, "z", 0, 9, 0, &number), -EINVAL, "null");
	ok_int_equal(number, -1, "nothing is handed out then");
	ok_int_equal(json_member_text(object, "n", &text), -EINVAL, "a number is no text");
	ok_int_equal(json_member_text(object, "z", &text), -EINVAL, "nor is null");
	tap_ok(slice_is(text, "kept"), "nothing is handed out then");
	ok_int_equal(json_member_text(object, "t", &text), 0, "a text");
	tap_ok(slice_is(text, "x"), "is given");
	ok_int_equal(json_member_text(object, "e", &text), 0, "an empty one");
	tap_ok(text.data && text.len == 0, "is there");
	ok_int_equal(json_member_text(object, "none", &text), 0, "one that is absent");
	tap_ok(!text.data, "is not");
}

int main(void)
{
	test_typed_members();
	test_accepted();
	test_malformed();
	test_encoding();
	test_depth();
	test_duplicates();
	test_cuts();
	test_strings();
	test_members();
	test_elements();
	test_quoting();
	test_problems();
	return tap_done();
}
