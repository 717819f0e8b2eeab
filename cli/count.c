/* tidings count: the numbers of one user. */
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/table.h"

#include <inttypes.h>

struct arguments {
	struct tool_options common;
};

static const struct option_spec options[] = { TOOL_OPTIONS(struct arguments) };

const struct command_spec count_command = {
	.name = "tidings count",
	.operands = "USER",
	.purpose = "Count a user's notifications.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

static int print_json(const struct tool *tool, const struct counts *counts)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	buffer_print(&line, "{\"total\":%" PRIu64 ",", counts->total);
	output_counts(&line, counts);
	buffer_append_string(&line, "}");
	return output_json(tool, &line);
}

static void add_number(struct table *table, uint64_t number, enum style style)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_append_decimal(&text, number);
	table_add(table, buffer_slice(&text), style);
}

static int print_table(const struct tool *tool, const struct counts *counts)
{
	static const struct table_column columns[] = {
		{ .heading = "UNREAD", .right = true },
		{ .heading = "UNSEEN", .right = true },
		{ .heading = "TOTAL", .right = true },
	};
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	add_number(&table, counts->unread, counts->unread > 0 ? STYLE_STRONG : STYLE_PLAIN);
	add_number(&table, counts->unseen, STYLE_PLAIN);
	add_number(&table, counts->total, STYLE_PLAIN);
	table_format(&text, &table, &terminal);
	return output_text(tool, &text);
}

int count_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct arguments arguments = { 0 };
	struct inbox_request request = { .operation = INBOX_COUNT };
	int operands;
	int result = options_parse(&count_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!tool_check_user(&count_command, argv[1]))
		return TOOL_USAGE;
	result = tool_open(&tool, &count_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	request.user = slice_of(argv[1]);
	result = tool_call(&tool, NULL, &request, &answer);
	if (result != TOOL_DONE)
		return result;
	return tool.json ? print_json(&tool, &answer.counts) : print_table(&tool, &answer.counts);
}
