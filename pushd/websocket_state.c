/*
 * What of a client's frames is incomplete, as bytes and back, see websocket.h. What follows
 * from the rest is not written: the frame follows from its header, and how far a text is a
 * text from its bytes.
 */
#include "pushd/websocket_partial.h"

#include <errno.h>

enum { MESSAGE_MAX = 1 << 20 /* bytes: no configuration allows more */ };

enum { HAS_PARTIAL = 1, HAS_ENDED = 2 }; /* bits of the first byte */

void websocket_encode(const struct websocket *websocket, struct buffer *to)
{
	const struct websocket_partial *partial = websocket->partial;
	struct slice control = { 0 };

	encode_u8(to, (uint8_t)((partial ? HAS_PARTIAL : 0) | (websocket->ended ? HAS_ENDED : 0)));
	if (!partial)
		return;
	if (partial->header_complete && frame_is_control(partial->frame.kind))
		control =
			(struct slice){ (const char *)partial->control, (size_t)partial->received };
	encode_u8(to, (uint8_t)partial->kind);
	encode_long(to, buffer_slice(&partial->message));
	encode_short(to, (struct slice){ (const char *)partial->header, partial->header_len });
	encode_u64(to, partial->received);
	encode_short(to, control);
	encode_u32(to, (uint32_t)partial->fragments);
}

/* A message under way, as far as it has come. */
static int restore_message(struct websocket_partial *partial, struct slice message)
{
	if (partial->kind != WEBSOCKET_NOTHING && partial->kind != WEBSOCKET_TEXT &&
		partial->kind != WEBSOCKET_BINARY)
		return -EBADMSG;
	if (message.len > MESSAGE_MAX || (message.len > 0 && partial->kind == WEBSOCKET_NOTHING))
		return -EBADMSG;
	if (partial->kind == WEBSOCKET_TEXT &&
		!utf8_stream_feed(&partial->utf8, (const uint8_t *)message.data, message.len))
		return -EBADMSG;
	buffer_append_slice(&partial->message, message);
	return buffer_status(&partial->message);
}

/* Whether what the frame's header says goes with what has come. */
static bool frame_fits(const struct websocket_partial *partial, struct slice control)
{
	const struct frame *frame = &partial->frame;

	if (frame->header_len != partial->header_len || partial->received >= frame->len)
		return false;
	if (frame_is_control(frame->kind))
		return control.len == partial->received;
	if (frame->kind != WEBSOCKET_NOTHING && frame->kind != partial->kind)
		return false;
	return control.len == 0 && partial->kind != WEBSOCKET_NOTHING &&
	       partial->received <= partial->message.len &&
	       (frame->kind == WEBSOCKET_NOTHING || partial->received == partial->message.len);
}

/* The frame under way. Its header was judged before its payload was taken. */
static int restore_frame(struct websocket_partial *partial, struct slice header,
	struct slice control)
{
	bool first = header.len > 0 && (header.data[0] & 0xf) != WEBSOCKET_NOTHING &&
		     !frame_is_control((enum websocket_kind)(header.data[0] & 0xf));
	const struct frame_context context = {
		.continues = !first && partial->kind != WEBSOCKET_NOTHING,
		.room = MESSAGE_MAX - partial->message.len + (size_t)partial->received,
	};
	int r;

	memcpy(partial->header, header.data, header.len);
	partial->header_len = (uint8_t)header.len;
	r = frame_parse(partial->header, header.len, context, &partial->frame);
	if (r == FRAME_INCOMPLETE)
		return partial->received == 0 && control.len == 0 ? 0 : -EBADMSG;
	if (r != 0 || !frame_fits(partial, control))
		return -EBADMSG;
	partial->header_complete = true;
	if (control.len > 0)
		memcpy(partial->control, control.data, control.len);
	return 0;
}

static int restore(struct websocket_partial *partial, struct decoder *from)
{
	struct slice message, header, control;
	int r;

	partial->kind = (enum websocket_kind)decode_u8(from);
	message = decode_long(from);
	header = decode_short(from);
	partial->received = decode_u64(from);
	control = decode_short(from);
	partial->fragments = decode_u32(from);
	if (from->failed || header.len > FRAME_HEADER_MAX || partial->received > MESSAGE_MAX)
		return -EBADMSG;
	r = restore_message(partial, message);
	if (r < 0)
		return r;
	if (header.len > 0)
		return restore_frame(partial, header, control);
	return partial->received == 0 && control.len == 0 ? 0 : -EBADMSG;
}

int websocket_decode(struct websocket *websocket, struct decoder *from)
{
	uint8_t what = decode_u8(from);
	int r = 0;

	if (from->failed || what & ~(HAS_PARTIAL | HAS_ENDED))
		return -EBADMSG;
	websocket->ended = what & HAS_ENDED;
	if (!(what & HAS_PARTIAL))
		return 0;
	websocket->partial = calloc(1, sizeof(*websocket->partial));
	if (!websocket->partial)
		return -ENOMEM;
	r = restore(websocket->partial, from);
	if (r < 0)
		websocket_release(websocket);
	return r;
}
