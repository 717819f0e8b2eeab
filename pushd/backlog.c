/* Change records that wait in memory, see backlog.h. */
#include "pushd/backlog.h"

#include <errno.h>

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
	if (!subscriber->backlog || buffer_status(&record) < 0 ||
		buffer_status(subscriber->backlog) < 0)
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

int backlog_restore(struct subscriber *subscriber, struct slice records)
{
	struct decoder rest = decoder_of(records.data, records.len);
	struct change change;

	if (records.len == 0)
		return 0;
	if (records.len > BACKLOG_MAX)
		return -EBADMSG;
	while (rest.at != rest.end)
		if (!backlog_next(&rest, &change))
			return -EBADMSG;
	subscriber->backlog = calloc(1, sizeof(*subscriber->backlog));
	if (!subscriber->backlog)
		return -ENOMEM;
	subscriber->backlog->limit = BACKLOG_MAX;
	buffer_append_slice(subscriber->backlog, records);
	return buffer_status(subscriber->backlog);
}

bool backlog_next(struct decoder *records, struct change *ret_change)
{
	struct slice record;

	if (records->at == records->end)
		return false;
	record = decode_long(records);
	return !records->failed && change_parse(record, ret_change) == 0;
}

void backlog_consume(struct subscriber *subscriber, const struct decoder *rest)
{
	if (!subscriber->backlog)
		return;
	buffer_consume(subscriber->backlog,
		subscriber->backlog->len - (size_t)(rest->end - rest->at));
	if (subscriber->backlog->len == 0)
		backlog_free(subscriber);
}
