/*
 * The frame codec: every length form, every cut of the input, every rule that a
 * client can break, and when it is told; what it keeps; what it writes.
 *
 * What comes out is compared as a transcript, one line an event, so that two
 * ways of feeding the same bytes can be held against each other.
 */
#include "pushd/websocket.h"
#include "tests/tap.h"

#include <stdio.h>

enum { ROOMY = 1 << 20, FINAL = 0x80 };

static const uint8_t MASK[4] = { 0x37, 0xfa, 0x21, 0x3d };

static const struct {
	enum websocket_kind kind;
	const char *name;
} kind_names[] = {
	{ WEBSOCKET_TEXT, "text" },
	{ WEBSOCKET_BINARY, "binary" },
	{ WEBSOCKET_CLOSE, "close" },
	{ WEBSOCKET_PING, "ping" },
	{ WEBSOCKET_PONG, "pong" },
	{ WEBSOCKET_FAILURE, "failure" },
};

static const char *name_of(enum websocket_kind kind)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kind_names); i++)
		if (kind_names[i].kind == kind)
			return kind_names[i].name;
	return "unknown";
}

/* A frame as a client sends it; `first` is the whole first byte. */
static void put_frame(struct buffer *to, unsigned first, struct slice payload)
{
	uint8_t header[WEBSOCKET_HEADER_MAX];
	size_t len = websocket_frame_header(header, WEBSOCKET_TEXT, payload.len);

	header[0] = (uint8_t)first;
	header[1] |= 0x80;
	buffer_append(to, header, len);
	buffer_append(to, MASK, sizeof(MASK));
	for (size_t i = 0; i < payload.len; i++) {
		char byte = (char)(payload.data[i] ^ MASK[i % 4]);

		buffer_append(to, &byte, 1);
	}
}

static void put_hex(struct buffer *to, const char *hex)
{
	unsigned value;
	int n;

	while (sscanf(hex, " %2x%n", &value, &n) == 1) {
		char byte = (char)value;

		buffer_append(to, &byte, 1);
		hex += n;
	}
}

/* Some text of that length, ASCII with a longer character now and then. */
static void put_text(struct buffer *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i % 50 == 20 && len - i >= 3) {
			buffer_append_string(to, "\xe2\x82\xac");
			i += 2;
		} else {
			char c = (char)('a' + i % 26);

			buffer_append(to, &c, 1);
		}
	}
}

static void tell(struct buffer *transcript, const struct websocket_event *event)
{
	uint64_t hash = 0xcbf29ce484222325;

	buffer_print(transcript, "%s", name_of(event->kind));
	if (event->code)
		buffer_print(transcript, " %u", event->code);
	if (event->kind != WEBSOCKET_FAILURE)
		buffer_print(transcript, " %zu", event->payload.len);
	for (size_t i = 0; i < event->payload.len; i++)
		hash = (hash ^ (uint8_t)event->payload.data[i]) * 0x100000001b3;
	if (event->kind == WEBSOCKET_FAILURE || event->payload.len == 0)
		buffer_print(transcript, "\n");
	else if (event->payload.len <= WEBSOCKET_CONTROL_MAX)
		buffer_print(transcript, " %.*s\n", (int)event->payload.len, event->payload.data);
	else
		buffer_print(transcript, " #%016llx\n", (unsigned long long)hash);
}

/* Feeds one piece, from memory of its own so that a read beyond it is seen. */
static void feed(struct websocket *websocket, const void *data, size_t len, size_t max_message,
	struct buffer *transcript)
{
	_cleanup_(freeing_memory) uint8_t *copy = malloc(len + (len == 0));
	struct websocket_input input = { .data = copy, .len = len };
	struct websocket_event event;

	if (len > 0)
		memcpy(copy, data, len);
	do {
		if (websocket_next(websocket, &input, max_message, &event) < 0) {
			buffer_print(transcript, "error\n");
			return;
		}
		if (event.kind != WEBSOCKET_NOTHING)
			tell(transcript, &event);
	} while (event.kind != WEBSOCKET_NOTHING);
	if (input.len != 0)
		buffer_print(transcript, "left %zu\n", input.len);
}

