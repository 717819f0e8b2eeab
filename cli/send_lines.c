/*
 * tidings send -: many notifications, a JSON object a line, from standard input.
 *
 * Up to WINDOW requests are under way at a time, so the store commits them in
 * large transactions; a line that comes slowly is sent as soon as it is there.
 * A line that is invalid or refused is told with its number, and the others go
 * on. What was sent and not answered when the store restarts is told as such,
 * since sending it again could store it twice.
 */
#include "cli/output.h"
#include "cli/pump.h"
#include "cli/send.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <inttypes.h>

enum { WINDOW = 1000 };

struct sender {
	struct pump pump; /* the first, so that who has it has the sender */
	uint64_t sent, failed;
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
	struct tool *tool = sender->pump.tool;
	int status = TOOL_FAILED;

	sender->failed++;
	if (sender->pump.unreachable)
		return;
	if (result == -ECANCELED && sender->pump.disconnected)
		buffer_append_string(&sentence, "was not sent");
	else
		status = tool_explain(tool, INBOX_CREATE, result, &sentence);
	pump_fail(&sender->pump, status);
	tool_complain(tool->command, "line %" PRIu64 ": %.*s", line, (int)sentence.len,
		sentence.data ? sentence.data : "");
}

static void sender_print(struct sender *sender, const struct notification *notification)
{
	_cleanup_(buffer_release) struct buffer json = { 0 };
	struct pump *pump = &sender->pump;

	if (!pump->tool->json)
		return;
	notification_format(&json, notification);
	progress_clear(&pump->progress);
	pump->status = tool_gravest(pump->status, output_json(pump->tool, &json));
}

static void sender_answered(void *context, int result, struct inbox_answer *answer)
{
	_cleanup_(freeing_errand_free) struct errand *errand = context;
	struct sender *sender = errand->sender;
	struct notification notification;

	pump_answered(&sender->pump);
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
		.line = sender->pump.lines.number,
		.draft = *draft,
	};
	draft->memory = NULL;
	request.drafts = &errand->draft;
	result = pump_submit(&sender->pump, &request, sender_answered, errand);
	if (result == 0)
		errand = NULL; /* sender_answered() has it now */
	return result;
}

static void sender_line(struct pump *pump, struct slice line)
{
	_cleanup_(draft_release) struct draft draft = { 0 };
	struct sender *sender = (struct sender *)pump;
	struct problems problems = { 0 };
	int result = draft_parse(line, DRAFT_FOR_USER, timestamp_now(), &problems, &draft);

	if (result == DRAFT_INVALID) {
		sender->failed++;
		pump_fail(pump, TOOL_FAILED);
		tool_complain_problems(pump->tool->command, &problems, pump->lines.number);
		return;
	}
	if (result == 0)
		result = sender_submit(sender, &draft);
	if (result < 0)
		sender_fail(sender, pump->lines.number, result);
}

static void sender_too_long(struct pump *pump)
{
	struct sender *sender = (struct sender *)pump;

	sender->failed++;
	pump_fail(pump, TOOL_FAILED);
	tool_complain(pump->tool->command, "line %" PRIu64 ": longer than %d bytes",
		pump->lines.number, LINES_MAX);
}

static void sender_progress(struct pump *pump)
{
	const struct sender *sender = (const struct sender *)pump;

	progress_show(&pump->progress, sender->sent, sender->failed);
}

int send_lines(struct tool *tool)
{
	static const struct pump_user user = {
		.window = WINDOW,
		.line = sender_line,
		.too_long = sender_too_long,
		.progress = sender_progress,
	};
	struct sender sender = {
		.pump = pump_begin(&user, tool, STDIN_FILENO, "standard input", "sent"),
	};

	pump_run(&sender.pump);
	pump_end(&sender.pump);
	if (!tool->json)
		printf("%" PRIu64 " sent, %" PRIu64 " failed\n", sender.sent, sender.failed);
	if (sender.sent > 0 && sender.pump.status != TOOL_DONE)
		return TOOL_FAILED;
	return sender.pump.status;
}
