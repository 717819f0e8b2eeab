/*
 * Resuming: what a client has missed since it was last connected, asked of the store while
 * its session joins, and told before anything else.
 */
#pragma once

#include "pushd/hub.h"

/*
 * Where a client left off, for a session that is about to join. Returns 0 or -ENOMEM.
 * What is made belongs to session->resume.
 */
int resume_new(struct hub *hub, struct session *session, uint64_t since, struct slice epoch);

void resume_free(struct resume *resume);

DEFINE_CLEANUP(struct resume *, resume_free)

/* The client must fetch anew: what it missed cannot be told. */
void resume_give_up(struct resume *resume);

/* Asks the store, unless that was done. */
void resume_ask(struct hub *hub, struct session *session);

/* Whether the answer is awaited; whether it is there, or was given up. */
bool resume_is_asked(const struct resume *resume);
bool resume_is_answered(const struct resume *resume);

/* The change up to which resume_tell() tells all; NULL if the client must fetch anew. */
const struct position *resume_end(const struct resume *resume);

/*
 * Appends what resume_decode() makes the same of for a session of another process, but for
 * the answer: that one must be asked for again. Decoding returns 0, -ENOMEM or -EBADMSG.
 */
void resume_encode(const struct resume *resume, struct buffer *to);
int resume_decode(struct hub *hub, struct session *session, struct decoder *from);

/*
 * Sends the session each change that was missed, with the list in hub->latest where that is
 * needed, until something does not fit. Returns false if the client must fetch anew.
 */
bool resume_tell(struct hub *hub, struct session *session, struct resume *resume);
