/*
 * What the log says of single clients: who is too slow, and what was closed. Clients cause
 * these lines, so there are no more than NOTICES_MAX in a second; how many were left out is
 * told behind them.
 */
#pragma once

#include "lib/log.h"
#include "pushd/session.h"

enum { NOTICES_MAX = 10 };

struct hub;

/* Zeroed: nothing was said yet. */
struct notices {
	uint32_t second;  /* of the loop's clock, in which … */
	unsigned said;	  /* … so many lines were written … */
	unsigned omitted; /* … and, since that was last told, so many were not */
};

/* Whether one more line of this level may be written now; counts it. */
bool notices_take(struct notices *notices, enum log_level level, uint32_t now);

/* Tells how many were left out, once their second is over; to be called now and then. */
void notices_settle(struct notices *notices, uint32_t now);

/* Messages to a client are dropped from now on: its queue is full. */
void notice_conflated(struct hub *hub, const struct session *session);

/* A client is given up because it does not take what waits for it. */
void notice_stalled(struct hub *hub, const struct session *session);

/* For debugging, and not counted: a connection is closed by us, or a request refused. */
void notice_close(const struct session *session, uint16_t code, const char *reason);
void notice_refuse(const struct session *session, unsigned status);
