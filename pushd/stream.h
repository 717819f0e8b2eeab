/*
 * The stream of one user's changes: the user's own and the broadcast ones, in the order of
 * their `seq`, cut into messages. Here is decided what is told together, and with which
 * counts.
 *
 * A user's own change bears the counts that it led to. A broadcast change does not, since
 * they are other ones for each user: one that is new to everybody adds one to what was before,
 * if that is known; after any other the counts are unknown until an own change, or the store's
 * answer, tells them. A message must bear counts, so what cannot is told together with what
 * follows.
 */
#pragma once

#include "lib/codec.h"
#include "pushd/broadcasts.h"
#include "pushd/registry.h"

/* One notification that was created, and is there in full: what a message of its own tells. */
bool stream_is_create(const struct change *change);

struct stream {
	struct decoder records; /* the user's own changes: long-encoded records */
	/* Where the others come from; NULL = they are among the records */
	const struct broadcasts *broadcasts;
	const struct counts *known; /* those as of their `seq`, told by the store; NULL = none */
	struct position at;	    /* of the change that was taken last */
	bool counted;		    /* its counts are known */
};

/*
 * Takes the next change; what is not above stream->at is skipped. Its counts are those that it
 * led to, if stream->counted then. Returns false if there is none.
 */
bool stream_next(struct stream *stream, struct change *ret_change);

/* Whether there is more, but not what comes next: changes are missing. To be asked at the end. */
bool stream_is_broken(const struct stream *stream);

enum stream_message { STREAM_NOTHING, STREAM_CREATED, STREAM_UPDATE };

/*
 * Takes what the next message tells: the one that was created, in *ret_change; or several
 * changes, appended to *changes as message_update() takes them. Creates are taken without a
 * limit, all else up to the `seq` upto. Afterwards stream->at is what the message is as of, and
 * what was told before is off the records. If *changes has failed then there is no message.
 */
enum stream_message stream_take(struct stream *stream, uint64_t upto, struct buffer *changes,
	struct change *ret_change);

static inline struct counts position_counts(const struct position *position)
{
	return (struct counts){
		.seq = position->seq,
		.unread = position->unread,
		.unseen = position->unseen,
	};
}

static inline struct position position_of(const struct counts *counts, uint64_t broadcasts)
{
	return (struct position){
		.seq = counts->seq,
		.broadcasts = broadcasts,
		.unread = (uint32_t)counts->unread,
		.unseen = (uint32_t)counts->unseen,
	};
}
