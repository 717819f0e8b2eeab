/* The codec of the change record and of the messages it is logged in. */
#include "lib/change.h"

#include "lib/notification.h"
#include "tests/tap.h"

#include <errno.h>

#define ID   "01890a5d-ac96-774b-bcce-b302099a8057"
#define JSON "{\"title\":\"Grüße\"}"

/* Every member of two changes is the same. */
static bool changes_equal(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && memcmp(&a->counts, &b->counts, sizeof(a->counts)) == 0 &&
	       a->time == b->time && a->microseconds == b->microseconds &&
	       slice_equal(a->user, b->user) && slice_equal(a->ids, b->ids) &&
	       slice_equal(a->notification, b->notification);
}

/* It is read back from what is written, and from nothing shorter that could be mistaken for it. */
static void check_round_trip(const struct change *change, const char *name)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct change back;

	change_format(&text, change);
	ok_int_equal(change_parse(buffer_slice(&text), &back), 0, "%s: is read", name);
	tap_ok(changes_equal(change, &back), "%s: is the same", name);
}

static void fill_ids(struct buffer *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_append_string(ids, i ? "," ID : ID);
}

static void test_round_trips(void)
{
	_cleanup_(buffer_release) struct buffer ids = { 0 }, json = { 0 };
	struct change change = { .user = SLICE("u") };
	char user[NOTIFICATION_USER_MAX];

	for (int kind = 0; kind < CHANGE_KINDS_COUNT; kind++) {
		change.kind = (enum change_kind)kind;
		change.user = slice_of(change_is_broadcast(change.kind) ? "" : "u");
		check_round_trip(&change, change_kind_name(change.kind));
	}
	change.user = SLICE("u");
	change.kind = CHANGE_CREATED;
	change.counts = (struct counts){ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	change.time = INT64_MAX;
	check_round_trip(&change, "the largest numbers");
	change.microseconds = 999;
	check_round_trip(&change, "the last microsecond");
	change.microseconds = 1;
	check_round_trip(&change, "one microsecond");
	change.microseconds = 0;
	change.counts = (struct counts){ 1, 22, 333, 4444 };
	change.time = INT64_MIN;
	check_round_trip(&change, "the earliest time");
	change.time = -1;
	check_round_trip(&change, "just before the epoch");
	change.user = SLICE("a b:c 1 - \" ü");
	check_round_trip(&change, "spaces in the user's name");
	memset(user, ' ', sizeof(user));
	change.user = (struct slice){ user, sizeof(user) };
	check_round_trip(&change, "the longest user's name");
	change.ids = SLICE(ID);
	check_round_trip(&change, "an identifier");
	change.notification = SLICE(JSON);
	check_round_trip(&change, "a notification");
	change.notification = SLICE("{}");
	check_round_trip(&change, "the shortest notification");
	buffer_append_string(&json, "{\"p\":\"");
	for (size_t i = 0; i < NOTIFICATION_CONTENT_MAX; i++)
		buffer_append(&json, " ", 1);
	buffer_append_string(&json, "\"}");
	change.notification = buffer_slice(&json);
	check_round_trip(&change, "a long notification");
	change.notification = (struct slice){ 0 };
	fill_ids(&ids, CHANGE_IDS_MAX);
	change.ids = buffer_slice(&ids);
	check_round_trip(&change, "as many identifiers as may be");
}

static void test_text(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct change change = {
		.kind = CHANGE_CREATED,
		.counts = { 57, 12, 3, 1 },
		.time = 1767225600123,
		.user = SLICE("user one"),
		.ids = SLICE(ID),
		.notification = SLICE(JSON),
	};

	change_format(&text, &change);
	ok_string_equal(buffer_string(&text),
		"created 57 12 3 1 1767225600123 8:user one " ID " " JSON, "a created one");
	buffer_clear(&text);
	change.microseconds = 45;
	change_format(&text, &change);
	ok_string_equal(buffer_string(&text),
		"created 57 12 3 1 1767225600123.045 8:user one " ID " " JSON,
		"one with microseconds");
	buffer_clear(&text);
	change = (struct change){ .kind = CHANGE_ALL_READ, .user = SLICE("u") };
	change_format(&text, &change);
	ok_string_equal(buffer_string(&text), "all_read 0 0 0 0 0 1:u -",
		"one without identifiers");
}

/* A copy of just these bytes, so that reading beyond them is found out. */
static int parse_copy(const char *text, size_t len)
{
	char *copy = malloc(len + (len == 0));
	struct change change;
	int r;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	r = change_parse((struct slice){ copy, len }, &change);
	free(copy);
	return r;
}

static void test_wrong_text(void)
{
	static const char *const WRONG[] = {
		"",
		" ",
		"created",
		"Created 1 2 3 4 5 1:u -",
		"create 1 2 3 4 5 1:u -",
		"createdx 1 2 3 4 5 1:u -",
		" created 1 2 3 4 5 1:u -",
		"created  1 2 3 4 5 1:u -",
		"created 1 2 3 4 1:u -",
		"created 01 2 3 4 5 1:u -",
		"created 00 2 3 4 5 1:u -",
		"created +1 2 3 4 5 1:u -",
		"created -1 2 3 4 5 1:u -",
		"created 1x 2 3 4 5 1:u -",
		"created 18446744073709551616 2 3 4 5 1:u -",
		"created 99999999999999999999 2 3 4 5 1:u -",
		"created 1 2 3 4 -0 1:u -",
		"created 1 2 3 4 - 1:u -",
		"created 1 2 3 4 9223372036854775808 1:u -",
		"created 1 2 3 4 -9223372036854775809 1:u -",
		"created 1 2 3 4 5. 1:u -",
		"created 1 2 3 4 5.000 1:u -",
		"created 1 2 3 4 5.1 1:u -",
		"created 1 2 3 4 5.12 1:u -",
		"created 1 2 3 4 5.1234 1:u -",
		"created 1 2 3 4 5.-12 1:u -",
		"created 1 2 3 4 5,123 1:u -",
		"created 1 2 3 4 .123 1:u -",
		"created 1 2 3 4 -5.123 1:u -",
		"created 1 2.123 3 4 5 1:u -",
		"created 1 2 3 4 5 0: -",
		"created 1 2 3 4 5 :u -",
		"created 1 2 3 4 5 2:u -",
		"created 1 2 3 4 5 1:uu -",
		"created 1 2 3 4 5 256:u -",
		"created 1 2 3 4 5 01:u -",
		"created 1 2 3 4 5 1:u",
		"created 1 2 3 4 5 1:u ",
		"created 1 2 3 4 5 1:u  ",
		"created 1 2 3 4 5 1:u - ",
		"created 1 2 3 4 5 1:u --",
		"created 1 2 3 4 5 1:u - {}",
		"created 1 2 3 4 5 1:u x",
		"created 1 2 3 4 5 1:u ," ID,
		"created 1 2 3 4 5 1:u " ID ",",
		"created 1 2 3 4 5 1:u " ID ",,",
		"created 1 2 3 4 5 1:u " ID ";" ID,
		"created 1 2 3 4 5 1:u " ID ",-",
		"created 1 2 3 4 5 1:u " ID "0",
		"created 1 2 3 4 5 1:u " ID " ",
		"created 1 2 3 4 5 1:u " ID " {",
		"created 1 2 3 4 5 1:u " ID " []",
		"created 1 2 3 4 5 1:u " ID " {} ",
		"created 1 2 3 4 5 1:u " ID "," ID " {}",
		"read 1 2 3 4 5 1:u " ID " {}",
	};
	struct change change;

	for (size_t i = 0; i < ARRAY_LENGTH(WRONG); i++)
		ok_int_equal(parse_copy(WRONG[i], strlen(WRONG[i])), -EBADMSG, "\"%s\"", WRONG[i]);
	ok_int_equal(change_parse((struct slice){ 0 }, &change), -EBADMSG, "no bytes at all");
}

static void test_limits(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_append_string(&text, "read 1 2 3 4 5 1:u ");
	fill_ids(&text, CHANGE_IDS_MAX + 1);
	ok_int_equal(parse_copy(text.data, text.len), -EBADMSG, "one identifier too many");
	text.len -= UUID_LENGTH + 1;
	ok_int_equal(parse_copy(text.data, text.len), 0, "as many as may be");
}

/* Cut anywhere, it is refused; but for a cut between what may be missing. */
static void test_cut_text(void)
{
	static const char TEXT[] = "created 10 20 30 40 50 3:abc " ID " " JSON;
	size_t without_json = strlen(TEXT) - strlen(JSON) - 1;
	unsigned wrong = 0;

	for (size_t len = 0; len < sizeof(TEXT) - 1; len++)
		wrong += parse_copy(TEXT, len) != (len == without_json ? 0 : -EBADMSG);
	ok_int_equal(wrong, 0, "cut at each of %zu bytes", sizeof(TEXT) - 1);
}

/* Messages */

static struct slice fill_record(struct buffer *record, size_t len)
{
	buffer_clear(record);
	for (size_t i = 0; i < len; i++) {
		char byte = (char)('!' + i % 90);

		buffer_append(record, &byte, 1);
	}
	return buffer_slice(record);
}

/* Writes a record as messages and puts them together again. */
static bool survives_messages(struct change_assembler *assembler, struct slice record)
{
	_cleanup_(buffer_release) struct buffer message = { 0 };
	unsigned parts = change_parts(record.len);

	for (unsigned part = 1; part <= parts; part++) {
		int expected = part == parts ? CHANGE_COMPLETE : 0;

		buffer_clear(&message);
		change_format_message(&message, record, part, parts);
		if (message.len > CHANGE_MESSAGE_MAX ||
			change_assemble(assembler, buffer_slice(&message)) != expected)
			return false;
	}
	return parts > 0 && slice_equal(buffer_slice(&assembler->record), record);
}

static void test_messages(void)
{
	const size_t PIECE = CHANGE_MESSAGE_MAX - strlen("tidings1 64/64 ");
	_cleanup_(buffer_release) struct buffer record = { 0 };
	_cleanup_(change_assembler_release) struct change_assembler assembler = { 0 };
	bool all = true;

	ok_int_equal(change_parts(1), 1, "one byte is one message");
	for (unsigned parts = 1; parts <= CHANGE_PARTS_MAX; parts++) {
		all &= change_parts(parts * PIECE) == parts;
		all &= change_parts((parts - 1) * PIECE + 1) == parts;
		all &= survives_messages(&assembler, fill_record(&record, parts * PIECE));
		all &= survives_messages(&assembler, fill_record(&record, (parts - 1) * PIECE + 1));
	}
	tap_ok(all, "records of 1 to %d full messages, and of one byte more", CHANGE_PARTS_MAX);
	ok_int_equal(change_parts(CHANGE_PARTS_MAX * PIECE + 1), 0, "a byte too long");
	ok_int_equal(change_parts(SIZE_MAX), 0, "as long as can be");
	tap_ok(CHANGE_PARTS_MAX * PIECE >
			1024 + NOTIFICATION_CONTENT_MAX + CHANGE_IDS_MAX * (UUID_LENGTH + 1),
		"whatever a record may bear fits");
}

static int assemble(struct change_assembler *assembler, const char *text)
{
	char *copy = strndup(text, strlen(text));
	int r = change_assemble(assembler, (struct slice){ copy, strlen(text) });

	free(copy);
	return r;
}

static void test_wrong_messages(void)
{
	static const struct {
		const char *text;
		int expected;
	} CASES[] = {
		{ "", CHANGE_FOREIGN },
		{ "t", CHANGE_FOREIGN },
		{ "tidings", CHANGE_FOREIGN },
		{ "tidings ", CHANGE_FOREIGN },
		{ "tidings1", CHANGE_FOREIGN },
		{ "tidings1x1/1 a", CHANGE_FOREIGN },
		{ "Tidings1 1/1 a", CHANGE_FOREIGN },
		{ " tidings1 1/1 a", CHANGE_FOREIGN },
		{ "tidings2", -EPROTONOSUPPORT },
		{ "tidings2 1/1 a", -EPROTONOSUPPORT },
		{ "tidings0 1/1 a", -EPROTONOSUPPORT },
		{ "tidings10 1/1 a", -EPROTONOSUPPORT },
		{ "tidings1 ", -EBADMSG },
		{ "tidings1 1", -EBADMSG },
		{ "tidings1 1/", -EBADMSG },
		{ "tidings1 1/1", -EBADMSG },
		{ "tidings1 1/1 ", -EBADMSG },
		{ "tidings1 /1 a", -EBADMSG },
		{ "tidings1 1/ a", -EBADMSG },
		{ "tidings1 0/1 a", -EBADMSG },
		{ "tidings1 0/0 a", -EBADMSG },
		{ "tidings1 1/0 a", -EBADMSG },
		{ "tidings1 2/1 a", -EBADMSG },
		{ "tidings1 2/2 a", -EBADMSG },
		{ "tidings1 01/1 a", -EBADMSG },
		{ "tidings1 1/01 a", -EBADMSG },
		{ "tidings1 1/65 a", -EBADMSG },
		{ "tidings1 4294967297/1 a", -EBADMSG },
		{ "tidings1 1/18446744073709551617 a", -EBADMSG },
		{ "tidings1 -1/1 a", -EBADMSG },
	};
	_cleanup_(change_assembler_release) struct change_assembler assembler = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
		ok_int_equal(assemble(&assembler, CASES[i].text), CASES[i].expected, "\"%s\"",
			CASES[i].text);
		if (assemble(&assembler, "tidings1 1/1 b") != CHANGE_COMPLETE)
			tap_ok(false, "a good one is taken after \"%s\"", CASES[i].text);
	}
}

