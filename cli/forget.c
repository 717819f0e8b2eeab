/*
 * tidings forget: removes all that the store knows of a user. There is no way
 * back, so it tells how much that is, and asks.
 */
#include "cli/confirm.h"
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "lib/json.h"

#include <inttypes.h>

struct arguments {
	bool dry_run;
	bool yes;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "dry-run",
		.letter = 'n',
		.help = "tell how much that is, and remove nothing",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, dry_run) },
	{ .name = "yes",
		.letter = 'y',
		.help = "do not ask",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, yes) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec forget_command = {
	.name = "tidings forget",
	.operands = "USER",
	.purpose = "Remove all that is known of a user.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

static int count(struct tool *tool, const char *user, uint64_t *ret_total)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_COUNT, .user = slice_of(user) };
	int status = tool_call(tool, NULL, &request, &answer);

	if (status == TOOL_DONE)
		*ret_total = answer.counts.total;
	return status;
}

static int forget(struct tool *tool, const char *user)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_FORGET, .user = slice_of(user) };

	return tool_call(tool, NULL, &request, &answer);
}

static int print(const struct tool *tool, const char *user, uint64_t total, bool dry_run)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		buffer_append_string(&text, "{\"userId\":");
		json_append_string(&text, slice_of(user));
		buffer_print(&text, ",\"count\":%" PRIu64 "%s}", total,
			dry_run ? ",\"dryRun\":true" : "");
		return output_json(tool, &text);
	}
	text_append(&text, slice_of(user), TEXT_UNCUT);
	buffer_print(&text, " %sforgotten, with %" PRIu64 " notification%s\n",
		dry_run ? "would be " : "", total, total == 1 ? "" : "s");
	return output_text(tool, &text);
}

int forget_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	uint64_t total;
	int operands;
	int result = options_parse(&forget_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!tool_check_user(&forget_command, argv[1]))
		return TOOL_USAGE;
	if (!arguments.dry_run && !arguments.yes)
		result = confirm_possible(&forget_command);
	if (result == TOOL_DONE)
		result = tool_open(&tool, &forget_command, &arguments.common);
	if (result == TOOL_DONE)
		result = count(&tool, argv[1], &total);
	if (result == TOOL_DONE && !arguments.dry_run && !arguments.yes)
		result = confirm(&forget_command, "Forget %s, with %" PRIu64 " notification%s?",
			argv[1], total, total == 1 ? "" : "s");
	if (result == TOOL_DONE && !arguments.dry_run)
		result = forget(&tool, argv[1]);
	return result == TOOL_DONE ? print(&tool, argv[1], total, arguments.dry_run) : result;
}