/* Another program goes on: with what this one has written down of it. */
static void hand_over(struct websocket *websocket, struct buffer *transcript)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct decoder from;

	websocket_encode(websocket, &bytes);
	websocket_release(websocket);
	*websocket = (struct websocket){ 0 };
	from = decoder_of(bytes.data, bytes.len);
	if (websocket_decode(websocket, &from) < 0 || decoder_finish(&from) < 0)
		buffer_print(transcript, "not handed over\n");
}

/* In pieces of `step` bytes after a first one of `first`; 0 = all at once. */
static void feed_all(struct slice bytes, size_t first, size_t step, size_t max_message,
	struct buffer *transcript)
{
	struct websocket websocket = { 0 };

	buffer_clear(transcript);
	for (size_t at = 0, n = first ? first : bytes.len; at < bytes.len; at += n, n = step) {
		if (n == 0 || n > bytes.len - at)
			n = bytes.len - at;
		feed(&websocket, bytes.data + at, n, max_message, transcript);
		hand_over(&websocket, transcript);
	}
	websocket_release(&websocket);
}

static bool same(const struct buffer *a, const struct buffer *b)
{
	return slice_equal(buffer_slice(a), buffer_slice(b));
}

static bool holds(const struct buffer *transcript, const char *line)
{
	return transcript->data &&
		memmem(transcript->data, transcript->len, line, strlen(line)) != NULL;
}

/*
 * Whole, byte by byte, and cut in two at every place, with another program going on at each
 * cut: always the same.
 */
static bool cuts_make_no_difference(struct slice bytes, size_t max_message)
{
	_cleanup_(buffer_release) struct buffer whole = { 0 };
	_cleanup_(buffer_release) struct buffer cut = { 0 };

	feed_all(bytes, 0, 0, max_message, &whole);
	feed_all(bytes, 1, 1, max_message, &cut);
	if (!same(&whole, &cut)) {
		tap_note("byte by byte: %s", buffer_string(&cut));
		return false;
	}
	for (size_t i = 1; i < bytes.len; i++) {
		feed_all(bytes, i, 0, max_message, &cut);
		if (!same(&whole, &cut)) {
			tap_note("cut at %zu: %s", i, buffer_string(&cut));
			return false;
		}
	}
	return true;
}

static void ok_transcript(struct slice bytes, size_t max_message, const char *expected,
	const char *what)
{
	_cleanup_(buffer_release) struct buffer transcript = { 0 };

	feed_all(bytes, 0, 0, max_message, &transcript);
	ok_string_equal(buffer_string(&transcript), expected, "%s", what);
	tap_ok(cuts_make_no_difference(bytes, max_message), "%s, cut anywhere", what);
}

static void ok_hex(const char *hex, size_t max_message, const char *expected, const char *what)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	put_hex(&bytes, hex);
	ok_transcript(buffer_slice(&bytes), max_message, expected, what);
}

static void test_lengths(void)
{
	static const size_t lengths[] = { 0, 1, 2, 7, 8, 9, 124, 125, 126, 127, 255, 256, 4096,
		65535, 65536 };

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		_cleanup_(buffer_release) struct buffer text = { 0 };
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		_cleanup_(buffer_release) struct buffer expected = { 0 };
		struct websocket_event event = { .kind = WEBSOCKET_TEXT };

		put_text(&text, lengths[i]);
		event.payload = buffer_slice(&text);
		tell(&expected, &event);
		put_frame(&bytes, FINAL | WEBSOCKET_TEXT, buffer_slice(&text));
		event.kind = WEBSOCKET_BINARY;
		event.payload.len -= lengths[i] > 10;
		tell(&expected, &event);
		put_frame(&bytes, FINAL | WEBSOCKET_BINARY, event.payload);
		if (lengths[i] > 60000) {
			_cleanup_(buffer_release) struct buffer got = { 0 };

			feed_all(buffer_slice(&bytes), 0, 0, ROOMY, &got);
			ok_string_equal(buffer_string(&got), buffer_string(&expected),
				"messages of %zu bytes", lengths[i]);
		} else {
			ok_transcript(buffer_slice(&bytes), ROOMY, buffer_string(&expected),
				"messages of all lengths");
		}
	}
}

