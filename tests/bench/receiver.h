/* What a WebSocket server sends, taken apart: the client's side, with no input or output. */
#pragma once

#include "lib/buffer.h"
#include "pushd/websocket.h"

/* Of one client. A zeroed struct waits for the answer to the request head. */
struct receiver {
	struct buffer *rest; /* what is incomplete; NULL = nothing */
	bool upgraded;
};

enum receiver_kind { RECEIVER_UPGRADED, RECEIVER_TEXT, RECEIVER_PING, RECEIVER_CLOSE };

/* Sees what has come; the payload lives until it returns. */
typedef void receiver_visitor(void *context, enum receiver_kind kind, struct slice payload);

/*
 * Takes bytes and calls for each thing that they complete. Returns 0; -EPROTO: not what a
 * server may say, or it refused the request; or -ENOMEM.
 */
int receiver_take(struct receiver *receiver, struct slice bytes, receiver_visitor *visitor,
	void *context);

/* Forgets all: ready for another connection. */
void receiver_release(struct receiver *receiver);
