/*
 * tidings config check: whether the configuration can be used, with all that is wrong in it at
 * once. It reads the configuration alone; what that leads to is for the doctor.
 */
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "lib/json.h"

struct arguments {
	struct tool_options common;
};

static const struct option_spec options[] = { TOOL_OPTIONS(struct arguments) };

const struct command_spec config_command = {
	.name = "tidings config",
	.operands = "check",
	.purpose = "Tell all that is wrong in the configuration.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

/* A name and what stands in a file need not be UTF-8, as JSON has to be. */
static void append_string(struct buffer *to, struct slice text)
{
	_cleanup_(buffer_release) struct buffer printable = { 0 };

	text_append(&printable, text, TEXT_UNCUT);
	json_append_string(to, buffer_slice(&printable));
}

static void append_json(struct buffer *to, const char *path, bool good, struct slice lines)
{
	const char *between = "";
	struct slice line;

	buffer_append_string(to, "{\"file\":");
	append_string(to, slice_of(path));
	buffer_print(to, ",\"ok\":%s,\"problems\":[", good ? "true" : "false");
	while (slice_take_line(&lines, &line)) {
		buffer_append_string(to, between);
		append_string(to, line);
		between = ",";
	}
	buffer_append_string(to, "]}");
}

static void append_text(struct buffer *to, const char *path, bool good, struct slice lines)
{
	struct slice line;

	while (slice_take_line(&lines, &line)) {
		text_append(to, line, TEXT_UNCUT);
		buffer_append_string(to, "\n");
	}
	if (good) {
		text_append(to, slice_of(path), TEXT_UNCUT);
		buffer_append_string(to, " can be used\n");
	}
}

static int print(const struct tool *tool, const char *path, bool good, struct slice lines)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		append_json(&text, path, good, lines);
		return output_json(tool, &text);
	}
	append_text(&text, path, good, lines);
	return output_text(tool, &text);
}

static int check(const struct tool *tool, const char *path)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	int result = config_load(path, &config, &problems);
	int status;

	if (result < 0 && problems.len == 0) {
		tool_complain(tool->command, "%s: %s", path, strerror(-result));
		return TOOL_FAILED;
	}
	status = print(tool, path, result == 0, buffer_slice(&problems));
	return result == 0 ? status : TOOL_FAILED;
}

int config_run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct tool tool = { .command = &config_command };
	int operands;
	int result = options_parse(&config_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (strcmp(argv[1], "check") != 0)
		return tool_refuse(&config_command, "\"check\" is all that can be done with it");
	tool.json = arguments.common.json;
	return check(&tool, config_path(arguments.common.config));
}