static void test_order(void)
{
	/* Messages in order, what each returns, and the record at the end. */
	static const struct {
		const char *name;
		struct {
			const char *text;
			int expected;
		} messages[4];
		const char *record;
	} CASES[] = {
		{ "foreign ones between",
			{ { "tidings1 1/2 ab", 0 }, { "foreign", CHANGE_FOREIGN },
				{ "tidings1 2/2 cd", CHANGE_COMPLETE } },
			"abcd" },
		{ "one left out",
			{ { "tidings1 1/3 a", 0 }, { "tidings1 3/3 c", -EBADMSG },
				{ "tidings1 2/3 b", -EBADMSG } },
			"" },
		{ "one twice", { { "tidings1 1/3 a", 0 }, { "tidings1 1/3 a", -EBADMSG } }, "" },
		{ "another number of parts",
			{ { "tidings1 1/3 a", 0 }, { "tidings1 2/2 b", -EBADMSG } }, "" },
		{ "another record amid one",
			{ { "tidings1 1/3 a", 0 }, { "tidings1 1/1 b", -EBADMSG },
				{ "tidings1 1/1 c", CHANGE_COMPLETE } },
			"c" },
		{ "another version amid one",
			{ { "tidings1 1/2 a", 0 }, { "tidings2 2/2 b", -EPROTONOSUPPORT },
				{ "tidings1 2/2 b", -EBADMSG } },
			"" },
		{ "two records",
			{ { "tidings1 1/1 first", CHANGE_COMPLETE }, { "tidings1 1/2 sec", 0 },
				{ "tidings1 2/2 ond", CHANGE_COMPLETE } },
			"second" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
		_cleanup_(change_assembler_release) struct change_assembler assembler = { 0 };

		for (size_t m = 0; m < 4 && CASES[i].messages[m].text; m++)
			ok_int_equal(assemble(&assembler, CASES[i].messages[m].text),
				CASES[i].messages[m].expected, "%s: message %zu", CASES[i].name,
				m + 1);
		ok_string_equal(buffer_string(&assembler.record), CASES[i].record, "%s: the record",
			CASES[i].name);
	}
}

static void test_message_length(void)
{
	_cleanup_(change_assembler_release) struct change_assembler assembler = { 0 };
	static const char HEAD[] = "tidings1 1/1 ";
	char message[CHANGE_MESSAGE_MAX + 1];

	memset(message, 'x', sizeof(message));
	for (size_t i = 0; i < strlen(HEAD); i++)
		message[i] = HEAD[i];
	ok_int_equal(change_assemble(&assembler, (struct slice){ message, sizeof(message) - 1 }),
		CHANGE_COMPLETE, "the longest message");
	ok_int_equal(change_assemble(&assembler, (struct slice){ message, sizeof(message) }),
		-EBADMSG, "a byte longer");
	ok_int_equal(assemble(&assembler, "tidings1 1/2 a"), 0, "an unfinished record");
	change_assembler_reset(&assembler);
	ok_int_equal(assemble(&assembler, "tidings1 2/2 b"), -EBADMSG, "is dropped by a reset");
}

int main(void)
{
	test_round_trips();
	test_text();
	test_wrong_text();
	test_limits();
	test_cut_text();
	test_messages();
	test_wrong_messages();
	test_order();
	test_message_length();
	return tap_done();
}
