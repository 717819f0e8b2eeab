/*
 * WebSocket frames (RFC 6455, sections 5 to 8), the server's side: bytes in,
 * events out, and frames into a buffer. No input or output, no extensions.
 *
 * A client that is idle, or whose frames come whole, costs a struct websocket.
 * Memory is taken only while a frame or a fragmented message is incomplete: at
 * most twice max_message and a few hundred bytes.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/codec.h"
#include "lib/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Opcodes as they stand in a frame, and two values that only events have. */
enum websocket_kind {
	WEBSOCKET_NOTHING = 0x0, /* in a frame: a continuation */
	WEBSOCKET_TEXT = 0x1,
	WEBSOCKET_BINARY = 0x2,
	WEBSOCKET_CLOSE = 0x8,
	WEBSOCKET_PING = 0x9,
	WEBSOCKET_PONG = 0xa,
	WEBSOCKET_FAILURE = 0x10,
};

/* RFC 6455, section 7.4.1, and the registry that it made. */
enum websocket_close_code {
	WEBSOCKET_NORMAL = 1000,
	WEBSOCKET_GOING_AWAY = 1001,
	WEBSOCKET_PROTOCOL_ERROR = 1002,
	WEBSOCKET_UNSUPPORTED = 1003,
	WEBSOCKET_NO_STATUS = 1005, /* never in a frame: stands for a close without a code */
	WEBSOCKET_INVALID_DATA = 1007,
	WEBSOCKET_POLICY = 1008,
	WEBSOCKET_TOO_BIG = 1009,
	WEBSOCKET_INTERNAL_ERROR = 1011,
	WEBSOCKET_TRY_AGAIN = 1013,
};

enum {
	WEBSOCKET_CONTROL_MAX = 125, /* payload bytes of close, ping and pong */
	WEBSOCKET_REASON_MAX = WEBSOCKET_CONTROL_MAX - 2,
	WEBSOCKET_HEADER_MAX = 10, /* bytes before the payload of a frame that is sent */
};

/* One client. A zeroed struct is a connection that has just been upgraded. */
struct websocket {
	struct websocket_partial *partial; /* what is incomplete; NULL = nothing */
	bool ended;			   /* a close or a failure was told */
};

/* Frees what is incomplete. */
void websocket_release(struct websocket *websocket);

/* Bytes that have come and were not yet taken. They are unmasked in place. */
struct websocket_input {
	uint8_t *data;
	size_t len;
};

struct websocket_event {
	enum websocket_kind kind;
	/*
	 * CLOSE: what the client gave, WEBSOCKET_NO_STATUS if nothing.
	 * FAILURE: what to close the connection with.
	 */
	uint16_t code;
	/*
	 * TEXT (valid UTF-8), BINARY: the whole message. PING, PONG: the payload.
	 * CLOSE: the client's reason. FAILURE: a sentence for the close frame.
	 * Lives until the next call for this client, and no longer than the input.
	 */
	struct slice payload;
};

/*
 * Takes bytes off the front of the input, up to the next event. Returns 0 and
 * the event, WEBSOCKET_NOTHING when all of the input is taken and more must
 * come; call it until then. Or -ENOMEM: give the connection up.
 *
 * What breaks the protocol is a FAILURE, told as soon as the bytes show it: a
 * message above max_message bytes by its header, before any of it is kept; one of more
 * fragments than that, which are empty then;
 * invalid UTF-8 at its first wrong byte. After CLOSE or FAILURE further input is
 * dropped unread.
 */
int websocket_next(struct websocket *websocket, struct websocket_input *input, size_t max_message,
	struct websocket_event *ret_event);

/*
 * Appends what is incomplete, so that websocket_decode() can go on from there in another
 * process. Decoding fills a zeroed struct. It returns 0; -ENOMEM; or -EBADMSG for bytes that
 * no client can have led to, and then nothing is kept.
 */
void websocket_encode(const struct websocket *websocket, struct buffer *to);
int websocket_decode(struct websocket *websocket, struct decoder *from);

/*
 * Writes the header of a whole, unmasked frame with so many bytes of payload.
 * Returns its size: 2, 4 or 10.
 */
size_t websocket_frame_header(uint8_t header[static WEBSOCKET_HEADER_MAX],
	enum websocket_kind kind, uint64_t payload_len);

/* Appends a whole frame. A control frame's payload must be at most WEBSOCKET_CONTROL_MAX. */
void websocket_append(struct buffer *to, enum websocket_kind kind, struct slice payload);

/*
 * Appends a close frame; without code and reason if the code is
 * WEBSOCKET_NO_STATUS. A reason (UTF-8) above WEBSOCKET_REASON_MAX is cut between
 * two characters.
 */
void websocket_append_close(struct buffer *to, uint16_t code, struct slice reason);
