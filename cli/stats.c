/*
 * tidings stats: what the push daemon and the store have counted. Where one of them cannot be
 * reached the other is told all the same; a push daemon without a control socket is left out. As JSON it is the answer of GET /stats in the REST
 * interface.
 */
#include "cli/figures.h"
#include "cli/output.h"
#include "cli/push.h"
#include "cli/subcommands.h"
#include "cli/table.h"

struct arguments {
	struct tool_options common;
};

static const struct option_spec options[] = { TOOL_OPTIONS(struct arguments) };

const struct command_spec stats_command = {
	.name = "tidings stats",
	.operands = "",
	.purpose = "Print what the push daemon and the store have counted.",
	.options = options,
	.min_operands = 0,
	.max_operands = 0,
};

static int print_table(const struct tool *tool, const char *heading, struct json_object *object)
{
	const struct table_column columns[] = { { .heading = heading },
		{ .heading = "VALUE", .flexible = true } };
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	figures_add(&table, object);
	table_format(&text, &table, &terminal);
	return output_text(tool, &text);
}

/* What was found out; empty where it could not be. */
struct statistics {
	struct control_answer push;
	struct inbox_answer answer;
	struct slice store;
	int status; /* the exit status so far */
};

static void statistics_release(struct statistics *statistics)
{
	control_answer_release(&statistics->push);
	inbox_answer_release(&statistics->answer);
}

static void ask(struct tool *tool, struct statistics *statistics)
{
	struct inbox_request request = { .operation = INBOX_STATISTICS };
	int status;

	if (*tool->config->push.control)
		statistics->status = push_call(tool, NULL, SLICE("{\"command\":\"statistics\"}"),
			&statistics->push);
	status = tool_call(tool, NULL, &request, &statistics->answer);
	if (status == TOOL_DONE)
		inbox_next_statistics(&statistics->answer, &statistics->store);
	statistics->status = tool_gravest(statistics->status, status);
}

static int print_json(const struct tool *tool, const struct statistics *statistics)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct slice push = buffer_slice(&statistics->push.text);

	buffer_append_string(&text, "{\"version\":\"" PACKAGE_VERSION "\",\"push\":");
	buffer_append_slice(&text, push.len > 0 ? push : SLICE("null"));
	buffer_append_string(&text, ",\"store\":");
	buffer_append_slice(&text, statistics->store.len > 0 ? statistics->store : SLICE("null"));
	buffer_append_string(&text, "}");
	return output_json(tool, &text);
}

static int print_tables(const struct tool *tool, const struct statistics *statistics)
{
	_cleanup_(freeing_json) struct json_object *store = NULL;
	int status = TOOL_DONE;

	if (statistics->push.json)
		status = print_table(tool, "PUSH DAEMON", statistics->push.json);
	if (statistics->push.json && statistics->store.len > 0)
		puts("");
	if (statistics->store.len > 0 && json_parse(statistics->store, &store) == 0)
		status = tool_gravest(status, print_table(tool, "STORE", store));
	return status;
}

int stats_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	_cleanup_(statistics_release) struct statistics statistics = { 0 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&stats_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	result = tool_open(&tool, &stats_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	ask(&tool, &statistics);
	if (!statistics.push.json && statistics.store.len == 0)
		return statistics.status;
	result = tool.json ? print_json(&tool, &statistics) : print_tables(&tool, &statistics);
	return tool_gravest(statistics.status, result);
}
