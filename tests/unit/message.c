/* The messages, byte by byte, and the frame, or the event, around them. */
#include "pushd/message.h"
#include "lib/json.h"
#include "pushd/event_stream.h"
#include "pushd/websocket.h"
#include "tests/tap.h"

#include <inttypes.h>

#define ID  "01900000-0000-7000-8000-000000000001"
#define ID2 "01900000-0000-7000-8000-000000000002"

static const struct counts counts = { .seq = 57, .total = 9, .unread = 3, .unseen = 1 };

enum { HEADROOM = EVENT_STREAM_HEADER_MAX };

/* The JSON that was written, which must be JSON. */
static const char *text_of(struct message *message)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	const char *data = buffer_string(&message->text);
	struct slice text = { data + HEADROOM, message->text.len - HEADROOM };

	tap_ok(json_parse(text, &object) == 0 && json_object_is_type(object, json_type_object),
		"it is a JSON object");
	return data + HEADROOM;
}

static void test_constant_ones(void)
{
	_cleanup_(message_release) struct message to = { 0 };

	message_begin(&to);
	message_auth_required(&to);
	tap_ok(strstr(text_of(&to), "{\"type\":\"auth_required\",\"message\":\""), "auth_required");
	message_begin(&to);
	message_auth_failed(&to, TOKEN_EXPIRED);
	ok_string_equal(text_of(&to), "{\"type\":\"auth_failed\",\"message\":\"Invalid or expired token\","
				      "\"code\":\"token_expired\"}", "auth_failed");
	message_begin(&to);
	message_unread_count(&to, &counts);
	ok_string_equal(text_of(&to), "{\"type\":\"unread_count\",\"unreadCount\":3,\"unseenCount\":1,"
				      "\"seq\":57}", "unread_count");
	message_begin(&to);
	message_pong(&to);
	ok_string_equal(text_of(&to), "{\"type\":\"pong\"}", "pong");
	message_begin(&to);
	message_error(&to, "some_code", "A \"sentence\"\n");
	ok_string_equal(text_of(&to), "{\"type\":\"error\",\"message\":\"A \\\"sentence\\\"\\n\","
				      "\"code\":\"some_code\"}", "error, with what must be escaped");
	message_begin(&to);
	message_token_expiring(&to, 1800000000);
	ok_string_equal(text_of(&to), "{\"type\":\"token_expiring\",\"expiresAt\":"
				      "\"2027-01-15T08:00:00.000Z\"}", "token_expiring");
}

static void test_timed_ones(void)
{
	_cleanup_(message_release) struct message to = { 0 };
	const char *text;

	message_begin(&to);
	message_connected(&to, "e\"1", 1800000000);
	text = text_of(&to);
	tap_ok(strstr(text, "{\"type\":\"connected\",\"message\":\"Connected\",\"timestamp\":\"2") == text,
		"connected");
	tap_ok(strstr(text, "\",\"epoch\":\"e\\\"1\",\"expiresAt\":\"2027-01-15T08:00:00.000Z\"}"),
		"with epoch and expiry");
	message_begin(&to);
	message_ping(&to);
	text = text_of(&to);
	tap_ok(strstr(text, "{\"type\":\"ping\",\"timestamp\":\"2") == text, "ping");
	ok_int_equal(strlen(text), strlen("{\"type\":\"ping\",\"timestamp\":\"2027-01-15T08:00:00.000Z\"}"),
		"with the time alone");
}

static void test_new_notification(void)
{
	_cleanup_(message_release) struct message to = { 0 };
	struct change change = {
		.kind = CHANGE_CREATED,
		.counts = counts,
		.time = INT64_C(1800000000123),
		.notification = SLICE("{\"id\":\"" ID "\",\"n\":1e400}"),
	};

	message_begin(&to);
	message_new_notification(&to, &change);
	ok_string_equal(text_of(&to), "{\"type\":\"new_notification\",\"notification\":"
				      "{\"id\":\"" ID "\",\"n\":1e400},\"timestamp\":\"2027-01-15T08:00:00.123Z\","
				      "\"unreadCount\":3,\"unseenCount\":1,\"seq\":57}",
		"new_notification, with the notification as it was logged");
}

