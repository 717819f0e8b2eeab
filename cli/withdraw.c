/*
 * tidings withdraw: takes notifications back, out of the inbox of one user or,
 * for broadcasts, of all. Each id stands for itself.
 */
#include "cli/ids.h"
#include "cli/output.h"
#include "cli/subcommands.h"

#include <inttypes.h>

struct arguments {
	bool broadcast;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "broadcast",
		.letter = 'b',
		.help = "withdraw broadcasts, which are no single user's",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, broadcast) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec withdraw_command = {
	.name = "tidings withdraw",
	.operands = "USER ID... | --broadcast ID...",
	.purpose = "Take notifications back.",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
};

static int check(const struct arguments *arguments, const char *user, char **ids, int n_ids)
{
	if (!arguments->broadcast && !tool_check_user(&withdraw_command, user))
		return TOOL_USAGE;
	if (n_ids == 0)
		return tool_refuse(&withdraw_command, "give at least one id");
	return ids_check(&withdraw_command, ids, n_ids);
}

static int print(const struct tool *tool, const struct ids_outcome *outcome)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		buffer_print(&text, "{\"count\":%" PRIu64 "}", outcome->count);
		return output_json(tool, &text);
	}
	buffer_print(&text, "%" PRIu64 " withdrawn\n", outcome->count);
	return output_text(tool, &text);
}

int withdraw_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	struct inbox_request request = { .operation = INBOX_WITHDRAW_BROADCAST };
	struct ids_outcome outcome = { .status = TOOL_DONE };
	char **ids = argv + 1;
	int n_ids;
	int result = options_parse(&withdraw_command, argc, argv, &arguments, &n_ids);

	if (result != 0)
		return tool_usage(result);
	if (!arguments.broadcast) {
		request.operation = INBOX_WITHDRAW;
		request.user = slice_of(argv[1]);
		ids++;
		n_ids--;
	}
	result = check(&arguments, argv[1], ids, n_ids);
	if (result == TOOL_DONE)
		result = tool_open(&tool, &withdraw_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	ids_call(&tool, &request, ids, n_ids, &outcome);
	if (outcome.status == TOOL_DONE || outcome.count > 0)
		outcome.status = tool_gravest(outcome.status, print(&tool, &outcome));
	return outcome.status;
}
