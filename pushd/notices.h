/*
 * What the log says of single clients: who is too slow, and what was closed. Clients cause
 * these lines, so there are few of each kind at a time, see log_event().
 */
#pragma once

#include "pushd/session.h"

struct hub;

/* Messages to a client are dropped from now on: its queue is full. */
void notice_conflated(struct hub *hub, const struct session *session);

/* A client is given up because it does not take what waits for it. */
void notice_stalled(struct hub *hub, const struct session *session);

/* For debugging: a connection is closed by us, or a request refused. */
void notice_close(const struct session *session, uint16_t code, const char *reason);
void notice_refuse(const struct session *session, unsigned status);