/* Two pieces, whatever the place of the cut, give the payload that was sent. */
static void test_long_frames_cut(void)
{
	static const size_t lengths[] = { 65535, 65536 };

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		_cleanup_(buffer_release) struct buffer payload = { 0 };
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		_cleanup_(buffer_release) struct buffer copy = { 0 };
		size_t wrong = 0;

		put_text(&payload, lengths[i]);
		put_frame(&bytes, FINAL | WEBSOCKET_BINARY, buffer_slice(&payload));
		for (size_t cut = 1; cut < bytes.len; cut++) {
			struct websocket websocket = { 0 };
			struct websocket_event first, second;
			struct websocket_input input;

			buffer_clear(&copy);
			buffer_append_slice(&copy, buffer_slice(&bytes));
			input = (struct websocket_input){ (uint8_t *)copy.data, cut };
			websocket_next(&websocket, &input, ROOMY, &first);
			input = (struct websocket_input){ (uint8_t *)copy.data + cut,
				bytes.len - cut };
			websocket_next(&websocket, &input, ROOMY, &second);
			wrong += first.kind != WEBSOCKET_NOTHING ||
				second.kind != WEBSOCKET_BINARY ||
				!slice_equal(second.payload, buffer_slice(&payload));
			websocket_release(&websocket);
		}
		ok_int_equal(wrong, 0, "a frame of %zu bytes, cut at each of its %zu places",
			lengths[i], bytes.len - 1);
	}
}

static void test_examples(void)
{
	ok_hex("818537fa213d7f9f4d5158", ROOMY, "text 5 Hello\n", "RFC 6455, 5.7: text");
	ok_hex("018337fa213d7f9f4d 808237fa213d5b95", ROOMY, "text 5 Hello\n",
		"RFC 6455, 5.7: in fragments, masked");
	ok_hex("898537fa213d7f9f4d5158", ROOMY, "ping 5 Hello\n", "RFC 6455, 5.7: ping");
	ok_hex("8a8537fa213d7f9f4d5158", ROOMY, "pong 5 Hello\n", "RFC 6455, 5.7: pong");
}

/* All with a mask of zeros, so that the payload can be read. */
static void test_fragments(void)
{
	ok_hex("0180 00000000 0080 00000000 8080 00000000", ROOMY, "text 0\n", "empty fragments");
	ok_hex("0181 00000000 61 8980 00000000 0081 00000000 62 8a81 00000000 78 8081 00000000 63"
	       "8181 00000000 64",
		ROOMY, "ping 0\npong 1 x\ntext 3 abc\ntext 1 d\n",
		"control frames between fragments, and a message behind them");
	ok_hex("0281 00000000 ff 8081 00000000 fe 8281 00000000 41", ROOMY,
		"binary 2 \xff\xfe\nbinary 1 A\n", "binary in fragments is not judged as text");
	ok_hex("0181 00000000 61 8882 00000000 03e8", ROOMY, "close 1000 0\n",
		"a close inside a fragmented message");
	ok_hex("0181 00000000 e2 0081 00000000 82 8081 00000000 ac", ROOMY, "text 3 €\n",
		"a character across three fragments");
}

