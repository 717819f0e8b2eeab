/* tidings read: marks notifications of one user as read, or as unread again. */
#include "cli/ids.h"
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

static int check(const struct arguments *arguments, char **ids, int n_ids)
{
	if (arguments->all && arguments->unread)
		return tool_refuse(&read_command, "--all marks as read only");
	if (arguments->all && n_ids > 0)
		return tool_refuse(&read_command, "give either ids or --all");
	if (!arguments->all && n_ids == 0)
		return tool_refuse(&read_command, "give at least one id, or --all");
	return ids_check(&read_command, ids, n_ids);
}

static void mark_all(struct tool *tool, const struct inbox_request *request,
	struct ids_outcome *outcome)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	outcome->status = tool_call(tool, NULL, request, &answer);
	outcome->count = answer.affected;
	outcome->counts = answer.counts;
}

static int print(const struct tool *tool, const struct ids_outcome *outcome, bool unread)
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
	struct ids_outcome outcome = { .status = TOOL_DONE };
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
		mark_all(&tool, &request, &outcome);
	else
		ids_call(&tool, &request, argv + 2, operands - 1, &outcome);
	if (outcome.status == TOOL_DONE || outcome.count > 0)
		outcome.status =
			tool_gravest(outcome.status, print(&tool, &outcome, arguments.unread));
	return outcome.status;
}
