/* Entries: their text as it is written and read, what is refused, and their bytes. */
#include "lib/entry.h"

#include "lib/result.h"
#include "lib/timestamp.h"
#include "tests/tap.h"

static const int64_t NOW = INT64_C(1800000000000); /* 2027-01-15T08:00:00.000Z */

#define ID	  "01890000-0000-7000-8000-000000000001"
#define ZEROS	  "00000000-0000-0000-0000-000000000000"
#define CONTENT	  "\"userId\":\"alice\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\""
#define BROADCAST "\"type\":\"info\",\"title\":\"t\",\"message\":\"m\",\"broadcast\":true"
#define CREATED	  "\"createdAt\":\"2026-01-31T09:30:00.123Z\""

static int parse(const char *text, struct problems *problems, struct entry *ret_entry)
{
	*problems = (struct problems){ 0 };
	*ret_entry = (struct entry){ 0 };
	return entry_parse(slice_of(text), NOW, problems, ret_entry);
}

/* Reads the text, which must be an entry that is written as `expected`; so must be its bytes, decoded. */
static void ok_written(const char *text, const char *expected)
{
	_cleanup_(buffer_release) struct buffer again = { 0 }, bytes = { 0 }, decoded_again = { 0 };
	struct problems problems;
	struct entry entry, decoded = { 0 };
	struct decoder decoder;

	if (!tap_ok(parse(text, &problems, &entry) == 0, "takes %.150s", text)) {
		tap_note("%s: %s", problems.list[0].field, problems.list[0].sentence);
		return;
	}
	entry_format(&again, &entry);
	ok_string_equal(buffer_string(&again), expected, "and writes it");
	entry_encode(&bytes, &entry);
	decoder = decoder_of(bytes.data, bytes.len);
	entry_decode(&decoder, &decoded);
	tap_ok(decoder_finish(&decoder) == 0, "its bytes are read");
	entry_format(&decoded_again, &decoded);
	ok_string_equal(buffer_string(&decoded_again), expected, "and are the same");
	entry_release(&entry);
}

static void ok_kept(const char *text)
{
	ok_written(text, text);
}

/* The text is refused for what this field is alone. */
static void ok_refused(const char *text, const char *field, const char *sentence)
{
	struct problems problems;
	struct entry entry;

	ok_int_equal(parse(text, &problems, &entry), ENTRY_INVALID, "refuses %.150s", text);
	ok_int_equal(problems.count, 1, "for one reason");
	ok_string_equal(problems.list[0].field, field, "which is \"%s\"", field);
	if (!tap_ok(strstr(problems.list[0].sentence, sentence) != NULL, "that %s", sentence))
		tap_note("%s", problems.list[0].sentence);
	tap_ok(!entry.memory, "and makes no entry");
}

static void test_kept(void)
{
	ok_kept("{\"id\":\"" ID "\"," CONTENT "," CREATED ",\"read\":false}");
	ok_kept("{\"id\":\"" ID "\"," CONTENT "," CREATED
		",\"read\":true,\"readAt\":\"2026-02-01T00:00:00.000Z\"}");
	ok_kept("{\"id\":\"" ID "\",\"userId\":\"\\\"\xc3\xa9\\\\\",\"type\":\"error\","
		"\"title\":\"\xf0\x9f\x94\x94\",\"message\":\"a\\n\\tb\",\"link\":\"/x?a=1&b=2\","
		"\"data\":{\"n\":12345678901234567890.10,\"e\":1e999,\"a\":[null,true],\"\\u0061\":"
		"\"\\/\"},"
		"\"category\":\"a.b\",\"expiresAt\":\"2020-01-01T00:00:00.000Z\"," CREATED
		",\"read\":false}");
	ok_kept("{\"id\":\"" ID "\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\"," CREATED
		",\"read\":false,\"broadcast\":true}");
	ok_kept("{\"user\":\"alice\",\"since\":\"" ZEROS "\",\"seen\":\"" ID "\"}");
	ok_kept("{\"user\":\"a\\\"\",\"broadcast\":\"" ID "\"}");
	ok_kept("{\"user\":\"alice\",\"broadcast\":\"" ID "\",\"deleted\":true}");
	ok_kept("{\"user\":\"alice\",\"broadcast\":\"" ID
		"\",\"readAt\":\"2026-02-01T00:00:00.000Z\"}");
}

