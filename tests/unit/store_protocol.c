/*
 * The frames of the store's socket: what goes in comes out, and whatever is cut,
 * too long, or out of its range is refused.
 */
#include "lib/store_protocol.h"

#include "lib/publisher.h"
#include "tests/tap.h"

#include <errno.h>
#include <string.h>

static struct draft draft = {
	.user = { "anna", 4 },
	.type = NOTIFICATION_WARNING,
	.category = { "mail", 4 },
	.content = { "\"title\":\"t\"", 11 },
	.expires = 1767225600123,
};

static const struct draft drafts[] = {
	{ .user = { "anna", 4 }, .content = { "x", 1 } },
	{ .user = { "bob", 3 }, .type = NOTIFICATION_ERROR, .content = { "y", 1 } },
};

static const struct draft to_all = { .content = { "z", 1 } };

static const struct inbox_once once = { .key = { 1, 2 }, .body = { 3, 255 } };

static const struct entry entries[] = {
	{ .kind = ENTRY_BROADCAST,
		.notification = { .id = { { 7 } }, .broadcast = true, .content = { "b", 1 } } },
	{ .kind = ENTRY_USER, .user = { "anna", 4 }, .since = { { 1 } }, .seen = { { 2 } } },
	{ .kind = ENTRY_MARK, .user = { "anna", 4 }, .notification = { .read = 5 }, .deleted = true },
	{ .kind = ENTRY_NOTIFICATION, .user = { "anna", 4 },
		.notification = { .created = 4, .read = 5, .content = { "n", 1 } } },
};

static const struct inbox_request requests[] = {
	{ .operation = INBOX_CREATE, .drafts = &draft, .draft_count = 1 },
	{ .operation = INBOX_CREATE, .drafts = drafts, .draft_count = 2, .once = &once,
		.caller = { { "shop", 4 }, 1767225600 } },
	{ .operation = INBOX_GET, .user = { "a", 1 }, .id = { { 1, 2, 3 } } },
	{ .operation = INBOX_LIST, .user = { "anna", 4 },
		.query = { .limit = 100, .offset = 10000, .type = INBOX_ANY_TYPE } },
	{ .operation = INBOX_LIST, .user = { "anna", 4 }, .caller = { { "anna", 4 }, 0 },
		.query = { .limit = 1, .from_cursor = true, .cursor = { { 9 } }, .unread = true,
			.type = NOTIFICATION_ERROR, .category = { "a-b_c.9", 7 } } },
	{ .operation = INBOX_COUNT, .user = { "anna", 4 } },
	{ .operation = INBOX_CHANGES, .user = { "anna", 4 }, .since = UINT64_MAX,
		.epoch = { "life", 4 } },
	{ .operation = INBOX_MARK_READ, .user = { "anna", 4 }, .id = { { 255 } } },
	{ .operation = INBOX_DELETE_ALL, .user = { "anna", 4 } },
	{ .operation = INBOX_BROADCAST, .drafts = &to_all, .draft_count = 1 },
	{ .operation = INBOX_WITHDRAW, .user = { "anna", 4 }, .id = { { 255 } } },
	{ .operation = INBOX_WITHDRAW_BROADCAST, .id = { { 255 } } },
	{ .operation = INBOX_FORGET, .user = { "anna", 4 } },
	{ .operation = INBOX_REVOKE, .user = { "anna", 4 } },
	{ .operation = INBOX_EXPORT, .position = { "\1anna", 5 } },
	{ .operation = INBOX_EXPORT, .user = { "anna", 4 } },
	{ .operation = INBOX_IMPORT, .entries = entries, .entry_count = ARRAY_LENGTH(entries) },
	{ .operation = INBOX_BROADCAST, .drafts = &to_all, .draft_count = 1, .once = &once,
		.only_repeat = true },
	{ .operation = INBOX_BACKUP },
	{ .operation = INBOX_BACKUP_END },
	{ .operation = INBOX_STATISTICS },
};

/* Whether it comes out again: read and written once more it is the same bytes. */
static bool survives(uint8_t operation, struct slice payload)
{
	_cleanup_(buffer_release) struct buffer again = { 0 };
	struct inbox_request request;

	if (store_decode_request(operation, payload, &request) != 0)
		return false;
	store_encode_request(&again, &request);
	store_request_release(&request);
	return request.operation == operation && slice_equal(buffer_slice(&again), payload);
}

static void test_requests(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
		_cleanup_(buffer_release) struct buffer payload = { 0 };
		struct inbox_request request;
		uint8_t operation = (uint8_t)requests[i].operation;
		bool refused = true;

		tap_ok(store_request_encodable(&requests[i]), "request %zu can be sent", i);
		store_encode_request(&payload, &requests[i]);
		tap_ok(survives(operation, buffer_slice(&payload)),
			"request %zu is read as it was written", i);
		for (size_t len = 0; len < payload.len; len++)
			refused &= store_decode_request(operation, (struct slice){ payload.data, len },
					   &request) == -EBADMSG;
		tap_ok(refused, "request %zu is refused wherever it is cut", i);
		encode_u8(&payload, 0);
		ok_int_equal(store_decode_request(operation, buffer_slice(&payload), &request),
			-EBADMSG, "request %zu is refused with a byte too many", i);
	}
}

