/*
 * Serving a user's sessions with an answer of the store: those that wait for it, and then
 * those that keep up, with what has come while it was awaited.
 */
#pragma once

#include "pushd/hub.h"

/* with_list: it holds the newest notifications. Whoever still waits must be asked for again. */
void serve_answer(struct hub *hub, struct subscriber *subscriber, struct inbox_answer *answer,
	bool with_list);

/* What was not told yet is lost, or not known to be complete: an update is to take its place. */
void serve_update_instead(struct subscriber *subscriber);

/* Refuses the sessions whose token was issued before this time, in seconds since the epoch. */
void serve_revoked(struct hub *hub, struct subscriber *subscriber, int64_t valid_from);
