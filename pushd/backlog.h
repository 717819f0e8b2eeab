/*
 * Change records that wait in memory: a user's own, while the store is being asked about the
 * user, or those that a client has missed. They are kept encoded, one after the other.
 */
#pragma once

#include "lib/change.h"
#include "lib/codec.h"
#include "pushd/registry.h"

/* Keeps a change until the store has answered; too many are dropped, and that is noted. */
void backlog_add(struct subscriber *subscriber, const struct change *change);

/* Drops all that is there, and the note. */
void backlog_free(struct subscriber *subscriber);

/*
 * Keeps records that another process had kept, for a subscriber that has none. Returns 0;
 * -ENOMEM; -EBADMSG if they are none, or too many.
 */
int backlog_restore(struct subscriber *subscriber, struct slice records);

/* What the store answered to CHANGES, and the backlog, read from the front. */
static inline struct decoder backlog_records(const struct buffer *records)
{
	return decoder_of(records->data, records->len);
}

/* Takes the next record off the front; false if there is none. */
bool backlog_next(struct decoder *records, struct change *ret_change);

/* Drops all before what is left of backlog_records(). */
void backlog_consume(struct subscriber *subscriber, const struct decoder *rest);