static const struct violation {
	const char *what;
	const char *bytes;
	unsigned code;
	size_t told_at; /* how many bytes show it; 0 = the last one */
} violations[] = {
	{ "reserved bit 1", "c180 00000000", 1002, 2 },
	{ "reserved bit 2", "a180 00000000", 1002, 2 },
	{ "reserved bit 3", "9180 00000000", 1002, 2 },
	{ "reserved bit in a control frame", "c980 00000000", 1002, 2 },
	{ "opcode 3", "8380 00000000", 1002, 2 },
	{ "opcode 4", "8480 00000000", 1002, 2 },
	{ "opcode 5", "8580 00000000", 1002, 2 },
	{ "opcode 6", "8680 00000000", 1002, 2 },
	{ "opcode 7", "8780 00000000", 1002, 2 },
	{ "opcode 11", "8b80 00000000", 1002, 2 },
	{ "opcode 12", "8c80 00000000", 1002, 2 },
	{ "opcode 13", "8d80 00000000", 1002, 2 },
	{ "opcode 14", "8e80 00000000", 1002, 2 },
	{ "opcode 15", "8f80 00000000", 1002, 2 },
	{ "opcode 3, not final", "0380 00000000", 1002, 2 },
	{ "text without a mask", "8105 48656c6c6f", 1002, 2 },
	{ "ping without a mask", "8900", 1002, 2 },
	{ "close without a mask", "8800", 1002, 2 },
	{ "ping in fragments", "0980 00000000", 1002, 2 },
	{ "pong in fragments", "0a80 00000000", 1002, 2 },
	{ "close in fragments", "0882 00000000 03e8", 1002, 2 },
	{ "ping of 126 bytes", "89fe 007e 00000000", 1002, 2 },
	{ "close with 64 bits of length", "88ff 0000000000000002 00000000", 1002, 2 },
	{ "continuation of nothing", "8080 00000000", 1002, 2 },
	{ "continuation of nothing, not final", "0080 00000000", 1002, 2 },
	{ "continuation after a whole message", "8180 00000000 8080 00000000", 1002, 8 },
	{ "continuation after the last fragment", "0180 00000000 8080 00000000 8080 00000000", 1002,
		14 },
	{ "text inside text", "0181 00000000 61 8181 00000000 62", 1002, 9 },
	{ "binary inside text", "0181 00000000 61 0281 00000000 62", 1002, 9 },
	{ "text inside binary", "0281 00000000 61 0181 00000000 62", 1002, 9 },
	{ "125 in 16 bits", "81fe 007d 00000000", 1002, 4 },
	{ "0 in 16 bits", "81fe 0000 00000000", 1002, 4 },
	{ "65535 in 64 bits", "82ff 000000000000ffff 00000000", 1002, 10 },
	{ "0 in 64 bits", "82ff 0000000000000000 00000000", 1002, 10 },
	{ "a length of 2^63", "82ff 8000000000000000 00000000", 1002, 10 },
	{ "a length of 2^64 - 1", "82ff ffffffffffffffff 00000000", 1002, 10 },
	{ "a length of 2^63 - 1", "82ff 7fffffffffffffff 00000000", 1009, 10 },
	{ "close with one byte", "8881 00000000 03", 1002, 0 },
	{ "close with a reason that is not UTF-8", "8884 00000000 03e8c328", 1007, 0 },
	{ "close with half a character", "8884 00000000 03e8e282", 1007, 0 },
};

/* That the failure comes with byte told_at and not before, and that it is the last event. */
static void check_violation(const struct violation *violation)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_(buffer_release) struct buffer transcript = { 0 };
	struct websocket websocket = { 0 };
	char expected[32];
	size_t told_at;

	put_hex(&bytes, violation->bytes);
	told_at = violation->told_at ? violation->told_at : bytes.len;
	for (size_t i = 0; i + 1 < told_at; i++)
		feed(&websocket, bytes.data + i, 1, ROOMY, &transcript);
	tap_ok(!holds(&transcript, "failure"),
		"%s: not told before byte %zu", violation->what, told_at);
	buffer_clear(&transcript);
	feed(&websocket, bytes.data + told_at - 1, 1, ROOMY, &transcript);
	snprintf(expected, sizeof(expected), "failure %u\n", violation->code);
	ok_string_equal(buffer_string(&transcript), expected, "%s: told", violation->what);
	tap_ok(!websocket.partial, "%s: nothing is kept", violation->what);
	feed(&websocket, "\x81\x80\0\0\0\0", 6, ROOMY, &transcript);
	ok_string_equal(buffer_string(&transcript), expected, "%s: nothing after it",
		violation->what);
	put_hex(&bytes, "8180 00000000 8180 00000000");
	tap_ok(cuts_make_no_difference(buffer_slice(&bytes), ROOMY), "%s: cut anywhere",
		violation->what);
	websocket_release(&websocket);
}

