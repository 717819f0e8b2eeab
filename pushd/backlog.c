/* Change records that wait in memory, see backlog.h. */
#include "pushd/backlog.h"

#include "pushd/message.h"

enum { BACKLOG_MAX = 1 << 20 /* bytes of one user's changes */ };

void backlog_add(struct subscriber *subscriber, const struct change *change)
{
	struct buffer record = { 0 };

	if (subscriber->overflow)
		return;
	if (!subscriber->backlog)
		subscriber->backlog = calloc(1, sizeof(*subscriber->backlog));
	change_format(&record, change);
	if (subscriber->backlog && buffer_status(&record) == 0) {
		subscriber->backlog->limit = BACKLOG_MAX;
		encode_long(subscriber->backlog, buffer_slice(&record));
	}
	if (!subscriber->backlog || buffer_status(&record) < 0 || buffer_status(subscriber->backlog) < 0)
		subscriber->overflow = true;
	buffer_release(&record);
}

void backlog_free(struct subscriber *subscriber)
{
	if (subscriber->backlog)
		buffer_release(subscriber->backlog);
	free(subscriber->backlog);
	subscriber->backlog = NULL;
	subscriber->overflow = false;
}

bool backlog_is_create(const struct change *change)
{
	return change->kind == CHANGE_CREATED && change->notification.len > 0;
}

bool backlog_next(struct decoder *records, struct change *ret_change)
{
	struct slice record;

	if (records->at == records->end)
		return false;
	record = decode_long(records);
	return !records->failed && change_parse(record, ret_change) == 0;
}

bool backlog_gather(struct decoder *records, uint64_t upto, struct buffer *changes,
	struct counts *ret_counts)
{
	struct decoder ahead = *records;
	struct change change;

	while (backlog_next(&ahead, &change) && !backlog_is_create(&change) &&
	       change.counts.seq <= upto) {
		message_add_changes(changes, &change);
		*ret_counts = change.counts;
		*records = ahead;
	}
	return changes->len > 0;
}
