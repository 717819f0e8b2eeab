/*
 * Messages of frames, see websocket.h; pushd/frame.c knows the frame.
 *
 * Nearly all frames that clients send are short and come whole: such a frame is
 * unmasked where it lies in the caller's read buffer and told from there. Only a
 * frame that is cut, or a message in fragments, is gathered, in a struct
 * websocket_partial that exists for as long as that takes. A text is
 * judged as it is gathered, so that what is wrong is told by its first byte.
 */
#include "pushd/websocket.h"

#include "pushd/websocket_partial.h"

#include <assert.h>
#include <errno.h>

static const struct {
	uint16_t code;
	const char *sentence;
} violations[FRAME_VIOLATIONS] = {
	[FRAME_RESERVED_BITS] = { WEBSOCKET_PROTOCOL_ERROR, "A reserved bit is set" },
	[FRAME_RESERVED_OPCODE] = { WEBSOCKET_PROTOCOL_ERROR, "Reserved opcode" },
	[FRAME_NOT_MASKED] = { WEBSOCKET_PROTOCOL_ERROR, "Frame without a mask" },
	[FRAME_CONTROL_IN_FRAGMENTS] = { WEBSOCKET_PROTOCOL_ERROR, "Control frame in fragments" },
	[FRAME_CONTROL_TOO_LONG] = { WEBSOCKET_PROTOCOL_ERROR, "Control frame above 125 bytes" },
	[FRAME_NOTHING_TO_CONTINUE] = { WEBSOCKET_PROTOCOL_ERROR, "Continuation of no message" },
	[FRAME_NOT_CONTINUED] = { WEBSOCKET_PROTOCOL_ERROR, "New message inside another" },
	[FRAME_LENGTH_NOT_SHORTEST] = { WEBSOCKET_PROTOCOL_ERROR, "Length not in shortest form" },
	[FRAME_LENGTH_NEGATIVE] = { WEBSOCKET_PROTOCOL_ERROR, "Length above 63 bits" },
	[FRAME_TOO_BIG] = { WEBSOCKET_TOO_BIG, "Message too big" },
	[FRAME_TEXT_INVALID] = { WEBSOCKET_INVALID_DATA, "Text is not UTF-8" },
	[FRAME_CLOSE_WITHOUT_CODE] = { WEBSOCKET_PROTOCOL_ERROR, "Close frame with half a code" },
	[FRAME_CLOSE_CODE_INVALID] = { WEBSOCKET_PROTOCOL_ERROR, "Invalid close code" },
	[FRAME_CLOSE_REASON_INVALID] = { WEBSOCKET_INVALID_DATA, "Close reason is not UTF-8" },
};

static void input_advance(struct websocket_input *input, size_t n)
{
	input->data += n;
	input->len -= n;
}

static struct frame_context context_of(const struct websocket_partial *partial, size_t max_message)
{
	if (!partial)
		return (struct frame_context){ .room = max_message };
	return (struct frame_context){
		.continues = partial->kind != WEBSOCKET_NOTHING,
		.room = max_message > partial->message.len ? max_message - partial->message.len : 0,
	};
}

/* Sections 7.4.1 and 7.4.2, with 1012 to 1014 registered later. */
static bool close_code_valid(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
		(code >= 3000 && code <= 4999);
}

static int tell_close(const uint8_t *payload, size_t len, struct websocket_event *ret_event)
{
	unsigned code = WEBSOCKET_NO_STATUS;

	if (len == 1)
		return FRAME_CLOSE_WITHOUT_CODE;
	if (len > 1) {
		code = (unsigned)payload[0] << 8 | payload[1];
		if (!close_code_valid(code))
			return FRAME_CLOSE_CODE_INVALID;
		payload += 2;
		len -= 2;
		if (!utf8_stream_valid(payload, len))
			return FRAME_CLOSE_REASON_INVALID;
	}
	*ret_event = (struct websocket_event){
		.kind = WEBSOCKET_CLOSE,
		.code = (uint16_t)code,
		.payload = { .data = (const char *)payload, .len = len },
	};
	return 0;
}

