/*
 * tidings send -: many notifications, a JSON object a line, from standard input.
 *
 * Up to WINDOW requests are under way at a time, so the store commits them in
 * large transactions; a line that comes slowly is sent as soon as it is there.
 * A line that is invalid or refused is told with its number, and the others go
 * on. While the store restarts, what was not yet sent waits; what was sent and
 * not answered is told as such, since sending it again could store it twice.
 * A store that stays away ends the run.
 */
#include "cli/lines.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/send.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

enum {
	WINDOW = 1000,
	/* milliseconds */
	FIRST_PATIENCE = 2000, /* for the first connection */
	PATIENCE = 10000,      /* for an answer, once there was a connection */
	RETRY = 50,	       /* between two tries to connect */
	TICK = 250,
};

struct sender {
	struct tool *tool;
	struct lines lines;
	struct progress progress;
	unsigned under_way;
	uint64_t sent, failed;
	int connection;	   /* what inbox_dispatch() said last */
	int64_t heard;	   /* when the last answer came, or the first request went */
	bool unreachable;  /* told once, not for each line */
	bool disconnected; /* what is still under way was never sent */
	int status;
};

/* One request under way. */
struct errand {
	struct sender *sender;
	uint64_t line;
	struct draft draft;
};

static void errand_free(struct errand *errand)
{
	draft_release(&errand->draft);
	free(errand);
}

DEFINE_CLEANUP(struct errand *, errand_free)

static void sender_fail(struct sender *sender, uint64_t line, int result)
{
	_cleanup_(buffer_release) struct buffer sentence = { 0 };
	int status = TOOL_FAILED;

	sender->failed++;
	if (sender->unreachable)
		return;
	if (result == -ECANCELED && sender->disconnected)
		buffer_append_string(&sentence, "was not sent");
	else
		status = tool_explain(sender->tool, INBOX_CREATE, result, &sentence);
	sender->status = tool_gravest(sender->status, status);
	progress_clear(&sender->progress);
	tool_complain(sender->tool->command, "line %" PRIu64 ": %.*s", line, (int)sentence.len,
		sentence.data ? sentence.data : "");
}

static void sender_print(struct sender *sender, const struct notification *notification)
{
	_cleanup_(buffer_release) struct buffer json = { 0 };

	if (!sender->tool->json)
		return;
	notification_format(&json, notification);
	progress_clear(&sender->progress);
	sender->status = tool_gravest(sender->status, output_json(sender->tool, &json));
}

static void sender_answered(void *context, int result, struct inbox_answer *answer)
{
	_cleanup_(freeing_errand_free) struct errand *errand = context;
	struct sender *sender = errand->sender;
	struct notification notification;

	sender->under_way--;
	sender->heard = progress_clock();
	if (result != 0) {
		sender_fail(sender, errand->line, result);
		return;
	}
	sender->sent++;
	notification = inbox_created(answer, &errand->draft, 0);
	sender_print(sender, &notification);
}

/* Takes over the draft. */
static int sender_submit(struct sender *sender, struct draft *draft)
{
	_cleanup_(freeing_errand_free) struct errand *errand = calloc(1, sizeof(*errand));
	struct inbox_request request = { .operation = INBOX_CREATE, .draft_count = 1 };
	int result;

	if (!errand)
		return -ENOMEM;
	*errand = (struct errand){
		.sender = sender,
		.line = sender->lines.number,
		.draft = *draft,
	};
	draft->memory = NULL;
	request.drafts = &errand->draft;
	result = inbox_submit(sender->tool->inbox, &request, sender_answered, errand);
	if (result < 0)
		return result;
	errand = NULL; /* sender_answered() has it now */
	if (sender->under_way++ == 0)
		sender->heard = progress_clock();
	return 0;
}

static bool is_blank(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
			return false;
	return true;
}

static void sender_take_line(struct sender *sender, struct slice line)
{
	_cleanup_(draft_release) struct draft draft = { 0 };
	struct problems problems = { 0 };
	int result;

	if (is_blank(line))
		return;
	result = draft_parse(line, DRAFT_FOR_USER, timestamp_now(), &problems, &draft);
	if (result == DRAFT_INVALID) {
		progress_clear(&sender->progress);
		tool_complain_problems(sender->tool->command, &problems, sender->lines.number);
		sender->failed++;
		sender->status = tool_gravest(sender->status, TOOL_FAILED);
		return;
	}
	if (result == 0)
		result = sender_submit(sender, &draft);
	if (result < 0)
		sender_fail(sender, sender->lines.number, result);
}

