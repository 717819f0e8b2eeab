/*
 * The store's greeting, see greeting.h. It tells where the log ends; the log's files do
 * not, since each has its full size from the beginning.
 */
#include "tests/bench/greeting.h"

#include <errno.h>
#include <poll.h>

enum {
	FILE_BYTES = 16 << 20, /* as stored/environment.c has it */
	PATIENCE_MS = 60000,
};

int greeting_await(const struct config *config, struct inbox **ret_inbox)
{
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	int r = inbox_new(config, &inbox);

	if (r == 0)
		r = inbox_dispatch(inbox);
	while (r == 0 && !inbox_greeted(inbox)) {
		struct pollfd waiting = { .fd = inbox_fd(inbox), .events = POLLIN };

		if (poll(&waiting, 1, PATIENCE_MS) == 0)
			return -ETIMEDOUT;
		r = inbox_dispatch(inbox);
	}
	if (r < 0)
		return r;
	*ret_inbox = take(inbox);
	return 0;
}

int64_t log_position(uint32_t file, uint32_t offset)
{
	return (int64_t)(file - 1) * FILE_BYTES + offset;
}

int64_t log_end(const struct config *config)
{
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	const struct inbox_greeting *greeting;
	int r = greeting_await(config, &inbox);

	if (r < 0)
		return r;
	greeting = inbox_greeting(inbox);
	return log_position(greeting->log_file, greeting->log_offset);
}
