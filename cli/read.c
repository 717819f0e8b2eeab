/*
 * tidings read: marks notifications of one user as read, or as unread again.
 * Each id stands for itself: one that does not exist is told, the others are done.
 */
#include "cli/output.h"
#include "cli/subcommands.h"

#include <inttypes.h>

struct arguments {
	bool all;
	bool unread;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "all",
		.letter = 'a',
		.help = "mark all of the user's, in place of ids",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, all) },
	{ .name = "unread",
		.letter = 'u',
		.help = "mark them as unread",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, unread) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec read_command = {
	.name = "tidings read",
	.operands = "USER [ID]...",
	.purpose = "Mark a user's notifications as read.",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
};

/* What was done so far. */
struct outcome {
	uint64_t count;
	struct counts counts; /* of the newest answer */
	int status;
};

static int check(const struct arguments *arguments, char **ids, int n_ids)
{
	struct uuid id;

	if (arguments->all && arguments->unread)
		return tool_refuse(&read_command, "--all marks as read only");
	if (arguments->all && n_ids > 0)
		return tool_refuse(&read_command, "give either ids or --all");
	if (!arguments->all && n_ids == 0)
		return tool_refuse(&read_command, "give at least one id, or --all");
	for (int i = 0; i < n_ids; i++)
		if (uuid_parse(slice_of(ids[i]), &id) < 0)
			return tool_refuse(&read_command, "%s is no id", ids[i]);
	return TOOL_DONE;
}

static int mark(struct tool *tool, const char *subject, const struct inbox_request *request,
	struct outcome *outcome)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	int status = tool_call(tool, subject, request, &answer);

	if (status != TOOL_DONE)
		return status;
	outcome->count += request->operation == INBOX_READ_ALL ? answer.affected : 1;
	outcome->counts = answer.counts;
	return TOOL_DONE;
}

/* One after the other; ends early when the store is out of reach, as all others would fail too. */
static void mark_each(struct tool *tool, struct inbox_request *request, char **ids, int n_ids,
	struct outcome *outcome)
{
	for (int i = 0; i < n_ids; i++) {
		int status;

		uuid_parse(slice_of(ids[i]), &request->id);
		status = mark(tool, ids[i], request, outcome);
		outcome->status = tool_gravest(outcome->status, status);
		if (status == TOOL_TRY_AGAIN)
			break;
	}
	if (outcome->count > 0 && outcome->status != TOOL_DONE)
		outcome->status = TOOL_FAILED;
}

static int print(const struct tool *tool, const struct outcome *outcome, bool unread)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		buffer_print(&text, "{\"count\":%" PRIu64 ",", outcome->count);
		output_counts(&text, &outcome->counts);
		buffer_append_string(&text, "}");
		return output_json(tool, &text);
	}
	buffer_print(&text, "%" PRIu64 " marked as %s, %" PRIu64 " unread now\n", outcome->count,
		unread ? "unread" : "read", outcome->counts.unread);
	return output_text(tool, &text);
}

int read_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	struct inbox_request request = { 0 };
	struct outcome outcome = { .status = TOOL_DONE };
	int operands;
	int result = options_parse(&read_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!tool_check_user(&read_command, argv[1]))
		return TOOL_USAGE;
	result = check(&arguments, argv + 2, operands - 1);
	if (result == TOOL_DONE)
		result = tool_open(&tool, &read_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	request.user = slice_of(argv[1]);
	request.operation = arguments.all      ? INBOX_READ_ALL
			    : arguments.unread ? INBOX_MARK_UNREAD
					       : INBOX_MARK_READ;
	if (arguments.all)
		outcome.status = mark(&tool, NULL, &request, &outcome);
	else
		mark_each(&tool, &request, argv + 2, operands - 1, &outcome);
	if (outcome.status == TOOL_DONE || outcome.count > 0)
		outcome.status =
			tool_gravest(outcome.status, print(&tool, &outcome, arguments.unread));
	return outcome.status;
}
