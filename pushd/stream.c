/* A user's changes in order, see stream.h. */
#include "pushd/stream.h"

#include "pushd/backlog.h"
#include "pushd/message.h"

bool stream_is_create(const struct change *change)
{
	return (change->kind == CHANGE_CREATED || change->kind == CHANGE_BROADCAST_CREATED) &&
	       change->notification.len > 0;
}

/* Takes off what was told before. */
static void skip_told(struct stream *stream)
{
	struct decoder behind = stream->records;
	struct change change;

	while (backlog_next(&behind, &change) && change.counts.seq <= stream->at.seq)
		stream->records = behind;
}

/* The record in front, and what is behind it. */
static bool peek_record(const struct stream *stream, struct decoder *ret_behind,
	struct change *ret_change)
{
	*ret_behind = stream->records;
	return backlog_next(ret_behind, ret_change);
}

/* The broadcast change that the user's changes so far are followed by. */
static bool peek_broadcast(const struct stream *stream, struct change *ret_change)
{
	if (!stream->broadcasts ||
		!broadcasts_get(stream->broadcasts, stream->at.broadcasts + 1, ret_change))
		return false;
	ret_change->counts.seq = stream->at.seq + 1;
	return true;
}

static void set_counts(struct stream *stream, const struct counts *counts)
{
	stream->at.unread = (uint32_t)counts->unread;
	stream->at.unseen = (uint32_t)counts->unseen;
	stream->counted = true;
}

/* Moves to this change, and finds out its counts if that can be. */
static void move_to(struct stream *stream, struct change *change)
{
	bool broadcast = change_is_broadcast(change->kind);

	stream->at.seq = change->counts.seq;
	stream->at.broadcasts += broadcast;
	if (!broadcast) {
		set_counts(stream, &change->counts);
	} else if (stream->known && stream->known->seq == stream->at.seq) {
		set_counts(stream, stream->known);
	} else if (stream->counted && stream_is_create(change)) {
		stream->at.unread++;
		stream->at.unseen++;
	} else {
		stream->counted = false;
	}
	change->counts = position_counts(&stream->at);
}

bool stream_next(struct stream *stream, struct change *ret_change)
{
	struct decoder behind;

	skip_told(stream);
	if (peek_record(stream, &behind, ret_change) &&
		ret_change->counts.seq == stream->at.seq + 1)
		stream->records = behind;
	else if (!peek_broadcast(stream, ret_change))
		return false;
	move_to(stream, ret_change);
	return true;
}

bool stream_is_broken(const struct stream *stream)
{
	struct stream ahead = *stream;
	struct decoder behind;
	struct change change;

	if (stream_next(&ahead, &change))
		return false;
	return peek_record(stream, &behind, &change) ||
	       (stream->broadcasts && stream->at.broadcasts < stream->broadcasts->newest);
}

enum stream_message stream_take(struct stream *stream, uint64_t upto, struct buffer *changes,
	struct change *ret_change)
{
	struct stream ahead;
	bool counted = true; /* there is a message as far as was taken */
	size_t whole = 0;    /* what of `changes` belongs to it */
	struct change change;

	skip_told(stream);
	ahead = *stream;
	while (stream_next(&ahead, &change)) {
		bool tells_itself = counted && ahead.counted && stream_is_create(&change);

		if (tells_itself && whole == 0) {
			*ret_change = change;
			*stream = ahead;
			return STREAM_CREATED;
		}
		if (tells_itself || change.counts.seq > upto)
			break;
		message_add_changes(changes, &change);
		counted = ahead.counted;
		if (!counted)
			continue;
		whole = changes->len;
		*stream = ahead;
	}
	if (buffer_status(changes) < 0)
		return STREAM_NOTHING;
	changes->len = whole;
	return whole > 0 ? STREAM_UPDATE : STREAM_NOTHING;
}