static void test_members(void)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct inbox_request request;

	store_encode_request(&payload, &requests[1]);
	tap_ok(store_decode_request(INBOX_CREATE, buffer_slice(&payload), &request) == 0,
		"a create of two with a key is read");
	tap_ok(request.draft_count == 2 && slice_is(request.drafts[1].user, "bob") &&
		       request.drafts[1].type == NOTIFICATION_ERROR,
		"with its drafts");
	tap_ok(request.once && request.once->key[1] == 2 && request.once->body[1] == 255,
		"with its key");
	tap_ok(slice_is(request.caller.name, "shop") && request.caller.issued == 1767225600,
		"with its caller");
	store_request_release(&request);
}

static int decode(const struct inbox_request *request)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct inbox_request read;
	int r;

	store_encode_request(&payload, request);
	r = store_decode_request((uint8_t)request->operation, buffer_slice(&payload), &read);
	if (r == 0)
		store_request_release(&read);
	return r;
}

/* Who a request may be about is told by its operation. */
static void test_users(void)
{
	struct inbox_request count = { .operation = INBOX_COUNT };
	struct inbox_request backup = { .operation = INBOX_BACKUP, .user = SLICE("anna") };
	struct inbox_request create = requests[0], broadcast = requests[9];

	tap_ok(!store_request_encodable(&count) && decode(&count) == -EBADMSG, "a count of nobody");
	tap_ok(!store_request_encodable(&backup) && decode(&backup) == -EBADMSG,
		"a backup of one user");
	create.drafts = &to_all;
	ok_int_equal(decode(&create), -EBADMSG, "a create for nobody");
	broadcast.drafts = &draft;
	ok_int_equal(decode(&broadcast), -EBADMSG, "a broadcast for one user");
	broadcast.drafts = (struct draft[]){ to_all, to_all };
	broadcast.draft_count = 2;
	ok_int_equal(decode(&broadcast), -EBADMSG, "two broadcasts at once");
	create.draft_count = 0;
	ok_int_equal(decode(&create), -EBADMSG, "a create of nothing");
}

/* In whose name: a user's, or that of a publisher key, which no user can have. */
static void test_callers(void)
{
	struct inbox_request create = requests[1];

	create.caller = (struct inbox_caller){ SLICE(PUBLISHER_MARK "shop"), 0 };
	ok_int_equal(decode(&create), 0, "a create by a publisher key");
	create.caller.name = SLICE(PUBLISHER_MARK "no name");
	ok_int_equal(decode(&create), -EBADMSG, "by one whose name is none");
	create.caller.name = SLICE(PUBLISHER_MARK);
	ok_int_equal(decode(&create), -EBADMSG, "by one without a name");
	create.caller.name = SLICE("\2shop");
	ok_int_equal(decode(&create), -EBADMSG, "by another control character");
}

static void test_once(void)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct inbox_request request = requests[1];
	const size_t at = 1 + 5 + 8; /* behind the user, the caller's name and token */

	request.only_repeat = true;
	store_encode_request(&payload, &request);
	ok_int_equal(payload.data[at], 2, "only a repeat, by its number");
	tap_ok(store_decode_request(INBOX_CREATE, buffer_slice(&payload), &request) == 0 &&
		       request.only_repeat && request.once && request.once->key[1] == 2,
		"is read");
	store_request_release(&request);
	payload.data[at] = 3;
	ok_int_equal(store_decode_request(INBOX_CREATE, buffer_slice(&payload), &request), -EBADMSG,
		"no other number is");
}

