/*
 * The frames of the store's socket: what goes in comes out, and whatever is cut,
 * too long, or out of its range is refused.
 */
#include "lib/store_protocol.h"

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

static const struct inbox_request requests[] = {
	{ .operation = INBOX_CREATE, .user = { "anna", 4 }, .draft = &draft },
	{ .operation = INBOX_GET, .user = { "a", 1 }, .id = { { 1, 2, 3 } } },
	{ .operation = INBOX_LIST, .user = { "anna", 4 },
		.query = { .limit = 100, .offset = 10000, .type = INBOX_ANY_TYPE } },
	{ .operation = INBOX_LIST, .user = { "anna", 4 },
		.query = { .limit = 1, .from_cursor = true, .cursor = { { 9 } }, .unread = true,
			.type = NOTIFICATION_ERROR, .category = { "a-b_c.9", 7 } } },
	{ .operation = INBOX_COUNT, .user = { "anna", 4 } },
	{ .operation = INBOX_CHANGES, .user = { "anna", 4 }, .since = UINT64_MAX,
		.epoch = { "life", 4 } },
	{ .operation = INBOX_MARK_READ, .user = { "anna", 4 }, .id = { { 255 } } },
	{ .operation = INBOX_DELETE_ALL, .user = { "anna", 4 } },
};

static bool same(const struct inbox_request *a, const struct inbox_request *b)
{
	const struct inbox_query *x = &a->query, *y = &b->query;

	return a->operation == b->operation && slice_equal(a->user, b->user) &&
	       uuid_compare(&a->id, &b->id) == 0 && a->since == b->since &&
	       slice_equal(a->epoch, b->epoch) && !a->draft == !b->draft &&
	       (a->operation != INBOX_LIST ||
		       (x->limit == y->limit && x->offset == y->offset && x->unread == y->unread &&
			       x->from_cursor == y->from_cursor && x->type == y->type &&
			       uuid_compare(&x->cursor, &y->cursor) == 0 &&
			       slice_equal(x->category, y->category))) &&
	       (!a->draft || !b->draft || (a->draft->type == b->draft->type &&
				     a->draft->expires == b->draft->expires &&
				     slice_equal(a->draft->category, b->draft->category) &&
				     slice_equal(a->draft->content, b->draft->content)));
}

static void test_requests(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
		_cleanup_(buffer_release) struct buffer payload = { 0 };
		struct inbox_request request;
		struct draft read;
		uint8_t operation = (uint8_t)requests[i].operation;
		bool refused = true;

		store_encode_request(&payload, &requests[i]);
		tap_ok(store_decode_request(operation, buffer_slice(&payload), &read, &request) == 0 &&
			       same(&requests[i], &request),
			"request %zu is read as it was written", i);
		for (size_t len = 0; len < payload.len; len++)
			refused &= store_decode_request(operation, (struct slice){ payload.data, len },
					   &read, &request) == -EBADMSG;
		tap_ok(refused, "request %zu is refused wherever it is cut", i);
		encode_u8(&payload, 0);
		ok_int_equal(store_decode_request(operation, buffer_slice(&payload), &read, &request),
			-EBADMSG, "request %zu is refused with a byte too many", i);
	}
}

static int decode(const struct inbox_request *request)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct inbox_request read;
	struct draft read_draft;

	store_encode_request(&payload, request);
	return store_decode_request((uint8_t)request->operation, buffer_slice(&payload), &read_draft,
		&read);
}

static void test_ranges(void)
{
	struct inbox_request list = requests[2], create = requests[0];
	struct draft changed = draft;
	struct inbox_request read;
	struct draft read_draft;
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

	create.draft = &changed;
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
		ok_int_equal(store_decode_request((uint8_t)operation, SLICE("\1a"), &read_draft, &read),
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
		       !read.reset && read.next.bytes[0] == 6 && read.items == 1,
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
	test_ranges();
	test_frames();
	test_answers();
	test_greeting();
	return tap_done();
}
