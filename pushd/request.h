/*
 * The first phase of a connection: from the bytes of its request head to a session, a
 * WebSocket or a stream of events, or to the answer that refuses it.
 */
#pragma once

#include "pushd/hub.h"

/*
 * Takes bytes of the request head; to be called while the session is in SESSION_HEAD, which
 * it leaves when the head is complete. Returns what of these bytes lies behind the head.
 */
struct slice request_receive(struct hub *hub, struct session *session, struct slice bytes);

/* The head did not come to its end in time. */
void request_give_up(struct hub *hub, struct session *session);

/* Appends the answer to a client that there is no place for. */
void request_write_refusal(struct buffer *to);

/* There is no place for this client, who has just come: it is told so. */
void request_refuse(struct hub *hub, struct session *session);

/* Another needs the place of this newcomer, who is told so. */
void request_evict(struct hub *hub, struct session *session);
