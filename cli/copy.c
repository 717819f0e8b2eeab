/* A copy of the store, see copy.h. */
#include "cli/copy.h"
#include "cli/progress.h"
#include "lib/clock.h"

#include <errno.h>
#include <poll.h>

enum { LOOK_MS = 250 /* between two looks at the clock */ };

struct wait {
	bool done;
	int result;
};

static void on_answer(void *context, int result, struct inbox_answer *answer)
{
	struct wait *wait = context;

	(void)answer;
	wait->done = true;
	wait->result = result;
}

/* There may be no end to it: a store can be large. A connection that breaks ends it. */
static int wait_for(struct inbox *inbox, struct wait *wait)
{
	struct progress progress = progress_begin("");

	while (!wait->done) {
		struct pollfd fd = { .events = POLLIN };

		if (inbox_dispatch(inbox) < 0 && !wait->done)
			break;
		fd.fd = inbox_fd(inbox);
		if (fd.fd >= 0 && inbox_wants_write(inbox))
			fd.events |= POLLOUT;
		if (!wait->done)
			poll(&fd, 1, LOOK_MS);
		progress_say(&progress, "the store makes a copy, %lld s",
			(long long)(clock_ms() - progress.begun) / 1000);
	}
	progress_clear(&progress);
	return wait->result;
}

int copy_begin(struct tool *tool)
{
	struct inbox_request request = { .operation = INBOX_BACKUP };
	struct inbox_greeting greeting;
	struct wait wait = { .result = -ENOTCONN };
	int status = tool_greet(tool, &greeting); /* so there is a connection */
	int result;

	if (status != TOOL_DONE)
		return status;
	result = inbox_submit(tool->inbox, &request, on_answer, &wait);
	if (result == 0)
		result = wait_for(tool->inbox, &wait);
	if (!wait.done)
		inbox_forget(tool->inbox, &wait);
	return result == 0 ? TOOL_DONE : tool_fail(tool, NULL, INBOX_BACKUP, result);
}

int copy_end(struct tool *tool)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_BACKUP_END };

	return tool_call(tool, NULL, &request, &answer);
}