static void test_limit(void)
{
	ok_hex("8183 00000000 616263", 3, "text 3 abc\n", "a message as long as the limit");
	ok_hex("8184 00000000 61626364", 3, "failure 1009\n", "one byte above");
	ok_hex("0182 00000000 6162 8081 00000000 63", 3, "text 3 abc\n",
		"fragments as long as the limit");
	ok_hex("0182 00000000 6162 8082 00000000 6364", 3, "failure 1009\n",
		"fragments that together are above");
	ok_hex("0183 00000000 616263 0080 00000000 8080 00000000", 3, "text 3 abc\n",
		"empty fragments at the limit");
	ok_hex("8985 00000000 6162636465 0183 00000000 616263 8985 00000000 6162636465"
	       "8080 00000000",
		3, "ping 5 abcde\nping 5 abcde\ntext 3 abc\n", "control frames do not count");
	ok_hex("0180 00000000 0080 00000000 0080 00000000 8080 00000000", 3, "text 0\n",
		"as many empty fragments as there may be bytes, and the last");
	ok_hex("0180 00000000 0080 00000000 0080 00000000 0080 00000000 0080 00000000", 3,
		"failure 1009\n", "one more");
	ok_hex("8180 00000000 8181 00000000 61", 0, "text 0\nfailure 1009\n", "a limit of nothing");
}

static void test_limit_keeps_nothing(void)
{
	static const char header[] = "\x82\xfe\x10\x01\x37\xfa\x21\x3d";
	_cleanup_(buffer_release) struct buffer transcript = { 0 };
	struct websocket websocket = { 0 };

	feed(&websocket, header, sizeof(header) - 1, 4096, &transcript);
	ok_string_equal(buffer_string(&transcript), "failure 1009\n",
		"4097 bytes are refused by the header alone");
	tap_ok(!websocket.partial, "and nothing was kept");
	websocket_release(&websocket);
}

/* The caller may take the failure for the end and not call again. */
static void test_failure_keeps_nothing(void)
{
	uint8_t bytes[] = { 0x01, 0x81, 0, 0, 0, 0, 'a', 0x81, 0x80 };
	struct websocket_input input = { .data = bytes, .len = sizeof(bytes) };
	struct websocket websocket = { 0 };
	struct websocket_event event;

	ok_int_equal(websocket_next(&websocket, &input, ROOMY, &event), 0, "a failure in fragments");
	ok_int_equal(event.kind, WEBSOCKET_FAILURE, "is told");
	tap_ok(!websocket.partial, "and the fragments are dropped with it");
	websocket_release(&websocket);
}

/* A limit that a reload lowers below what is gathered. */
static void test_limit_lowered(void)
{
	_cleanup_(buffer_release) struct buffer transcript = { 0 };
	struct websocket websocket = { 0 };

	feed(&websocket, "\x01\x84\0\0\0\0abcd", 10, 4, &transcript);
	feed(&websocket, "\x80\x80\0\0\0\0", 6, 2, &transcript);
	ok_string_equal(buffer_string(&transcript), "text 4 abcd\n",
		"what was taken under a higher limit may end");
	feed(&websocket, "\x01\x84\0\0\0\0abcd", 10, 4, &transcript);
	feed(&websocket, "\x80\x81\0\0\0\0e", 7, 2, &transcript);
	ok_string_equal(buffer_string(&transcript), "text 4 abcd\nfailure 1009\n",
		"but not grow");
	websocket_release(&websocket);
}

