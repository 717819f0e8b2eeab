/*
 * What of a client's frames and messages is incomplete. Private to pushd/websocket.c, which
 * gathers it, and pushd/websocket_state.c, which writes it down.
 */
#pragma once

#include "pushd/frame.h"
#include "pushd/utf8_stream.h"

struct websocket_partial {
	enum websocket_kind kind; /* of the message under way; NOTHING = none */
	struct utf8_stream utf8;  /* of its text */
	size_t fragments;	  /* that it came in */
	struct buffer message;

	/* The frame under way; header_len 0 = none */
	uint8_t header[FRAME_HEADER_MAX];
	uint8_t header_len;
	bool header_complete;
	struct frame frame;
	uint64_t received; /* bytes of its payload */
	uint8_t control[WEBSOCKET_CONTROL_MAX];
};
