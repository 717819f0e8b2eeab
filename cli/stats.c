/*
 * tidings stats: what the push daemon and the store have counted. Where one of them cannot be
 * reached the other is told all the same; a push daemon without a control socket is left out.
 * As JSON it is the answer of GET /stats in the REST interface. With --watch all of it is asked
 * for again and again: on a terminal the same place shows the newest, and how much each number
 * grows in a second; elsewhere they follow one another.
 */
#include "cli/figures.h"
#include "cli/output.h"
#include "cli/push.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "lib/clock.h"
#include "lib/stats.h"

#include <poll.h>

enum { EVERY_DEFAULT = 2, EVERY_MAX = 3600 };

struct arguments {
	bool watch;
	long every; /* seconds */
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "watch",
		.letter = 'w',
		.help = "go on, and tell what a second brings",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, watch) },
	{ .name = "every",
		.letter = 'e',
		.argument = "SECONDS",
		.help = "with --watch: ask so often (2)",
		.kind = OPTION_NUMBER,
		.offset = offsetof(struct arguments, every),
		.min = 1,
		.max = EVERY_MAX },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec stats_command = {
	.name = "tidings stats",
	.operands = "",
	.purpose = "Print what the push daemon and the store have counted.",
	.options = options,
	.min_operands = 0,
	.max_operands = 0,
};

/* What was found out; empty where it could not be. */
struct statistics {
	struct stats told;
	struct json_object *store;
	int64_t time; /* of clock_ms() */
	int status;   /* the exit status so far */
};

static void statistics_release(struct statistics *statistics)
{
	stats_release(&statistics->told);
	json_object_put(statistics->store);
}

static void ask(struct tool *tool, struct statistics *statistics)
{
	struct inbox_request request = { .operation = INBOX_STATISTICS };
	struct inbox_answer answer;
	int status;

	statistics->time = clock_ms();
	if (*tool->config->push.control)
		statistics->status = push_call(tool, NULL, STATS_COMMAND, &statistics->told.push);
	status = tool_call(tool, NULL, &request, &answer);
	if (status == TOOL_DONE && stats_take_store(&statistics->told, &answer) == 0)
		(void)json_parse(statistics->told.store, &statistics->store);
	statistics->status = tool_gravest(statistics->status, status);
}

static bool found_nothing(const struct statistics *statistics)
{
	return !statistics->told.push.json && statistics->told.store.len == 0;
}

/* ---- printing ---- */

/* `before` is NULL where there was none, and then there are no rates. */
static void append_table(struct buffer *to, const char *heading, struct json_object *object,
	struct json_object *before, int64_t elapsed)
{
	const struct table_column columns[] = { { .heading = heading },
		{ .heading = "VALUE", .flexible = true },
		{ .heading = "A SECOND", .right = true } };
	double seconds = before ? (double)elapsed / 1000 : 0;
	_cleanup_(table_release) struct table table = table_of(columns, seconds > 0 ? 3 : 2);
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	if (!object)
		return;
	if (to->len > 0)
		buffer_append_string(to, "\n");
	figures_add_rates(&table, object, before, seconds);
	table_format(to, &table, &terminal);
}

static int print_json(const struct tool *tool, const struct statistics *statistics)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	stats_format(&text, &statistics->told);
	return output_json(tool, &text);
}

static int print(const struct tool *tool, const struct statistics *statistics,
	const struct statistics *before, const char *first)
{
	_cleanup_(buffer_release) struct buffer text = { 0 }, whole = { 0 };
	int64_t elapsed = statistics->time - before->time;

	if (found_nothing(statistics))
		return TOOL_DONE;
	if (tool->json)
		return print_json(tool, statistics);
	append_table(&text, "PUSH DAEMON", statistics->told.push.json, before->told.push.json, elapsed);
	append_table(&text, "STORE", statistics->store, before->store, elapsed);
	buffer_append_string(&whole, first);
	buffer_append_slice(&whole, buffer_slice(&text));
	return output_text(tool, &whole);
}

/* ---- watching ---- */

/* Until a signal ends the program, or nobody reads what it prints. */
static int watch(struct tool *tool, long every)
{
	static const char clear_screen[] = "\033[H\033[2J";
	bool redraws = terminal_of(STDOUT_FILENO).present && !tool->json;
	struct statistics before = { 0 };
	int status = TOOL_DONE;

	while (status == TOOL_DONE) {
		struct statistics now = { 0 };

		ask(tool, &now);
		status = print(tool, &now, &before, redraws ? clear_screen : "");
		fflush(stdout);
		if (ferror(stdout))
			status = TOOL_FAILED;
		statistics_release(&before);
		before = now;
		if (status == TOOL_DONE)
			poll(NULL, 0, (int)every * 1000);
	}
	statistics_release(&before);
	return status;
}

static int print_once(struct tool *tool)
{
	_cleanup_(statistics_release) struct statistics statistics = { 0 };
	const struct statistics none = { 0 };

	ask(tool, &statistics);
	return tool_gravest(statistics.status, print(tool, &statistics, &none, ""));
}

int stats_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&stats_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (arguments.every && !arguments.watch)
		return tool_refuse(&stats_command, "--every goes with --watch");
	result = tool_open(&tool, &stats_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;
	return arguments.watch ? watch(&tool, arguments.every ? arguments.every : EVERY_DEFAULT)
			       : print_once(&tool);
}
