/* Batches of drafts: the same rules for each, all problems by their place, how many. */
#include "lib/draft_batch.h"

#include "lib/inbox.h"
#include "lib/json.h"
#include "tests/tap.h"

#include <stdio.h>
#include <string.h>

static const int64_t NOW = INT64_C(1800000000000); /* 2027-01-15T08:00:00.000Z */

#define NOTE(user) "{\"userId\":\"" user "\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\"}"

/* Refused, and this is said of this field, be it alone or among others. */
static void ok_refused(struct slice text, const char *field, const char *sentence)
{
	struct problems problems = { 0 };
	struct draft_batch batch = { 0 };
	bool told = false;

	ok_int_equal(draft_batch_parse(text, NOW, &problems, &batch), DRAFT_INVALID,
		"refuses %.100s", text.data);
	for (size_t i = 0; i < problems.count; i++)
		told |= strcmp(problems.list[i].field, field) == 0 &&
			strstr(problems.list[i].sentence, sentence);
	tap_ok(told, "says of \"%s\" that it %s", field, sentence);
	tap_ok(!batch.drafts && batch.count == 0, "and makes nothing");
}

static void test_order(void)
{
	static const char text[] = " { \"notifications\" : [ " NOTE("b") " ,\n" NOTE(
		"a") "\t, "
		     "{\"message\":\"m\", \"data\":{\"z\":1.10, \"a\":[ ]}, \"title\":\"t\","
		     "\"type\":\"error\",\"userId\":\"b\"} ] } ";
	struct problems problems = { 0 };
	struct draft_batch batch = { 0 };

	ok_int_equal(draft_batch_parse(SLICE(text), NOW, &problems, &batch), 0, "three");
	ok_int_equal(batch.count, 3, "are three drafts");
	if (batch.count != 3)
		return;
	tap_ok(slice_is(batch.drafts[0].user, "b") && slice_is(batch.drafts[1].user, "a") &&
			slice_is(batch.drafts[2].user, "b"),
		"in the order that was given");
	tap_ok(slice_is(batch.drafts[2].content,
		       "\"userId\":\"b\",\"type\":\"error\",\"title\":\"t\",\"message\":\"m\","
		       "\"data\":{\"z\":1.10,\"a\":[]}"),
		"data stays as it was given");
	draft_batch_release(&batch);
	tap_ok(!batch.drafts && batch.count == 0, "released");
}

static void test_shapes(void)
{
	static const char *const shapes[] = { "{}", "[]", "7", "null", "\"notifications\"",
		"{\"notifications\":{}}", "{\"notifications\":null}", "{\"Notifications\":[]}",
		"[{\"notifications\":[" NOTE("u") "]}]", "{\"a\":{\"notifications\":[]}}",
		"{\"notifications\":[" NOTE("u") "],\"a\":1}",
		"{\"notifications\":[" NOTE("u") "],\"notifications\":[" NOTE("u") "]}",
		"{\"notification\\u0073\":[" NOTE("u") "]}", NOTE("u") };

	for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++)
		ok_refused(slice_of(shapes[i]), "", "one member notifications");
	ok_refused(SLICE(""), "", "valid JSON");
	ok_refused(SLICE("{\"notifications\":[" NOTE("u") "]"), "", "valid JSON");
	ok_refused(SLICE("{\"notifications\":[" NOTE("u") ",]}"), "", "valid JSON");
	ok_refused(SLICE("{\"notifications\":[" NOTE("u") " " NOTE("u") "]}"), "", "valid JSON");
	ok_refused(SLICE("{\"notifications\":[" NOTE("u") "]} x"), "", "valid JSON");
	ok_refused(SLICE("{\"notifications\":[" NOTE("\xff") "]}"), "", "valid UTF-8");
	ok_refused(SLICE("{\"notifications\":[]}"), "notifications", "1 to 1000");
	ok_refused(SLICE("{\"notifications\":[ ]}"), "notifications", "1 to 1000");
}