/* A frame whose tail is written anew is the one that would have been written at once. */
static void ok_tail(struct message *to, size_t head, const struct change *change)
{
	_cleanup_(message_release) struct message whole = { 0 };
	struct slice frame, expected;

	message_new_tail(to, head, &change->counts);
	message_begin(&whole);
	message_new_notification(&whole, change);
	frame = message_frame(to);
	expected = message_frame(&whole);
	ok_bytes_equal(frame.data, frame.len, expected.data, expected.len,
		"the frame for %u unread", (unsigned)change->counts.unread);
}

/* One head for readers with shorter and longer counts: some take a longer header than others. */
static void test_two_pieces(void)
{
	static const uint64_t unread[] = { 0, UINT32_MAX, 7, 100000, 1 };
	static char notification[UINT16_MAX];

	for (size_t len = UINT16_MAX - 160; len < UINT16_MAX - 140; len++) {
		_cleanup_(message_release) struct message to = { 0 };
		struct change change = { .kind = CHANGE_BROADCAST_CREATED, .time = 1 };
		size_t head;

		memset(notification, ' ', len);
		notification[0] = '{';
		notification[len - 1] = '}';
		change.notification = (struct slice){ notification, len };
		message_begin(&to);
		head = message_new_head(&to, &change);
		for (size_t i = 0; i < ARRAY_LENGTH(unread); i++) {
			change.counts = (struct counts){ .seq = unread[i] + 5, .unread = unread[i] };
			ok_tail(&to, head, &change);
		}
	}
}

static void test_update(void)
{
	_cleanup_(message_release) struct message to = { 0 };
	const char *text;

	message_begin(&to);
	message_update(&to, &counts, SLICE("{\"op\":\"seen\"}"), SLICE("{},{}"), false);
	text = text_of(&to);
	tap_ok(strstr(text, "{\"type\":\"notification_update\",\"unreadCount\":3,\"unseenCount\":1,\"seq\":57,"
			    "\"changes\":[{\"op\":\"seen\"}],\"latestNotifications\":[{},{}],\"timestamp\":\"2")
			== text, "an update of known changes");
	tap_ok(!strstr(text, "reset"), "is no reset");
	message_begin(&to);
	message_update(&to, &counts, (struct slice){ 0 }, (struct slice){ 0 }, true);
	text = text_of(&to);
	tap_ok(strstr(text, ",\"seq\":57,\"reset\":true,\"latestNotifications\":[],\"timestamp\":\"2"),
		"a reset of an empty inbox");
	tap_ok(!strstr(text, "changes"), "names no changes");
}

static void test_changes(void)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	struct change change = { .kind = CHANGE_READ, .ids = SLICE(ID) };

	message_add_changes(&changes, &change);
	ok_string_equal(buffer_string(&changes), "{\"op\":\"read\",\"id\":\"" ID "\"}", "one");
	change.kind = CHANGE_ALL_READ;
	change.ids = (struct slice){ 0 };
	message_add_changes(&changes, &change);
	ok_string_equal(buffer_string(&changes), "{\"op\":\"read\",\"id\":\"" ID "\"},{\"op\":\"all_read\"}",
		"one more, that names none");
	buffer_clear(&changes);
	change.kind = CHANGE_CREATED;
	change.ids = SLICE(ID "," ID2);
	message_add_changes(&changes, &change);
	ok_string_equal(buffer_string(&changes),
		"{\"op\":\"created\",\"id\":\"" ID "\"},{\"op\":\"created\",\"id\":\"" ID2 "\"}",
		"one entry for each identifier");
	for (enum change_kind kind = CHANGE_EXPIRED; kind <= CHANGE_WITHDRAWN; kind++) {
		_cleanup_(buffer_release) struct buffer own = { 0 }, broadcast = { 0 };
		struct change other = {
			.kind = kind == CHANGE_EXPIRED ? CHANGE_BROADCAST_EXPIRED
						       : CHANGE_BROADCAST_WITHDRAWN,
			.ids = SLICE(ID),
		};

		change = (struct change){ .kind = kind, .ids = SLICE(ID) };
		message_add_changes(&own, &change);
		message_add_changes(&broadcast, &other);
		ok_string_equal(buffer_string(&broadcast), buffer_string(&own),
			"a broadcast that has %s", change_kind_name(kind));
	}
}

