/*
 * Change records that wait in memory: of a user about whom the store is being asked, or of
 * a client that was away. They are kept encoded, one after the other.
 */
#pragma once

#include "lib/change.h"
#include "lib/codec.h"
#include "pushd/registry.h"

/* Keeps a change until the store has answered; too many are dropped, and that is noted. */
void backlog_add(struct subscriber *subscriber, const struct change *change);

/* Drops all that is there, and the note. */
void backlog_free(struct subscriber *subscriber);

/* What the store answered to CHANGES, and the backlog, read from the front. */
static inline struct decoder backlog_records(const struct buffer *records)
{
	return decoder_of(records->data, records->len);
}

/* Takes the next record off the front; false if there is none. */
bool backlog_next(struct decoder *records, struct change *ret_change);

/*
 * Takes changes up to `upto`, other than plain creates, off the front and gathers them as
 * message_update() takes them, with the counts of the last. Returns false if the first is a
 * create, or too new.
 */
bool backlog_gather(struct decoder *records, uint64_t upto, struct buffer *changes,
	struct counts *ret_counts);

/* One notification that was created, and is there in full: what a message of its own tells. */
bool backlog_is_create(const struct change *change);