static void test_completed(void)
{
	ok_written("{" CONTENT "}", "{\"id\":\"" ZEROS "\"," CONTENT
				    ",\"createdAt\":\"2027-01-15T08:00:00.000Z\",\"read\":false}");
	ok_written("{" CONTENT "," CREATED ",\"read\":true}",
		"{\"id\":\"" ZEROS "\"," CONTENT "," CREATED
		",\"read\":true,\"readAt\":\"2026-01-31T09:30:00.123Z\"}");
	ok_written("{" CONTENT ",\"createdAt\":\"1970-01-01T00:00:00Z\",\"read\":true}",
		"{\"id\":\"" ZEROS "\"," CONTENT ",\"createdAt\":\"1970-01-01T00:00:00.000Z\","
		"\"read\":true,\"readAt\":\"1970-01-01T00:00:00.001Z\"}");
	ok_written(" { \"read\" : false , \"data\" : { \"a\" : 1 } , " CONTENT "," CREATED
		   ",\"id\":\"01890000-0000-7000-8000-ABCDEF000001\"} ",
		"{\"id\":\"01890000-0000-7000-8000-abcdef000001\"," CONTENT
		",\"data\":{\"a\":1}," CREATED ",\"read\":false}");
	ok_written("{\"id\":\"" ID "\"," BROADCAST "," CREATED "}",
		"{\"id\":\"" ID "\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\"," CREATED
		",\"read\":false,\"broadcast\":true}");
	ok_written("{" CONTENT ",\"createdAt\":\"2027-01-16T08:00:00.000Z\"}",
		"{\"id\":\"" ZEROS "\"," CONTENT
		",\"createdAt\":\"2027-01-16T08:00:00.000Z\",\"read\":false}");
}