/* An answer of the store with so many notifications. */
static struct inbox_answer answer_with(struct buffer *items, unsigned n)
{
	struct notification notification = { .content = SLICE("\"title\":\"x\""), .created = 1 };
	struct inbox_answer answer = { .items = n };

	for (unsigned i = 0; i < n; i++) {
		notification.id.bytes[15] = (uint8_t)i;
		buffer_append(items, notification.id.bytes, UUID_BYTES);
		notification_encode(items, &notification);
	}
	answer.at = decoder_of(items->data, items->len);
	return answer;
}

static void test_notifications(void)
{
	_cleanup_(buffer_release) struct buffer items = { 0 }, all = { 0 };
	struct inbox_answer answer = answer_with(&items, 3);
	struct uuid last;
	size_t len;

	tap_ok(message_add_notifications(&all, &answer, SIZE_MAX, &last), "three notifications");
	ok_int_equal(last.bytes[15], 2, "the last one is told");
	len = all.len;
	for (size_t max = 0; max <= len; max++) {
		_cleanup_(buffer_release) struct buffer some = { 0 }, again = { 0 };
		bool whole;

		answer = answer_with(&again, 3);
		whole = message_add_notifications(&some, &answer, max, &last);
		if (whole != (max == len) || some.len > max || (some.len > 0 && some.data[some.len - 1] != '}') ||
		    (!whole && some.len > 0 && last.bytes[15] != (some.len > len / 2 ? 1 : 0))) {
			tap_ok(false, "cut to %zu bytes", max);
			return;
		}
	}
	tap_ok(true, "cut to any length, whole notifications are left");
}

static void test_list(void)
{
	_cleanup_(message_release) struct message to = { 0 };
	struct uuid next;

	tap_ok(uuid_parse(SLICE(ID), &next) == 0, "a cursor");
	message_begin(&to);
	message_list(&to, &counts, SLICE("{}"), NULL);
	ok_string_equal(text_of(&to), "{\"type\":\"notifications_list\",\"notifications\":[{}],"
				      "\"unreadCount\":3,\"seq\":57}", "the last page");
	message_begin(&to);
	message_list(&to, &counts, (struct slice){ 0 }, &next);
	ok_string_equal(text_of(&to), "{\"type\":\"notifications_list\",\"notifications\":[],"
				      "\"unreadCount\":3,\"seq\":57,\"nextCursor\":\"" ID "\"}", "another");
}

/* The header of the frame stands right before the text, whatever its length. */
static void test_frames(void)
{
	static const size_t lengths[] = { 0, 1, 125, 126, 65535, 65536, 100000 };

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		_cleanup_(message_release) struct message to = { 0 };
		uint8_t header[WEBSOCKET_HEADER_MAX];
		size_t size = websocket_frame_header(header, WEBSOCKET_TEXT, lengths[i]);
		struct slice frame;

		message_begin(&to);
		for (size_t j = 0; j < lengths[i]; j++)
			buffer_append(&to.text, "x", 1);
		frame = message_frame(&to);
		ok_int_equal(frame.len, size + lengths[i], "a frame with %zu bytes of text", lengths[i]);
		tap_ok(memcmp(frame.data, header, size) == 0, "begins with its header");
		tap_ok(slice_equal(message_frame(&to), frame), "and is the same when asked again");
	}
}

static void ok_event(struct message *message, const char *epoch, const char *expected, const char *what)
{
	struct slice event = message_event(message, epoch);

	ok_bytes_equal(event.data, event.len, expected, strlen(expected), "%s", what);
}

