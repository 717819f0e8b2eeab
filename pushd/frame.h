/*
 * One frame of RFC 6455, section 5.2: reading the header that a client sends and
 * unmasking what follows. For pushd/websocket.c, which makes messages of frames.
 */
#pragma once

#include "pushd/websocket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_HEADER_MAX = 14, /* bytes, with 64 bits of length and the mask */
	FRAME_MASK = 4,
};

/* The rules that a client can break, those of whole frames and messages included. */
enum frame_violation {
	FRAME_RESERVED_BITS = 1,
	FRAME_RESERVED_OPCODE,
	FRAME_NOT_MASKED,
	FRAME_CONTROL_IN_FRAGMENTS,
	FRAME_CONTROL_TOO_LONG,
	FRAME_NOTHING_TO_CONTINUE,
	FRAME_NOT_CONTINUED,
	FRAME_LENGTH_NOT_SHORTEST,
	FRAME_LENGTH_NEGATIVE,
	FRAME_TOO_BIG,
	FRAME_TEXT_INVALID,
	FRAME_CLOSE_WITHOUT_CODE,
	FRAME_CLOSE_CODE_INVALID,
	FRAME_CLOSE_REASON_INVALID,
	FRAME_VIOLATIONS,
};

enum { FRAME_INCOMPLETE = FRAME_VIOLATIONS };

struct frame {
	enum websocket_kind kind;
	bool final;
	size_t header_len; /* bytes */
	uint64_t len;	   /* bytes of payload, at most INT64_MAX */
	uint8_t mask[FRAME_MASK];
};

/* What the frame comes into. */
struct frame_context {
	bool continues; /* a message is under way */
	size_t room;	/* how many bytes a message may still grow by */
};

static inline bool frame_is_control(enum websocket_kind kind)
{
	return kind & 0x8;
}

/*
 * Reads a header from its first bytes. Returns 0 and the frame; FRAME_INCOMPLETE;
 * or the enum frame_violation that these bytes show, which more of them would not
 * change.
 */
int frame_parse(const uint8_t *bytes, size_t len, struct frame_context context,
	struct frame *ret_frame);

/* Unmasks a piece of a payload; `offset` is the place of its first byte in the payload. */
void frame_unmask(uint8_t *data, size_t len, const uint8_t mask[static FRAME_MASK],
	uint64_t offset);
