/*
 * What the store and the push daemon say of a user: which notifications are still unread, and
 * whether there is somebody to read them.
 */
#pragma once

#include "away/agenda.h"
#include "lib/inbox.h"

/* What is there to be handed over. */
struct found {
	struct buffer list; /* the notifications as JSON, oldest first, with commas between */
	unsigned count;	    /* of them */
	struct uuid last;   /* the newest of them */
	uint64_t unread;    /* of the user, in all */
};

void found_release(struct found *found);

/*
 * Lists what is unread of a user within a range of identifiers, as the configuration selects
 * it, the oldest up to its limit. Of more than LOOK_MAX in the range only the newest are looked at.
 * Returns 0 and what to release, an enum inbox_status or -errno.
 */
enum { LOOK_MAX = 1000 };
int look_at_list(struct inbox *inbox, const struct config *config, struct slice user,
	const struct uuid *from, const struct uuid *upto, struct found *ret_found);

enum {
	LOOK_UNKNOWN =
		INBOX_STATUSES /* so soon after the push daemon's start; somebody may be coming back */
};

/* Whether the user has a connected client. Returns 0, LOOK_UNKNOWN or -errno. */
int look_at_presence(const struct config *config, struct slice user, bool *ret_present);
