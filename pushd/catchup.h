/*
 * Catching up: asks the store about one user, and with its answer serves all of the
 * user's sessions that wait: those that joined, with or without changes they
 * missed; those that fell behind; those whose changes need the list of the newest
 * notifications, or counts that only the store knows.
 */
#pragma once

#include "pushd/hub.h"

/* Asks the store if somebody waits for an answer and none is on its way. */
void catchup_ask(struct hub *hub, struct subscriber *subscriber);

/* Does so for all users, a few at a time: something has changed for everybody. */
void catchup_begin_round(struct hub *hub);

/* What is known of this user's changes is of the past, and so is the answer under way. */
void catchup_forget(struct subscriber *subscriber);