static void test_events(void)
{
	static const char count[] = "{\"type\":\"unread_count\",\"unreadCount\":3,\"unseenCount\":1,"
				    "\"seq\":57}";
	_cleanup_(message_release) struct message to = { 0 };
	_cleanup_(buffer_release) struct buffer expected = { 0 };
	struct slice frame;

	message_begin(&to);
	message_pong(&to);
	ok_event(&to, "e", "event: pong\ndata: {\"type\":\"pong\"}\n\n", "an event without an id");
	message_begin(&to);
	message_unread_count(&to, &counts);
	buffer_print(&expected, "event: unread_count\nid: e:1:57\ndata: %s\n\n", count);
	ok_event(&to, "e:1", buffer_string(&expected), "one with an id");
	ok_event(&to, "e:1", buffer_string(&expected), "and again");
	frame = message_frame(&to);
	ok_bytes_equal(frame.data + 2, frame.len - 2, count, strlen(count), "behind it, a frame");
	ok_event(&to, "e:1", buffer_string(&expected), "behind that, the event");
}

/* One head, and tails of several lengths, sent to clients of both kinds. */
static void test_events_in_pieces(void)
{
	static const uint64_t unread[] = { 0, UINT32_MAX, 7 };
	_cleanup_(message_release) struct message to = { 0 }, whole = { 0 };
	struct change change = { .time = 1, .notification = SLICE("{}") };
	size_t head;

	message_begin(&to);
	head = message_new_head(&to, &change);
	for (size_t i = 0; i < ARRAY_LENGTH(unread); i++) {
		_cleanup_(buffer_release) struct buffer expected = { 0 };

		change.counts = (struct counts){ .seq = unread[i] + 1, .unread = unread[i] };
		message_new_tail(&to, head, &change.counts);
		message_begin(&whole);
		message_new_notification(&whole, &change);
		buffer_print(&expected, "event: new_notification\nid: e:%" PRIu64 "\ndata: %s\n\n",
			change.counts.seq, text_of(&whole));
		ok_event(&to, "e", buffer_string(&expected), "the event of this tail");
		message_frame(&to);
	}
}

/* The longest header; and data that came with line ends, which are white space in JSON. */
static void test_odd_events(void)
{
	_cleanup_(message_release) struct message to = { 0 };
	struct counts most = { .seq = UINT64_MAX - 1 };
	char type[EVENT_STREAM_TYPE_MAX + 1], epoch[EVENT_STREAM_EPOCH_MAX + 1];
	struct slice event;

	memset(type, 't', sizeof(type) - 1);
	memset(epoch, 'e', sizeof(epoch) - 1);
	type[sizeof(type) - 1] = epoch[sizeof(epoch) - 1] = '\0';
	message_begin(&to);
	message_update(&to, &most, (struct slice){ 0 }, SLICE("{\r\n\n}"), false);
	tap_ok(strlen(to.type) <= EVENT_STREAM_TYPE_MAX, "the longest type is one of those that fit");
	to.type = type;
	event = message_event(&to, epoch);
	tap_ok(event.data >= to.text.data && strncmp(event.data, "event: t", 8) == 0, "a header that fits");
	tap_ok(memmem(event.data, event.len, "Notifications\":[{   }]", 21), "line ends are white space");
	tap_ok(!memchr(event.data, '\r', event.len), "and gone");
}

/* Out of memory there is no frame, not half a one. */
static void test_failure(void)
{
	_cleanup_(message_release) struct message to = { .text.limit = HEADROOM + 10 };

	message_begin(&to);
	message_auth_required(&to);
	ok_int_equal(message_frame(&to).len, 0, "a message that could not be written is none");
	ok_int_equal(message_event(&to, "e").len, 0, "nor an event");
	message_begin(&to);
	message_pong(&to);
	ok_int_equal(message_frame(&to).len, 0, "nor is one that comes later but has no room");
}

int main(void)
{
	test_constant_ones();
	test_timed_ones();
	test_new_notification();
	test_two_pieces();
	test_update();
	test_changes();
	test_notifications();
	test_list();
	test_frames();
	test_events();
	test_events_in_pieces();
	test_odd_events();
	test_failure();
	return tap_done();
}
