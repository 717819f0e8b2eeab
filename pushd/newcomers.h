/*
 * Lists of the clients that speak for no user, oldest first: those that are not
 * authenticated yet, and those whose last word is on its way. What such a client costs
 * beyond its session, its place in a list and a request head that is not complete, is
 * allocated with the session and gone once it speaks for a user, so that an idle user pays
 * nothing for it.
 *
 * The oldest are the first to go when somebody needs a place: so nobody keeps others out by
 * being slow, however often.
 */
#pragma once

#include "pushd/session.h"

/* A zeroed struct is an empty list. */
struct newcomers {
	struct newcomer *oldest;
	struct newcomer *newest;
	size_t count;
};

struct newcomer {
	struct newcomers *list;
	struct newcomer *older;
	struct newcomer *newer;
	struct session *session;
	struct buffer head; /* of the request, as far as it has come */
};

/*
 * Puts a session at the list's end, off any list that it was in; a head that was kept is
 * dropped. Returns 0, or -ENOMEM: it is in none.
 */
int newcomers_add(struct newcomers *newcomers, struct session *session);

/* Takes a session off its list, and frees what it had there; nothing if it is in none. */
void newcomers_remove(struct session *session);

/* The session that came first; NULL if there is none. */
struct session *newcomers_oldest(const struct newcomers *newcomers);
