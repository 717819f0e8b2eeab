/*
 * The first phase of a connection: from the bytes of its request head to a session, a
 * WebSocket or a stream of events, or to the answer that refuses it.
 */
#pragma once

#include "pushd/hub.h"

/*
 * Takes bytes of the request head; to be called while the session is in SESSION_HEAD, which
 * it leaves when the head is complete. Returns what lies behind the head; it refers to these
 * bytes, or to what request_release() frees.
 */
struct slice request_receive(struct hub *hub, struct session *session, struct slice bytes);

/* Frees the head, unless more of it must come. */
void request_release(struct session *session);

/* The head did not come to its end in time. */
void request_give_up(struct hub *hub, struct session *session);
