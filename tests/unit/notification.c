/* The notification: its types, its JSON, its bytes, and the list of problems. */
#include "lib/notification.h"

#include "lib/json.h"
#include "lib/result.h"
#include "lib/timestamp.h"
#include "tests/tap.h"

static const int64_t NOW = INT64_C(1800000000000); /* 2027-01-15T08:00:00.000Z */

#define MINIMAL "\"type\":\"info\",\"title\":\"t\",\"message\":\"m\""

static void test_type_names(void)
{
	static const char *const names[] = { "info", "success", "warning", "error" };
	static const char *const none[] = { "", "Info", "info ", "inf", "infos", "none" };
	enum notification_type type = NOTIFICATION_TYPES;

	for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
		tap_ok(notification_type_parse(slice_of(none[i]), &type) < 0, "no type: \"%s\"",
			none[i]);
	tap_ok(notification_type_parse(SLICE("info\0"), &type) < 0, "no type: with a NUL");
	ok_int_equal(type, NOTIFICATION_TYPES, "and nothing is given");
	for (unsigned i = 0; i < NOTIFICATION_TYPES; i++) {
		ok_string_equal(notification_type_name((enum notification_type)i), names[i],
			"name");
		ok_int_equal(notification_type_parse(slice_of(names[i]), &type), 0, "%s", names[i]);
		ok_int_equal(type, i, "is type %u", i);
	}
}

static void test_problem_fields(void)
{
	static const char longest[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	struct problems problems = { 0 };

	problems_add(&problems, (struct slice){ longest, 63 }, "s");
	ok_int_equal((intmax_t)strlen(problems.list[0].field), 63, "a field of 63 bytes");
	problems_add(&problems, (struct slice){ longest, 64 }, "s");
	ok_int_equal((intmax_t)strlen(problems.list[1].field), 63, "one of 64 is cut");
	problems_add(&problems,
		SLICE("01234567890123456789012345678901234567890123456789012345678901"
		      "\u20ac"),
		"s");
	ok_int_equal((intmax_t)strlen(problems.list[2].field), 62, "no character is cut in two");
	problems_add(&problems, (struct slice){ 0 }, "s");
	ok_string_equal(problems.list[3].field, "", "no field");
	ok_string_equal(problems.list[3].sentence, "s", "the sentence");
	for (size_t i = 4; i < ARRAY_LENGTH(problems.list) + 2; i++)
		problems_add(&problems, SLICE("f"), "s");
	ok_int_equal((intmax_t)problems.count, (intmax_t)ARRAY_LENGTH(problems.list),
		"a full list takes no more");
}

static struct notification example(void)
{
	struct notification notification = { .type = NOTIFICATION_ERROR,
		.created = NOW,
		.read = NOW + 1,
		.expires = NOW + 2,
		.category = SLICE("cat"),
		.content = SLICE(MINIMAL) };

	uuid_parse(SLICE("01890000-0000-7000-8000-000000000001"), &notification.id);
	return notification;
}

static void ok_formatted(const struct notification *notification, const char *tail)
{
	_cleanup_(buffer_release) struct buffer to = { 0 }, expected = { 0 };
	_cleanup_(freeing_json) struct json_object *object = NULL;

	buffer_print(&expected,
		"{\"id\":\"01890000-0000-7000-8000-000000000001\"," MINIMAL
		",\"createdAt\":\"2027-01-15T08:00:00.000Z\",%s}",
		tail);
	notification_format(&to, notification);
	ok_string_equal(buffer_string(&to), buffer_string(&expected), "formatted");
	ok_int_equal(json_parse(buffer_slice(&to), &object), 0, "is JSON");
}

static void test_format(void)
{
	struct notification notification = example();

	ok_formatted(&notification, "\"read\":true,\"readAt\":\"2027-01-15T08:00:00.001Z\"");
	notification.read = 0;
	ok_formatted(&notification, "\"read\":false");
	notification.broadcast = true;
	ok_formatted(&notification, "\"read\":false,\"broadcast\":true");
	notification.read = NOW + 1;
	ok_formatted(&notification,
		"\"read\":true,\"readAt\":\"2027-01-15T08:00:00.001Z\",\"broadcast\":true");
}

static bool same(const struct notification *a, const struct notification *b)
{
	return a->type == b->type && a->broadcast == b->broadcast && a->created == b->created &&
	       a->read == b->read && a->expires == b->expires &&
	       slice_equal(a->category, b->category) && slice_equal(a->content, b->content) &&
	       uuid_compare(&a->id, &b->id) == 0;
}

static void ok_round_trip(const struct notification *notification, const char *what)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct notification decoded = { .id = notification->id };
	struct decoder decoder;

	notification_encode(&bytes, notification);
	decoder = decoder_of(bytes.data, bytes.len);
	notification_decode(&decoder, &decoded);
	ok_int_equal(decoder_finish(&decoder), 0, "decoded: %s", what);
	tap_ok(same(notification, &decoded), "the same as before");
}