static const struct {
	const char *text;
	size_t wrong; /* the byte that cannot stand there, from 1; 0 = valid; above the length = the end */
} texts[] = {
	{ "\xc2\x80\xdf\xbf", 0 },
	{ "\xe0\xa0\x80\xef\xbf\xbf", 0 },
	{ "\xed\x9f\xbf\xee\x80\x80", 0 },
	{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 0 },
	{ "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", 0 },
	{ "0123456789abcdef\xc3\xa4" "0123456789", 0 },
	{ "\x7f\x01", 0 },
	{ "\x80", 1 },
	{ "\xbf", 1 },
	{ "a\x80", 2 },
	{ "\xc0\x80", 1 },
	{ "\xc1\xbf", 1 },
	{ "\xc2", 2 },
	{ "\xc2" "a", 2 },
	{ "\xc2\xc2", 2 },
	{ "\xc2" "01234567" "\x80", 2 },
	{ "\xe0\x80\x80", 2 },
	{ "\xe0\x9f\xbf", 2 },
	{ "\xe1\x80", 3 },
	{ "\xe1\x80\x7f", 3 },
	{ "\xed\xa0\x80", 2 },
	{ "\xed\xbf\xbf", 2 },
	{ "\xf0\x8f\xbf\xbf", 2 },
	{ "\xf0\x90\x80", 4 },
	{ "\xf0\x90\x80\xc0", 4 },
	{ "\xf4\x90\x80\x80", 2 },
	{ "\xf5\x80\x80\x80", 1 },
	{ "\xf8\x88\x80\x80\x80", 1 },
	{ "\xfe", 1 },
	{ "\xff", 1 },
	{ "0123456789abcde\xff" "0123456789", 16 },
	{ "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80" "edited", 13 },
};

/* A byte that is wrong is told with it, though the frame and its message go on. */
static void test_text(struct slice text, size_t wrong)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_(buffer_release) struct buffer transcript = { 0 };
	struct websocket websocket = { 0 };
	size_t header_len = 6, failed_at = 0;

	put_frame(&bytes, FINAL | WEBSOCKET_TEXT, text);
	for (size_t i = 0; i < bytes.len; i++) {
		feed(&websocket, bytes.data + i, 1, ROOMY, &transcript);
		if (!failed_at && transcript.len > 0)
			failed_at = i + 1 - header_len;
	}
	websocket_release(&websocket);
	ok_int_equal(failed_at, wrong && wrong <= text.len ? wrong : text.len,
		"UTF-8: the event comes at its byte");
	ok_int_equal(holds(&transcript, "failure 1007"), wrong > 0,
		"UTF-8: it is what it must be");
	tap_ok(cuts_make_no_difference(buffer_slice(&bytes), ROOMY), "UTF-8: cut anywhere");
}

/* The same text in two fragments, cut at each place, is judged the same. */
static void test_text_in_fragments(struct slice text, bool valid)
{
	size_t differing = 0;

	for (size_t cut = 0; cut <= text.len; cut++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		_cleanup_(buffer_release) struct buffer transcript = { 0 };

		put_frame(&bytes, WEBSOCKET_TEXT, (struct slice){ text.data, cut });
		put_frame(&bytes, FINAL, (struct slice){ text.data + cut, text.len - cut });
		feed_all(buffer_slice(&bytes), 0, 0, ROOMY, &transcript);
		differing += valid != !holds(&transcript, "failure 1007");
	}
	ok_int_equal(differing, 0, "UTF-8: in fragments");
}

