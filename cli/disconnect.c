/*
 * tidings disconnect: ends a user's connections to the push daemon. Their
 * programs come back with the token that they have, unless it is revoked.
 */
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "lib/json.h"

struct arguments {
	bool revoke;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "revoke",
		.letter = 'r',
		.help = "refuse every token of the user that was issued until now",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, revoke) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec disconnect_command = {
	.name = "tidings disconnect",
	.operands = "USER",
	.purpose = "End a user's connections.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

static int print(const struct tool *tool, const char *user, bool revoked)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		buffer_append_string(&text, "{\"userId\":");
		json_append_string(&text, slice_of(user));
		buffer_print(&text, ",\"revoked\":%s}", revoked ? "true" : "false");
		return output_json(tool, &text);
	}
	text_append(&text, slice_of(user), TEXT_UNCUT);
	buffer_append_string(&text, revoked ? " disconnected, tokens issued until now are refused\n"
					    : " disconnected\n");
	return output_text(tool, &text);
}

int disconnect_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct arguments arguments = { 0 };
	struct inbox_request request = { .operation = INBOX_DISCONNECT };
	int operands;
	int result = options_parse(&disconnect_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!tool_check_user(&disconnect_command, argv[1]))
		return TOOL_USAGE;
	result = tool_open(&tool, &disconnect_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	request.user = slice_of(argv[1]);
	request.revoke = arguments.revoke;
	result = tool_call(&tool, NULL, &request, &answer);
	return result == TOOL_DONE ? print(&tool, argv[1], arguments.revoke) : result;
}