/* Takes lines while there are some and the window has room. */
static bool sender_take_lines(struct sender *sender)
{
	struct slice line;
	int result;

	while (sender->under_way < WINDOW) {
		result = lines_take(&sender->lines, &line);
		if (result == LINES_NONE)
			return false;
		if (result == 0) {
			sender_take_line(sender, line);
			continue;
		}
		progress_clear(&sender->progress);
		tool_complain(sender->tool->command, "line %" PRIu64 ": longer than %d bytes",
			sender->lines.number, LINES_MAX);
		sender->failed++;
		sender->status = tool_gravest(sender->status, TOOL_FAILED);
	}
	return true;
}

/* Waits until there is something to do; reads standard input if it has anything. */
static int sender_wait(struct sender *sender, bool wants_input)
{
	struct inbox *inbox = sender->tool->inbox;
	bool connected = inbox_fd(inbox) >= 0;
	struct pollfd fds[] = {
		{ .fd = wants_input ? sender->lines.fd : -1, .events = POLLIN },
		{ .fd = inbox_fd(inbox),
			.events = (short)(POLLIN | (inbox_wants_write(inbox) ? POLLOUT : 0)) },
	};
	int timeout = sender->under_way == 0 ? -1 : connected ? TICK : RETRY;

	fflush(stdout); /* whoever reads the answers may be waiting for one */
	if (poll(fds, ARRAY_LENGTH(fds), timeout) < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[0].revents ? lines_fill(&sender->lines) : 0;
}

static bool sender_gives_up(const struct sender *sender)
{
	bool reached = inbox_greeting(sender->tool->inbox);

	return sender->under_way > 0 &&
	       progress_clock() - sender->heard > (reached ? PATIENCE : FIRST_PATIENCE);
}

/* Ends all that is under way, and tells what became of it. */
static void sender_give_up(struct sender *sender)
{
	uint64_t line = sender->lines.number;

	progress_clear(&sender->progress);
	if (!inbox_greeting(sender->tool->inbox)) {
		int result = sender->connection < 0 ? sender->connection : -ETIMEDOUT;

		/* As of a read: without a connection nothing can have been stored */
		sender->status = tool_gravest(sender->status,
			tool_fail(sender->tool, NULL, INBOX_COUNT, result));
		sender->unreachable = true;
	}
	sender->disconnected = inbox_fd(sender->tool->inbox) < 0;
	sender->tool->inbox = inbox_free(sender->tool->inbox);
	if (!sender->unreachable)
		tool_complain(sender->tool->command,
			"stopped: what follows line %" PRIu64 " was not sent", line);
}

/* Until standard input has ended and all is answered. */
static void sender_run(struct sender *sender)
{
	struct inbox *inbox = sender->tool->inbox;

	for (;;) {
		bool full = sender_take_lines(sender);
		int result;

		if (sender->under_way > 0 || inbox_fd(inbox) >= 0)
			sender->connection = inbox_dispatch(inbox);
		progress_show(&sender->progress, sender->sent, sender->failed);
		if (sender_gives_up(sender)) {
			sender_give_up(sender);
			return;
		}
		if (full && sender->under_way < WINDOW)
			continue;
		if (sender->lines.ended && sender->under_way == 0)
			return;
		result = sender_wait(sender, !full && !sender->lines.ended);
		if (result < 0) {
			progress_clear(&sender->progress);
			tool_complain(sender->tool->command, "standard input: %s",
				strerror(-result));
			sender->status = tool_gravest(sender->status, TOOL_FAILED);
			sender->lines.ended = true;
		}
	}
}

int send_lines(struct tool *tool)
{
	struct sender sender = { .tool = tool,
		.lines = lines_of(STDIN_FILENO),
		.progress = progress_begin(),
		.status = TOOL_DONE };

	sender_run(&sender);
	progress_clear(&sender.progress);
	lines_release(&sender.lines);
	if (!tool->json)
		printf("%" PRIu64 " sent, %" PRIu64 " failed\n", sender.sent, sender.failed);
	if (sender.sent > 0 && sender.status != TOOL_DONE)
		return TOOL_FAILED;
	return sender.status;
}
