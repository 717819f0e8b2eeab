/* tidings send: one notification from the command line, or many from standard input (send_lines.c). */
#include "cli/send.h"
#include "cli/compose.h"
#include "cli/subcommands.h"

struct arguments {
	struct compose_options compose;
	bool from_stdin;
	struct tool_options common;
};

static const struct option_spec options[] = {
	COMPOSE_OPTIONS(struct arguments),
	{ .name = "stdin",
		.help = "send many: a JSON object a line; the same as the operand -",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, from_stdin) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec send_command = {
	.name = "tidings send",
	.operands = "USER TITLE MESSAGE | -",
	.purpose = "Send a notification, or many.",
	.options = options,
	.min_operands = 0,
	.max_operands = 3,
};

static int send_stdin(const struct arguments *arguments)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	int status;

	if (compose_options_given(&arguments->compose))
		return tool_refuse(&send_command,
			"each line of standard input says its own type, link, data, category and "
			"expiresAt; there is no key for many");
	status = tool_open(&tool, &send_command, &arguments->common);
	return status == TOOL_DONE ? send_lines(&tool) : status;
}

int send_run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&send_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (operands == 1 && strcmp(argv[1], "-") == 0) {
		arguments.from_stdin = true;
		operands = 0;
	}
	if (arguments.from_stdin && operands == 0)
		return send_stdin(&arguments);
	if (arguments.from_stdin || operands != 3)
		return tool_refuse(&send_command, "give USER TITLE MESSAGE, or only -");
	return compose_run(&send_command, &arguments.common, argv[1], argv[2], argv[3],
		&arguments.compose);
}
