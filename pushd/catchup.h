/*
 * Catching up: asks the store about one user, and with its answer serves all of the
 * user's sessions that wait: those that joined, with or without changes they
 * missed; those that fell behind; those whose changes need the list of the newest
 * notifications.
 */
#pragma once

#include "pushd/hub.h"

/* Asks the store if somebody waits for an answer and none is on its way. */
void catchup_ask(struct hub *hub, struct subscriber *subscriber);

/*
 * Where a client left off, for a session that is about to join. Returns 0 or -ENOMEM.
 * What is made belongs to session->resume.
 */
int resume_new(struct hub *hub, struct session *session, uint64_t since, struct slice epoch);

/* The client must fetch anew: what it missed cannot be told. */
void resume_give_up(struct resume *resume);

void resume_free(struct resume *resume);

DEFINE_CLEANUP(struct resume *, resume_free)