/* Tells a message, whose text has been judged, or a control frame. */
static int tell(enum websocket_kind kind, const uint8_t *payload, size_t len,
	struct websocket_event *ret_event)
{
	if (kind == WEBSOCKET_CLOSE)
		return tell_close(payload, len, ret_event);
	*ret_event = (struct websocket_event){
		.kind = kind,
		.payload = { .data = (const char *)payload, .len = len },
	};
	return 0;
}

/* Takes what is one frame and lies whole in the input; else FRAME_INCOMPLETE. */
static int take_whole(struct websocket_input *input, size_t max_message,
	struct websocket_event *ret_event)
{
	struct frame frame;
	uint8_t *payload;
	size_t len;
	int r;

	r = frame_parse(input->data, input->len, context_of(NULL, max_message), &frame);
	if (r)
		return r;
	if (!frame.final || frame.len > input->len - frame.header_len)
		return FRAME_INCOMPLETE;
	payload = input->data + frame.header_len;
	len = (size_t)frame.len;
	frame_unmask(payload, len, frame.mask, 0);
	if (frame.kind == WEBSOCKET_TEXT && !utf8_stream_valid(payload, len))
		return FRAME_TEXT_INVALID;
	input_advance(input, frame.header_len + len);
	return tell(frame.kind, payload, len, ret_event);
}

static int gather_header(struct websocket_partial *partial, struct websocket_input *input,
	size_t max_message)
{
	int r = FRAME_INCOMPLETE;

	if (partial->header_complete)
		return 0;
	while (r == FRAME_INCOMPLETE && input->len > 0) {
		partial->header[partial->header_len++] = *input->data;
		input_advance(input, 1);
		r = frame_parse(partial->header, partial->header_len,
			context_of(partial, max_message), &partial->frame);
	}
	if (r)
		return r;
	partial->header_complete = true;
	if (!frame_is_control(partial->frame.kind) && partial->fragments++ > max_message)
		return FRAME_TOO_BIG;
	if (partial->kind == WEBSOCKET_NOTHING && !frame_is_control(partial->frame.kind))
		partial->kind = partial->frame.kind;
	return 0;
}

static int gather_data(struct websocket_partial *partial, const uint8_t *data, size_t n)
{
	uint8_t *to = (uint8_t *)buffer_reserve(&partial->message, n);

	if (!to)
		return -ENOMEM;
	memcpy(to, data, n);
	frame_unmask(to, n, partial->frame.mask, partial->received);
	partial->message.len += n;
	if (partial->kind == WEBSOCKET_TEXT && !utf8_stream_feed(&partial->utf8, to, n))
		return FRAME_TEXT_INVALID;
	return 0;
}

static int gather_control(struct websocket_partial *partial, const uint8_t *data, size_t n)
{
	uint8_t *to = partial->control + partial->received;

	memcpy(to, data, n);
	frame_unmask(to, n, partial->frame.mask, partial->received);
	return 0;
}

static int gather_payload(struct websocket_partial *partial, struct websocket_input *input)
{
	uint64_t missing = partial->frame.len - partial->received;
	size_t n = missing < input->len ? (size_t)missing : input->len;
	int r = 0;

	if (n > 0)
		r = frame_is_control(partial->frame.kind) ? gather_control(partial, input->data, n) :
							    gather_data(partial, input->data, n);
	if (r)
		return r;
	partial->received += n;
	input_advance(input, n);
	return n < missing ? FRAME_INCOMPLETE : 0;
}

/* A frame is whole: tells it if it is a control frame or ends a message. */
static int finish_frame(struct websocket_partial *partial, struct websocket_event *ret_event)
{
	const struct frame *frame = &partial->frame;
	enum websocket_kind kind = partial->kind;

	partial->header_len = 0;
	partial->header_complete = false;
	partial->received = 0;
	if (frame_is_control(frame->kind))
		return tell(frame->kind, partial->control, (size_t)frame->len, ret_event);
	if (!frame->final)
		return 0;
	if (partial->utf8.more)
		return FRAME_TEXT_INVALID;
	partial->kind = WEBSOCKET_NOTHING;
	partial->fragments = 0;
	return tell(kind, (const uint8_t *)partial->message.data, partial->message.len, ret_event);
}

