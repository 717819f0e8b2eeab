/* From lines to requests, see pump.h. */
#include "cli/pump.h"

#include "lib/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

/* Milliseconds */
enum {
	FIRST_PATIENCE = 2000, /* for the first connection */
	PATIENCE = 10000,      /* for an answer, once there was a connection */
	RETRY = 50,	       /* between two tries to connect */
	TICK = 250,
};

struct pump pump_begin(const struct pump_user *user, struct tool *tool, int fd, const char *input,
	const char *done)
{
	struct pump pump = {
		.user = user,
		.tool = tool,
		.input = input,
		.lines = lines_of(fd),
		.progress = progress_begin(done),
		.status = TOOL_DONE,
	};

	progress_follow(&pump.progress, fd);
	return pump;
}

void pump_end(struct pump *pump)
{
	progress_clear(&pump->progress);
	lines_release(&pump->lines);
}

void pump_fail(struct pump *pump, int status)
{
	progress_clear(&pump->progress);
	pump->status = tool_gravest(pump->status, status);
}

int pump_submit(struct pump *pump, const struct inbox_request *request, inbox_answered *answered,
	void *context)
{
	int result = inbox_submit(pump->tool->inbox, request, answered, context);

	if (result < 0)
		return result;
	if (pump->under_way++ == 0)
		pump->heard = clock_ms();
	pump->submitted = pump->lines.number;
	return 0;
}

void pump_answered(struct pump *pump)
{
	pump->under_way--;
	pump->heard = clock_ms();
}

/* Nothing more is taken; what was kept back for company goes out. */
static void pump_finish_input(struct pump *pump)
{
	if (pump->stopped)
		return;
	pump->stopped = true;
	if (pump->user->end)
		pump->user->end(pump);
}

/* Takes lines while there are some and the window has room. Returns whether it is full. */
static bool pump_take_lines(struct pump *pump)
{
	struct slice line;
	int result;

	while (!pump->stopped && pump->under_way < pump->user->window) {
		result = lines_take(&pump->lines, &line);
		if (result == LINES_TOO_LONG)
			pump->user->too_long(pump);
		else if (result == 0 && !lines_is_blank(line))
			pump->user->line(pump, line);
		else if (result == LINES_NONE && pump->lines.ended)
			pump_finish_input(pump);
		else if (result == LINES_NONE)
			return false;
	}
	return !pump->stopped;
}

static void pump_read(struct pump *pump)
{
	int result = lines_fill(&pump->lines);

	if (result == 0)
		return;
	pump_fail(pump, TOOL_FAILED);
	tool_complain(pump->tool->command, "%s: %s", pump->input, strerror(-result));
	pump_finish_input(pump);
}

/* Waits until there is something to do; reads if there is anything. */
static void pump_wait(struct pump *pump, bool wants_input)
{
	struct inbox *inbox = pump->tool->inbox;
	bool connected = inbox_fd(inbox) >= 0;
	struct pollfd fds[] = {
		{ .fd = wants_input ? pump->lines.fd : -1, .events = POLLIN },
		{ .fd = inbox_fd(inbox),
			.events = (short)(POLLIN | (inbox_wants_write(inbox) ? POLLOUT : 0)) },
	};
	int timeout = pump->under_way == 0 ? -1 : connected ? TICK : RETRY;

	fflush(stdout); /* whoever reads the answers may be waiting for one */
	if (poll(fds, ARRAY_LENGTH(fds), timeout) > 0 && fds[0].revents)
		pump_read(pump);
}

static bool pump_gives_up(const struct pump *pump)
{
	bool reached = inbox_greeting(pump->tool->inbox);

	return pump->under_way > 0 &&
	       clock_ms() - pump->heard > (reached ? PATIENCE : FIRST_PATIENCE);
}

/* Ends all that is under way; the callbacks tell what became of it. */
static void pump_give_up(struct pump *pump)
{
	struct tool *tool = pump->tool;

	progress_clear(&pump->progress);
	if (!inbox_greeting(tool->inbox)) {
		int result = pump->connection < 0 ? pump->connection : -ETIMEDOUT;

		/* As of a read: without a connection nothing can have been done */
		pump_fail(pump, tool_fail(tool, NULL, INBOX_COUNT, result));
		pump->unreachable = true;
	}
	pump->disconnected = inbox_fd(tool->inbox) < 0;
	tool->inbox = inbox_free(tool->inbox);
	if (!pump->unreachable)
		tool_complain(tool->command, "stopped: what follows line %" PRIu64 " was not sent",
			pump->submitted);
}

void pump_run(struct pump *pump)
{
	struct inbox *inbox = pump->tool->inbox;

	for (;;) {
		bool full = pump_take_lines(pump);

		if (pump->under_way > 0 || inbox_fd(inbox) >= 0)
			pump->connection = inbox_dispatch(inbox);
		pump->user->progress(pump);
		if (pump_gives_up(pump)) {
			pump_give_up(pump);
			return;
		}
		if (full && pump->under_way < pump->user->window)
			continue;
		if (pump->stopped && pump->under_way == 0)
			return;
		pump_wait(pump, !full && !pump->stopped);
	}
}
