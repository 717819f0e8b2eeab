/*
 * tidings check: whether the store is whole. One that is in use is copied for that, which
 * needs room on its disk, but no pause.
 */
#include "cli/copy.h"
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/verify.h"
#include "lib/home.h"

struct arguments {
	const char *home;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "home",
		.argument = "DIR",
		.help = "check the store in this directory, which nobody uses",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, home) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec check_command = {
	.name = "tidings check",
	.operands = "",
	.purpose = "Check whether the store is whole.",
	.options = options,
};

static int print(const struct tool *tool, const struct verification *verification)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		buffer_append_string(&text, "{");
		verify_append_json(&text, verification);
		buffer_append_string(&text, "}");
		return output_json(tool, &text);
	}
	verify_append_counts(&text, verification);
	buffer_print(&text, ": %s\n", verification->good ? "no problems" : "not whole");
	return output_text(tool, &text);
}

static int check(const struct tool *tool, const char *home)
{
	_cleanup_(verification_release) struct verification verification = { 0 };
	int status = verify_store(tool->command, home, &verification);

	if (status != TOOL_DONE)
		return status;
	verify_complain(tool->command, &verification);
	status = print(tool, &verification);
	return verification.good ? status : TOOL_FAILED;
}

/* The copy is looked at where the store has made it. */
static int check_copy(struct tool *tool)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	int status;

	buffer_print(&path, "%s/%s", tool->config->store.home, HOME_BACKUP);
	if (!buffer_string(&path))
		return output_text(tool, &path); /* which says why */
	status = copy_begin(tool);
	if (status != TOOL_DONE)
		return status;
	status = check(tool, path.data);
	return tool_gravest(status, copy_end(tool));
}

int check_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&check_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (arguments.home) {
		tool = (struct tool){ .command = &check_command, .json = arguments.common.json };
		return check(&tool, arguments.home);
	}
	result = tool_open(&tool, &check_command, &arguments.common);
	return result == TOOL_DONE ? check_copy(&tool) : result;
}