static void test_ranges(void)
{
	struct inbox_request list = requests[3], create = requests[0];
	struct draft changed = draft;
	struct inbox_request read;
	static char long_content[NOTIFICATION_CONTENT_MAX + 1];

	list.query.limit = 0;
	ok_int_equal(decode(&list), -EBADMSG, "limit 0");
	list.query.limit = 101;
	ok_int_equal(decode(&list), -EBADMSG, "limit 101");
	list.query.limit = 1;
	list.query.offset = 10001;
	ok_int_equal(decode(&list), -EBADMSG, "offset 10001");
	list.query.offset = 0;
	list.query.type = NOTIFICATION_TYPES;
	ok_int_equal(decode(&list), -EBADMSG, "a type that is none");
	list.query.type = INBOX_ANY_TYPE;
	list.query.category = SLICE("Not Allowed");
	ok_int_equal(decode(&list), -EBADMSG, "a category that is none");
	list.query.category = (struct slice){ 0 };
	ok_int_equal(decode(&list), 0, "and without these it is right");
	list.user = (struct slice){ 0 };
	ok_int_equal(decode(&list), -EBADMSG, "no user");
	list.user = SLICE("a\0b");
	ok_int_equal(decode(&list), -EBADMSG, "a user with a NUL");
	list.user = SLICE("\xff");
	ok_int_equal(decode(&list), -EBADMSG, "a user that is not UTF-8");

	create.drafts = &changed;
	changed.content = (struct slice){ 0 };
	ok_int_equal(decode(&create), -EBADMSG, "no content");
	memset(long_content, 'x', sizeof(long_content));
	changed.content = (struct slice){ long_content, sizeof(long_content) };
	ok_int_equal(decode(&create), -EBADMSG, "too much content");
	changed.content.len--;
	ok_int_equal(decode(&create), 0, "just as much as allowed");
	long_content[5] = '\0';
	ok_int_equal(decode(&create), -EBADMSG, "content with a NUL");
	changed = draft;
	changed.expires = INT64_MAX;
	ok_int_equal(decode(&create), -EBADMSG, "an expiry that no calendar has");
	changed = draft;
	changed.type = NOTIFICATION_TYPES;
	ok_int_equal(decode(&create), -EBADMSG, "a type that is none");
	for (unsigned operation = 0; operation < 256; operation += INBOX_OPERATIONS)
		ok_int_equal(store_decode_request((uint8_t)operation, SLICE("\1a\0"), &read),
			-EBADMSG, "operation %u does not exist", operation);
}

static void test_frames(void)
{
	_cleanup_(buffer_release) struct buffer frames = { 0 };
	struct store_frame frame;
	bool waits = true;
	size_t begin;

	begin = store_frame_begin(&frames, 7, INBOX_COUNT, 3);
	buffer_append_string(&frames, "payload");
	store_frame_end(&frames, begin);
	buffer_append_string(&frames, "rest");
	for (size_t len = 0; len < frames.len - 4; len++)
		waits &= store_frame_parse((struct slice){ frames.data, len }, 100, &frame) ==
			 STORE_FRAME_INCOMPLETE;
	tap_ok(waits, "a frame is incomplete wherever it is cut");
	tap_ok(store_frame_parse(buffer_slice(&frames), 100, &frame) == 0 && frame.number == 7 &&
		       frame.operation == INBOX_COUNT && frame.status == 3 &&
		       slice_is(frame.payload, "payload") && frame.bytes == frames.len - 4,
		"a whole one is read");
	ok_int_equal(store_frame_parse(buffer_slice(&frames), 7, &frame), 0, "as long as allowed");
	ok_int_equal(store_frame_parse(buffer_slice(&frames), 6, &frame), -EBADMSG,
		"longer than allowed");
	frames.data[8]++;
	ok_int_equal(store_frame_parse(buffer_slice(&frames), 100, &frame), -EBADMSG,
		"another version");
}

static void test_answers(void)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct inbox_answer answer = {
		.counts = { 1, 2, 3, UINT64_MAX },
		.affected = 5,
		.more = true,
		.stranger = true,
		.next = { { 6 } },
		.items = 1,
	};
	struct notification notification;
	struct inbox_answer read;
	bool refused = true;

	store_encode_answer(&payload, &answer);
	for (size_t len = 0; len < payload.len; len++)
		refused &= store_decode_answer((struct slice){ payload.data, len }, &read) == -EBADMSG;
	tap_ok(refused, "an answer is refused wherever its head is cut");
	tap_ok(store_decode_answer(buffer_slice(&payload), &read) == 0 && read.counts.seq == 1 &&
		       read.counts.unseen == UINT64_MAX && read.affected == 5 && read.more &&
		       !read.reset && read.stranger && read.next.bytes[0] == 6 && read.items == 1,
		"a whole head is read");
	tap_ok(!inbox_next_notification(&read, &notification), "an item that is not there is not read");
}

static void test_greeting(void)
{
	_cleanup_(buffer_release) struct buffer frames = { 0 };
	struct inbox_greeting greeting = { "life", 3, 4 }, read;
	struct store_frame frame;

	store_encode_greeting(&frames, &greeting);
	tap_ok(store_frame_parse(buffer_slice(&frames), 100, &frame) == 0 &&
		       frame.operation == STORE_GREETING && frame.number == 0 &&
		       store_decode_greeting(frame.payload, &read) == 0 &&
		       strcmp(read.epoch, "life") == 0 && read.log_file == 3 && read.log_offset == 4,
		"a greeting is read as it was written");
	frame.payload.len--;
	ok_int_equal(store_decode_greeting(frame.payload, &read), -EBADMSG, "but not if it is cut");
}

int main(void)
{
	test_requests();
	test_members();
	test_users();
	test_callers();
	test_once();
	test_ranges();
	test_frames();
	test_answers();
	test_greeting();
	return tap_done();
}