static void test_refused(void)
{
	static const struct {
		const char *text, *field, *sentence;
	} wrong[] = {
		{ "nonsense", "", "JSON" },
		{ "[]", "", "object" },
		{ "{\"user\":\"a\",\"user\":\"a\"}", "", "twice" },
		{ "{" CONTENT ",\"x\":1}", "x", "is not a member" },
		{ "{" CONTENT ",\"seen\":\"" ID "\"}", "seen", "is not a member" },
		{ "{" CONTENT ",\"id\":\"x\"}", "id", "version 7" },
		{ "{" CONTENT ",\"id\":7}", "id", "version 7" },
		{ "{" CONTENT ",\"id\":\"" ZEROS "\"}", "id", "version 7" },
		{ "{" CONTENT ",\"id\":\"01890000-0000-4000-8000-000000000001\"}", "id",
			"version 7" },
		{ "{" CONTENT ",\"id\":\"01890000-0000-7000-c000-000000000001\"}", "id",
			"version 7" },
		{ "{" CONTENT ",\"id\":\"ffffffff-ffff-7000-8000-000000000001\"}", "id",
			"version 7" },
		{ "{" CONTENT ",\"createdAt\":\"yesterday\"}", "createdAt", "RFC 3339" },
		{ "{" CONTENT ",\"createdAt\":1700000000}", "createdAt", "RFC 3339" },
		{ "{" CONTENT ",\"createdAt\":\"2027-01-16T08:00:00.001Z\"}", "createdAt",
			"a day" },
		{ "{" CONTENT ",\"read\":\"true\"}", "read", "true or false" },
		{ "{" CONTENT ",\"read\":null}", "read", "true or false" },
		{ "{" CONTENT ",\"readAt\":\"2026-02-01T00:00:00.000Z\"}", "readAt", "unless" },
		{ "{" CONTENT ",\"read\":true,\"readAt\":\"1970-01-01T00:00:00Z\"}", "readAt",
			"RFC 3339" },
		{ "{" CONTENT ",\"read\":true,\"readAt\":\"2027-01-17T00:00:00Z\"}", "readAt",
			"a day" },
		{ "{" CONTENT ",\"expiresAt\":\"x\"}", "expiresAt", "RFC 3339 time" },
		{ "{" CONTENT ",\"expiresAt\":\"1970-01-01T00:00:00Z\"}", "expiresAt", "RFC 3339" },
		{ "{" CONTENT ",\"link\":\"javascript:x\"}", "link", "URL" },
		{ "{\"userId\":\"a\",\"type\":\"info\",\"title\":\"t\"}", "message", "given" },
		{ "{\"id\":\"" ID "\"," BROADCAST ",\"userId\":\"a\"}", "userId", "absent" },
		{ "{" BROADCAST "}", "id", "given" },
		{ "{\"id\":\"" ID "\"," BROADCAST ",\"read\":true}", "read", "false" },
		{ "{\"id\":\"" ID "\"," BROADCAST ",\"readAt\":\"2026-02-01T00:00:00Z\"}", "readAt",
			"is not a member" },
		{ "{\"id\":\"" ID "\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\","
		  "\"broadcast\":false}",
			"broadcast", "must be true" },
		{ "{\"user\":\"a\",\"since\":\"" ZEROS "\"}", "seen", "given" },
		{ "{\"user\":\"\",\"since\":\"" ZEROS "\",\"seen\":\"" ID "\"}", "user", "255" },
		{ "{\"user\":\"a\",\"since\":\"01890000-0000-4000-8000-000000000001\",\"seen\":"
		  "\"" ID "\"}",
			"since", "version 7" },
		{ "{\"user\":\"a\",\"since\":\"" ID "\",\"seen\":\"" ID "\",\"read\":true}", "read",
			"is not a member" },
		{ "{\"user\":\"a\",\"broadcast\":true}", "broadcast", "version 7" },
		{ "{\"user\":\"a\",\"broadcast\":\"" ZEROS "\"}", "broadcast", "version 7" },
		{ "{\"user\":\"a\",\"broadcast\":\"" ID "\",\"deleted\":false}", "deleted",
			"true" },
		{ "{\"user\":\"a\",\"broadcast\":\"" ID
		  "\",\"deleted\":true,\"readAt\":\"2026-02-01T00:00:00Z\"}",
			"readAt", "absent" },
		{ "{\"user\":\"a\",\"broadcast\":\"" ID "\",\"title\":\"t\"}", "title",
			"is not a member" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok_refused(wrong[i].text, wrong[i].field, wrong[i].sentence);
}

static void test_all_problems(void)
{
	struct problems problems;
	struct entry entry;

	ok_int_equal(parse("{\"id\":1,\"createdAt\":1,\"read\":1,\"title\":1,\"x\":1}", &problems,
			     &entry),
		ENTRY_INVALID, "what is all wrong is refused");
	ok_int_equal(problems.count, 8, "all of it is told at once");
}

static void test_damaged_bytes(void)
{
	struct problems problems;
	struct entry entry;

	parse("{\"user\":\"alice\",\"broadcast\":\"" ID "\",\"deleted\":true}", &problems, &entry);
	for (int with = 0; with < 2; with++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		struct entry decoded = { 0 };
		struct decoder decoder;

		entry_encode(&bytes, &entry);
		bytes.data[with ? bytes.len - 1 : 0] = 9;
		decoder = decoder_of(bytes.data, bytes.len);
		entry_decode(&decoder, &decoded);
		tap_ok(decoder_finish(&decoder) < 0, "bytes of no entry are refused");
		tap_ok(decoded.user.len == 0, "and give none");
	}
	entry_release(&entry);
}

int main(void)
{
	test_kept();
	test_completed();
	test_refused();
	test_all_problems();
	test_damaged_bytes();
	return tap_done();
}
