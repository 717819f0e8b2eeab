/*
 * The conversation with one client: what the bytes that come from it mean, from
 * the request head over the upgrade to the messages, and what time does to it.
 */
#pragma once

#include "pushd/hub.h"

/* A socket was accepted: a newcomer, who has auth-timeout to become somebody. May kill it. */
void conversation_begin(struct hub *hub, struct session *session);

/* Appends the answer to a client that there is no place for. */
void conversation_write_refusal(struct buffer *to);

/* There is no place for this client, who has just come: it is told so. */
void conversation_refuse(struct hub *hub, struct session *session);

/* Another needs the place of this newcomer, who is told so. */
void conversation_evict(struct hub *hub, struct session *session);

/* These bytes came; they are changed in place. The session may be dead afterwards. */
void conversation_receive(struct hub *hub, struct session *session, uint8_t *data, size_t len);

/* Sets the time at which a live session is due next. */
void conversation_schedule(struct hub *hub, struct session *session);

/* The time that was set for this session has come. */
void conversation_due(struct hub *hub, struct session *session);