static void test_codec(void)
{
	struct notification notification = example();
	_cleanup_(freeing_memory) char *longest = malloc(NOTIFICATION_CONTENT_MAX);

	if (!longest)
		abort();
	memset(longest, 'x', NOTIFICATION_CONTENT_MAX);
	ok_round_trip(&notification, "with everything");
	notification.broadcast = true;
	notification.read = notification.expires = 0;
	notification.category = SLICE("");
	ok_round_trip(&notification, "a broadcast, unread, without an end");
	notification.created = TIMESTAMP_MAX;
	notification.type = NOTIFICATION_INFO;
	notification.content = (struct slice){ longest, NOTIFICATION_CONTENT_MAX };
	ok_round_trip(&notification, "the latest and longest");
}

/* What decoders that failed gave all the same. */
static uint64_t given_by_failures;

static bool decodes(const char *bytes, size_t n)
{
	/* A copy of exactly that size, so that reading beyond it is seen */
	_cleanup_(freeing_memory) char *copy = malloc(n ? n : 1);
	struct notification decoded = { 0 };
	struct decoder decoder;

	if (!copy)
		abort();
	memcpy(copy, bytes, n);
	decoder = decoder_of(copy, n);
	notification_decode(&decoder, &decoded);
	if (decoder.failed)
		given_by_failures += decoded.content.len + (uint64_t)decoded.created;
	return decoder_finish(&decoder) == 0;
}

static void test_broken_bytes(void)
{
	static const struct {
		size_t at;
		unsigned char byte;
		const char *what;
	} rows[] = { { 0, 0, "version 0" }, { 0, 2, "a later version" }, { 1, 4, "type 4" },
		{ 1, 255, "type 255" }, { 2, 2, "an unknown flag" }, { 2, 0x81, "an unknown flag" },
		{ 3, 0x80, "created below zero" }, { 3, 1, "created beyond the year 9999" },
		{ 11, 0xff, "read below zero" }, { 19, 1, "expires beyond" },
		{ 27, 2, "a category that ends early" }, { 28, 'A', "an invalid category" },
		{ 34, 0xff, "content that ends late" } };
	struct notification notification = example();
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	notification_encode(&bytes, &notification);
	tap_ok(decodes(bytes.data, bytes.len), "whole");
	for (size_t n = 0; n < bytes.len; n++)
		tap_ok(!decodes(bytes.data, n), "cut after %zu bytes", n);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char kept = bytes.data[rows[i].at];

		bytes.data[rows[i].at] = (char)rows[i].byte;
		tap_ok(!decodes(bytes.data, bytes.len), "%s", rows[i].what);
		bytes.data[rows[i].at] = kept;
	}
	buffer_clear(&bytes);
	notification.content = SLICE("");
	notification_encode(&bytes, &notification);
	tap_ok(!decodes(bytes.data, bytes.len), "no content");
	ok_int_equal((intmax_t)given_by_failures, 0, "a failed decoder gives nothing");
}

int main(void)
{
	test_type_names();
	test_problem_fields();
	test_format();
	test_codec();
	test_broken_bytes();
	return tap_done();
}
