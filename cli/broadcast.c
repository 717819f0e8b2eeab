/* tidings broadcast: one notification for every user. */
#include "cli/compose.h"
#include "cli/subcommands.h"

struct arguments {
	struct compose_options compose;
	struct tool_options common;
};

static const struct option_spec options[] = {
	COMPOSE_OPTIONS(struct arguments),
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec broadcast_command = {
	.name = "tidings broadcast",
	.operands = "TITLE MESSAGE",
	.purpose = "Send a notification to every user.",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
};

int broadcast_run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&broadcast_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	return compose_run(&broadcast_command, &arguments.common, NULL, argv[1], argv[2],
		&arguments.compose);
}