static void test_places(void)
{
	ok_refused(SLICE("{\"notifications\":[" NOTE("u") ",{\"userId\":\"u\"}]}"),
		"notifications[1].title", "must be given");
	ok_refused(SLICE("{\"notifications\":[7," NOTE("u") "]}"), "notifications[0]",
		"must be a JSON object");
	ok_refused(SLICE("{\"notifications\":[null]}"), "notifications[0]",
		"must be a JSON object");
	ok_refused(SLICE("{\"notifications\":[[" NOTE("u") "]]}"), "notifications[0]",
		"must be a JSON object");
	ok_refused(SLICE("{\"notifications\":[" NOTE("u") "," NOTE("") "," NOTE("u") "]}"),
		"notifications[1].userId", "1 to 255");
	ok_refused(SLICE("{\"notifications\":[{\"userId\":\"a\",\"userId\":\"b\"}]}"),
		"notifications[0]", "name a member twice");
	ok_refused(SLICE("{\"notifications\":[{\"type\":\"info\",\"title\":\"t\",\"message\":\"m\","
			 "\"userId\":\"u\",\"expiresAt\":\"2027-01-15T08:00:00Z\"}]}"),
		"notifications[0].expiresAt", "in the future");
	ok_refused(SLICE("{\"notifications\":[{\"a\\\"b\":1}]}"), "notifications[0].a\"b",
		"not a member");
}

/* A long name is cut, between characters. */
static void test_long_name(void)
{
	static const char text[] =
		"{\"notifications\":[{"
		"\"\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac"
		"\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\":1}]}";

	ok_refused(SLICE(text),
		"notifications[0].\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac"
		"\u20ac\u20ac\u20ac\u20ac\u20ac",
		"not a member");
}

/* {"notifications":[element,element,...]} */
static struct slice repeated(struct buffer *to, const char *element, unsigned count)
{
	buffer_clear(to);
	buffer_append_string(to, "{\"notifications\":[");
	for (unsigned i = 0; i < count; i++)
		buffer_print(to, "%s%s", i ? "," : "", element);
	buffer_append_string(to, "]}");
	return buffer_slice(to);
}

static void test_number(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct problems problems = { 0 };
	struct draft_batch batch = { 0 };

	ok_int_equal(draft_batch_parse(repeated(&text, NOTE("u"), INBOX_DRAFTS_MAX), NOW, &problems,
			     &batch),
		0, "as many as a request may hold");
	ok_int_equal(batch.count, INBOX_DRAFTS_MAX, "are all there");
	draft_batch_release(&batch);
	ok_refused(repeated(&text, NOTE("u"), INBOX_DRAFTS_MAX + 1), "notifications", "1 to 1000");
	ok_refused(repeated(&text, "7", 100000), "notifications[15]", "must be a JSON object");
}

/* An element may be as deep as a notification by itself. */
static void test_depth(void)
{
	_cleanup_(buffer_release) struct buffer note = { 0 }, text = { 0 };

	for (int levels = JSON_DEPTH; levels <= JSON_DEPTH + 1; levels++) {
		struct problems problems = { 0 };
		struct draft_batch batch = { 0 };

		buffer_clear(&note);
		buffer_append_string(&note, "{\"userId\":\"u\",\"type\":\"info\",\"title\":\"t\","
					    "\"message\":\"m\",\"data\":{\"a\":");
		for (int i = 2; i < levels; i++)
			buffer_append_string(&note, "[");
		for (int i = 2; i < levels; i++)
			buffer_append_string(&note, "]");
		buffer_append_string(&note, "}}");
		ok_int_equal(draft_batch_parse(repeated(&text, buffer_string(&note), 1), NOW,
				     &problems, &batch),
			levels > JSON_DEPTH ? DRAFT_INVALID : 0, "%d levels", levels);
		draft_batch_release(&batch);
	}
}

static void test_one(void)
{
	struct problems problems = { 0 };
	struct draft_batch batch = { 0 };

	ok_int_equal(
		draft_batch_parse_one(SLICE(NOTE("u")), DRAFT_FOR_USER, NOW, &problems, &batch), 0,
		"the text of one");
	tap_ok(batch.count == 1 && slice_is(batch.drafts[0].user, "u"), "is a batch of one");
	draft_batch_release(&batch);
	ok_int_equal(
		draft_batch_parse_one(SLICE(NOTE("u")), DRAFT_BROADCAST, NOW, &problems, &batch),
		DRAFT_INVALID, "a broadcast for one user");
	tap_ok(problems.count == 1 && strcmp(problems.list[0].field, "userId") == 0 &&
			!batch.drafts,
		"is refused by its member");
}

int main(void)
{
	test_order();
	test_shapes();
	test_places();
	test_long_name();
	test_number();
	test_depth();
	test_one();
	return tap_done();
}