static int gather(struct websocket_partial *partial, struct websocket_input *input,
	size_t max_message, struct websocket_event *ret_event)
{
	int r = 0;

	while (r == 0 && ret_event->kind == WEBSOCKET_NOTHING) {
		r = gather_header(partial, input, max_message);
		if (r == 0)
			r = gather_payload(partial, input);
		if (r == 0)
			r = finish_frame(partial, ret_event);
	}
	return r;
}

/* Returns 0 and an event, FRAME_INCOMPLETE when the input is used up, a violation, or -ENOMEM. */
static int take_event(struct websocket *websocket, struct websocket_input *input,
	size_t max_message, struct websocket_event *ret_event)
{
	int r;

	if (input->len == 0)
		return FRAME_INCOMPLETE;
	if (!websocket->partial) {
		r = take_whole(input, max_message, ret_event);
		if (r != FRAME_INCOMPLETE)
			return r;
		websocket->partial = calloc(1, sizeof(*websocket->partial));
		if (!websocket->partial)
			return -ENOMEM;
	}
	return gather(websocket->partial, input, max_message, ret_event);
}

static struct websocket_event failure(int violation)
{
	return (struct websocket_event){
		.kind = WEBSOCKET_FAILURE,
		.code = violations[violation].code,
		.payload = slice_of(violations[violation].sentence),
	};
}

/* Whether nothing is incomplete: what was gathered has been told. */
static bool partial_done(const struct websocket_partial *partial)
{
	return partial->header_len == 0 && partial->kind == WEBSOCKET_NOTHING;
}

void websocket_release(struct websocket *websocket)
{
	if (websocket->partial)
		buffer_release(&websocket->partial->message);
	free(take(websocket->partial));
}

int websocket_next(struct websocket *websocket, struct websocket_input *input, size_t max_message,
	struct websocket_event *ret_event)
{
	struct websocket_event event = { .kind = WEBSOCKET_NOTHING };
	int r;

	if (websocket->partial && (websocket->ended || partial_done(websocket->partial)))
		websocket_release(websocket);
	if (websocket->ended)
		input->len = 0;
	r = take_event(websocket, input, max_message, &event);
	if (r < 0)
		return r;
	if (r > 0 && r != FRAME_INCOMPLETE)
		event = failure(r);
	if (event.kind == WEBSOCKET_CLOSE || event.kind == WEBSOCKET_FAILURE)
		websocket->ended = true;
	if (event.kind == WEBSOCKET_FAILURE)
		websocket_release(websocket);
	*ret_event = event;
	return 0;
}

size_t websocket_frame_header(uint8_t header[static WEBSOCKET_HEADER_MAX],
	enum websocket_kind kind, uint64_t payload_len)
{
	size_t more = payload_len > UINT16_MAX ? 8 : payload_len > 125 ? 2 : 0;

	header[0] = (uint8_t)(0x80 | kind);
	header[1] = (uint8_t)(more == 8 ? 127 : more == 2 ? 126 : payload_len);
	for (size_t i = 0; i < more; i++)
		header[2 + i] = (uint8_t)(payload_len >> (8 * (more - 1 - i)));
	return 2 + more;
}

void websocket_append(struct buffer *to, enum websocket_kind kind, struct slice payload)
{
	uint8_t header[WEBSOCKET_HEADER_MAX];

	assert(!frame_is_control(kind) || payload.len <= WEBSOCKET_CONTROL_MAX);
	buffer_append(to, header, websocket_frame_header(header, kind, payload.len));
	buffer_append_slice(to, payload);
}

void websocket_append_close(struct buffer *to, uint16_t code, struct slice reason)
{
	char payload[WEBSOCKET_CONTROL_MAX] = { (char)(code >> 8), (char)(code & 0xff) };
	size_t len = reason.len;

	if (code == WEBSOCKET_NO_STATUS) {
		websocket_append(to, WEBSOCKET_CLOSE, (struct slice){ 0 });
		return;
	}
	if (len > WEBSOCKET_REASON_MAX) {
		len = WEBSOCKET_REASON_MAX;
		while (len > 0 && ((uint8_t)reason.data[len] & 0xc0) == 0x80)
			len--;
	}
	if (len > 0)
		memcpy(payload + 2, reason.data, len);
	websocket_append(to, WEBSOCKET_CLOSE, (struct slice){ .data = payload, .len = 2 + len });
}
