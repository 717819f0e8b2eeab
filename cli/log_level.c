/* tidings log-level: how much the push daemon logs, told or set while it runs. */
#include "cli/output.h"
#include "cli/push.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "lib/log.h"

struct arguments {
	struct tool_options common;
};

static const struct option_spec options[] = { TOOL_OPTIONS(struct arguments) };

const struct command_spec log_level_command = {
	.name = "tidings log-level",
	.operands = "[LEVEL]",
	.purpose = "Print, or set, how much the push daemon logs.",
	.options = options,
	.min_operands = 0,
	.max_operands = 1,
};

static int print(const struct tool *tool, const struct control_answer *answer)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json)
		return output_json(tool, &answer->text);
	text_append(&text, json_string(json_object_object_get(answer->json, "level")), TEXT_UNCUT);
	buffer_append_string(&text, "\n");
	return output_text(tool, &text);
}

int log_level_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer request = { 0 };
	struct arguments arguments = { 0 };
	enum log_level level;
	int operands;
	int result = options_parse(&log_level_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (operands > 0 && log_level_parse(argv[1], &level) < 0)
		return tool_refuse(&log_level_command,
			"LEVEL must be error, warning, info or debug");
	result = tool_open(&tool, &log_level_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	buffer_append_string(&request, "{\"command\":\"log-level\"");
	if (operands > 0)
		buffer_print(&request, ",\"level\":\"%s\"", argv[1]);
	buffer_append_string(&request, "}");
	result = push_call(&tool, NULL, buffer_slice(&request), &answer);
	return result == TOOL_DONE ? print(&tool, &answer) : result;
}
