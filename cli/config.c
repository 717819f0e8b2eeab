/*
 * tidings config check: whether the configuration can be used, with all that is wrong in it at
 * once. It reads the configuration alone; what that leads to is for the doctor.
 */
#include "cli/output.h"
#include "cli/subcommands.h"
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

static void append_json(struct buffer *to, const char *path, bool good, struct slice lines)
{
	const char *between = "";

	buffer_append_string(to, "{\"file\":");
	json_append_string(to, slice_of(path));
	buffer_print(to, ",\"ok\":%s,\"problems\":[", good ? "true" : "false");
	while (lines.len > 0) {
		const char *end = memchr(lines.data, '\n', lines.len);
		size_t len = end ? (size_t)(end - lines.data) : lines.len;

		buffer_append_string(to, between);
		json_append_string(to, (struct slice){ lines.data, len });
		between = ",";
		len += end != NULL;
		lines = (struct slice){ lines.data + len, lines.len - len };
	}
	buffer_append_string(to, "]}");
}

static int print(const struct tool *tool, const char *path, bool good, struct slice lines)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		append_json(&text, path, good, lines);
		return output_json(tool, &text);
	}
	buffer_append_slice(&text, lines);
	if (good)
		buffer_print(&text, "%s can be used\n", path);
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