static bool code_allowed(unsigned code)
{
	static const unsigned reserved[] = { 1004, 1005, 1006, 1015 };

	for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
		if (code == reserved[i])
			return false;
	return (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void test_close_codes(void)
{
	unsigned wrong = 0;

	for (unsigned code = 0; code <= UINT16_MAX; code++) {
		_cleanup_(buffer_release) struct buffer transcript = { 0 };
		struct websocket websocket = { 0 };
		char frame[] = { (char)0x88, (char)0x82, 0, 0, 0, 0, (char)(code >> 8),
			(char)code };
		char expected[32];

		feed(&websocket, frame, sizeof(frame), ROOMY, &transcript);
		snprintf(expected, sizeof(expected),
			code_allowed(code) ? "close %u 0\n" : "failure 1002\n", code);
		wrong += strcmp(buffer_string(&transcript), expected) != 0;
		websocket_release(&websocket);
	}
	ok_int_equal(wrong, 0, "each of the 65,536 close codes is judged by its range");
}

static void test_close(void)
{
	_cleanup_(buffer_release) struct buffer longest = { 0 };
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_(buffer_release) struct buffer expected = { 0 };

	ok_hex("8880 00000000", ROOMY, "close 1005 0\n", "a close without a code");
	ok_hex("8885 00000000 03e8627965 8180 00000000", ROOMY, "close 1000 3 bye\n",
		"a close with a reason, and nothing after it");
	buffer_append_string(&longest, "\x0f\xa0");
	put_text(&longest, WEBSOCKET_REASON_MAX);
	put_frame(&bytes, FINAL | WEBSOCKET_CLOSE, buffer_slice(&longest));
	buffer_print(&expected, "close 4000 123 %s\n", buffer_string(&longest) + 2);
	ok_transcript(buffer_slice(&bytes), ROOMY, buffer_string(&expected),
		"a close with the longest reason");
}

static void test_memory(void)
{
	_cleanup_(buffer_release) struct buffer transcript = { 0 };
	struct websocket websocket = { 0 };

	tap_ok(sizeof(struct websocket) <= 16, "an idle client costs at most 16 bytes");
	feed(&websocket, "\x81\x83\0\0\0\0abc\x89\x80\0\0\0\0", 15, ROOMY, &transcript);
	tap_ok(!websocket.partial, "whole frames take no memory");
	feed(&websocket, "\x81", 1, ROOMY, &transcript);
	tap_ok(websocket.partial, "a frame that is cut does");
	feed(&websocket, "\x83\0\0\0\0abc", 8, ROOMY, &transcript);
	tap_ok(!websocket.partial, "until it is told");
	feed(&websocket, "\x01\x81\0\0\0\0a\x89\x80\0\0\0\0", 13, ROOMY, &transcript);
	tap_ok(websocket.partial, "a message in fragments does");
	feed(&websocket, "\x80\x80\0\0\0\0", 6, ROOMY, &transcript);
	tap_ok(!websocket.partial, "until it is told");
	feed(&websocket, NULL, 0, ROOMY, &transcript);
	feed(&websocket, "\x89\x81\0\0\0\0", 6, ROOMY, &transcript);
	feed(&websocket, NULL, 0, ROOMY, &transcript);
	feed(&websocket, "x", 1, ROOMY, &transcript);
	ok_string_equal(buffer_string(&transcript),
		"text 3 abc\nping 0\ntext 3 abc\nping 0\ntext 1 a\nping 1 x\n",
		"no input at all changes nothing");
	feed(&websocket, "\x82\x90\0\0\0\0half", 10, ROOMY, &transcript);
	websocket_release(&websocket);
	tap_ok(!websocket.partial, "what is incomplete can be released");
	websocket_release(&websocket);
	tap_ok(!websocket.partial, "and twice");
}

/* A long conversation in random pieces. */
static void test_conversation(void)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_(buffer_release) struct buffer whole = { 0 };
	_cleanup_(buffer_release) struct buffer cut = { 0 };
	uint32_t random = 1;
	unsigned differing = 0;

	for (unsigned i = 0; i < 60; i++) {
		_cleanup_(buffer_release) struct buffer text = { 0 };

		put_text(&text, i * i % 400);
		put_frame(&bytes, i % 3 ? FINAL | WEBSOCKET_TEXT : WEBSOCKET_TEXT,
			buffer_slice(&text));
		put_frame(&bytes, FINAL | WEBSOCKET_PING, SLICE("beat"));
		if (i % 3 == 0)
			put_frame(&bytes, FINAL, SLICE("end"));
	}
	put_frame(&bytes, FINAL | WEBSOCKET_CLOSE, SLICE("\x03\xe8"));
	feed_all(buffer_slice(&bytes), 0, 0, ROOMY, &whole);
	for (unsigned round = 0; round < 500; round++) {
		struct websocket websocket = { 0 };

		buffer_clear(&cut);
		for (size_t at = 0, n; at < bytes.len; at += n) {
			random = random * 1664525 + 1013904223;
			n = (random >> 16) % (1 + round) + 1;
			if (n > bytes.len - at)
				n = bytes.len - at;
			feed(&websocket, bytes.data + at, n, ROOMY, &cut);
		}
		websocket_release(&websocket);
		differing += !same(&whole, &cut);
	}
	tap_ok(holds(&whole, "close 1000"), "a conversation is read to its end");
	ok_int_equal(differing, 0, "and the same in each of 500 random cuts");
}

static const struct {
	uint64_t len;
	size_t header_len;
	const char *header;
} headers[] = {
	{ 0, 2, "\x81\x00" },
	{ 1, 2, "\x81\x01" },
	{ 125, 2, "\x81\x7d" },
	{ 126, 4, "\x81\x7e\x00\x7e" },
	{ 127, 4, "\x81\x7e\x00\x7f" },
	{ 256, 4, "\x81\x7e\x01\x00" },
	{ 65535, 4, "\x81\x7e\xff\xff" },
	{ 65536, 10, "\x81\x7f\0\0\0\0\0\x01\0\0" },
	{ 0x123456789abc, 10, "\x81\x7f\0\0\x12\x34\x56\x78\x9a\xbc" },
};

static void test_headers(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
		uint8_t header[WEBSOCKET_HEADER_MAX];
		size_t len = websocket_frame_header(header, WEBSOCKET_TEXT, headers[i].len);

		ok_bytes_equal(header, len, headers[i].header, headers[i].header_len,
			"the header of a frame of %llu bytes", (unsigned long long)headers[i].len);
	}
}

