/*
 * The conversation with one client: what the bytes that come from it mean, from
 * the request head over the upgrade to the messages, and what time does to it.
 */
#pragma once

#include "pushd/hub.h"

/* A socket was accepted: a newcomer, who has auth-timeout to become somebody. May kill it. */
void conversation_begin(struct hub *hub, struct session *session);

/* These bytes came; they are changed in place. The session may be dead afterwards. */
void conversation_receive(struct hub *hub, struct session *session, uint8_t *data, size_t len);

/* Sets the time at which a live session is due next. */
void conversation_schedule(struct hub *hub, struct session *session);

/* The time that was set for this session has come. */
void conversation_due(struct hub *hub, struct session *session);