static void ok_written(struct buffer *written, const char *bytes, size_t len, const char *what)
{
	ok_bytes_equal(written->data, written->len, bytes, len, "%s", what);
	buffer_clear(written);
}

static void test_writing(void)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };

	websocket_append(&to, WEBSOCKET_TEXT, SLICE("Hello"));
	ok_written(&to, "\x81\x05Hello", 7, "RFC 6455, 5.7: text without a mask");
	websocket_append(&to, WEBSOCKET_BINARY, SLICE("\0"));
	ok_written(&to, "\x82\x01\0", 3, "binary");
	websocket_append(&to, WEBSOCKET_PING, SLICE("Hello"));
	ok_written(&to, "\x89\x05Hello", 7, "RFC 6455, 5.7: ping without a mask");
	websocket_append(&to, WEBSOCKET_PONG, (struct slice){ 0 });
	ok_written(&to, "\x8a\x00", 2, "an empty pong");
	websocket_append_close(&to, WEBSOCKET_GOING_AWAY, SLICE("1500"));
	ok_written(&to, "\x88\x06\x03\xe9" "1500", 8, "close with a reason");
	websocket_append_close(&to, 4401, (struct slice){ 0 });
	ok_written(&to, "\x88\x02\x11\x31", 4, "close without one");
	websocket_append_close(&to, WEBSOCKET_NO_STATUS, SLICE("dropped"));
	ok_written(&to, "\x88\x00", 2, "close without a code");
}

static void test_long_reasons(void)
{
	for (size_t ascii = 120; ascii <= 124; ascii++) {
		_cleanup_(buffer_release) struct buffer reason = { 0 };
		_cleanup_(buffer_release) struct buffer to = { 0 };
		size_t fits = ascii + 3 <= WEBSOCKET_REASON_MAX ? ascii + 3 :
			ascii < WEBSOCKET_REASON_MAX		? ascii :
								  WEBSOCKET_REASON_MAX;

		for (size_t i = 0; i < ascii; i++)
			buffer_append_string(&reason, "r");
		buffer_append_string(&reason, "€");
		websocket_append_close(&to, WEBSOCKET_NORMAL, buffer_slice(&reason));
		ok_int_equal(to.len, 4 + fits, "a reason is cut between characters: %zu", ascii);
		ok_bytes_equal(to.data + 4, to.len - 4, reason.data, fits, "and no other byte changes");
	}
}

int main(void)
{
	test_lengths();
	test_long_frames_cut();
	test_examples();
	test_fragments();
	for (size_t i = 0; i < ARRAY_LENGTH(violations); i++)
		check_violation(&violations[i]);
	test_limit();
	test_limit_keeps_nothing();
	test_failure_keeps_nothing();
	test_limit_lowered();
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		test_text(slice_of(texts[i].text), texts[i].wrong);
		test_text_in_fragments(slice_of(texts[i].text), texts[i].wrong == 0);
	}
	test_close_codes();
	test_close();
	test_memory();
	test_conversation();
	test_headers();
	test_writing();
	test_long_reasons();
	return tap_done();
}
