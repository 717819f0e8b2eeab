/*
 * tidings list: one page of a user's notifications, newest first. As JSON it is
 * the answer of GET / in the REST interface.
 */
#include "cli/duration.h"
#include "cli/filter.h"
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "lib/timestamp.h"

#include <inttypes.h>

enum { LIMIT_DEFAULT = 50 };

struct arguments {
	long limit;
	long offset;
	const char *cursor;
	bool unread;
	struct filter_options filter;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "limit",
		.letter = 'n',
		.argument = "NUMBER",
		.help = "list at most so many, 1 to 100 (50)",
		.kind = OPTION_NUMBER,
		.offset = offsetof(struct arguments, limit),
		.min = 1,
		.max = INBOX_LIMIT_MAX },
	{ .name = "offset",
		.argument = "NUMBER",
		.help = "leave out so many of the newest, up to 10000",
		.kind = OPTION_NUMBER,
		.offset = offsetof(struct arguments, offset),
		.min = 0,
		.max = INBOX_OFFSET_MAX },
	{ .name = "cursor",
		.argument = "ID",
		.help = "go on behind a page, as that page told",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, cursor) },
	{ .name = "unread",
		.letter = 'u',
		.help = "only those not read",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, unread) },
	FILTER_OPTIONS(struct arguments),
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec list_command = {
	.name = "tidings list",
	.operands = "USER",
	.purpose = "List a user's notifications, newest first.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

static int set_cursor(const struct arguments *arguments, struct inbox_query *query)
{
	if (!arguments->cursor)
		return TOOL_DONE;
	if (arguments->offset > 0)
		return tool_refuse(&list_command, "give either --cursor or --offset");
	if (uuid_parse(slice_of(arguments->cursor), &query->cursor) < 0)
		return tool_refuse(&list_command, "--cursor must be an id");
	query->from_cursor = true;
	return TOOL_DONE;
}

static int set_query(const struct arguments *arguments, struct inbox_query *query)
{
	struct filter filter;
	int status = filter_parse(&list_command, &arguments->filter, &filter);

	if (status != TOOL_DONE)
		return status;
	*query = (struct inbox_query){ .limit = (unsigned)arguments->limit,
		.offset = (unsigned)arguments->offset,
		.unread = arguments->unread,
		.type = filter.type,
		.category = filter.category };
	return set_cursor(arguments, query);
}

static int print_json(const struct tool *tool, struct inbox_answer *answer)
{
	_cleanup_(buffer_release) struct buffer page = { 0 };
	struct notification notification;
	const char *separator = "";
	char cursor[UUID_SIZE];

	buffer_append_string(&page, "{\"notifications\":[");
	while (inbox_next_notification(answer, &notification)) {
		buffer_append_string(&page, separator);
		notification_format(&page, &notification);
		separator = ",";
	}
	buffer_print(&page, "],\"total\":%" PRIu64 ",", answer->counts.total);
	output_counts(&page, &answer->counts);
	if (answer->more) {
		uuid_format(&answer->next, cursor);
		buffer_print(&page, ",\"nextCursor\":\"%s\"", cursor);
	}
	buffer_append_string(&page, "}");
	return output_json(tool, &page);
}

static void add_time(struct table *table, const struct terminal *terminal, int64_t time)
{
	char ago[DURATION_TEXT_SIZE];
	char text[TIMESTAMP_SIZE];

	if (terminal->present)
		duration_ago(timestamp_now(), time, ago);
	else
		timestamp_format(time, text);
	table_add(table, slice_of(terminal->present ? ago : text), STYLE_PLAIN);
}

static void add_row(struct table *table, const struct terminal *terminal,
	const struct notification *notification)
{
	static const enum style type_styles[NOTIFICATION_TYPES] = {
		[NOTIFICATION_INFO] = STYLE_PLAIN,
		[NOTIFICATION_SUCCESS] = STYLE_GOOD,
		[NOTIFICATION_WARNING] = STYLE_WARNING,
		[NOTIFICATION_ERROR] = STYLE_BAD,
	};
	_cleanup_(buffer_release) struct buffer headline = { 0 };
	bool unread = notification->read == 0;
	char id[UUID_SIZE];

	uuid_format(&notification->id, id);
	table_add(table, slice_of(id), STYLE_PLAIN);
	add_time(table, terminal, notification->created);
	table_add(table, slice_of(unread ? "unread" : "read"), STYLE_PLAIN);
	table_add(table, slice_of(notification_type_name(notification->type)),
		type_styles[notification->type]);
	output_notification_headline(&headline, notification);
	table_add(table, buffer_slice(&headline), unread ? STYLE_STRONG : STYLE_PLAIN);
}

/* On a terminal below the table; elsewhere only that there is more, and not among the rows. */
static void print_summary(const struct terminal *terminal, const struct inbox_answer *answer)
{
	char cursor[UUID_SIZE];

	if (terminal->present)
		printf("%" PRIu64 " in all, %" PRIu64 " unread, %" PRIu64 " unseen\n",
			answer->counts.total, answer->counts.unread, answer->counts.unseen);
	if (answer->more) {
		uuid_format(&answer->next, cursor);
		fprintf(terminal->present ? stdout : stderr, "There are more: --cursor %s\n",
			cursor);
	}
}

static int print_table(const struct tool *tool, struct inbox_answer *answer)
{
	static const struct table_column columns[] = {
		{ .heading = "ID" },
		{ .heading = "CREATED" },
		{ .heading = "STATE" },
		{ .heading = "TYPE" },
		{ .heading = "NOTIFICATION", .flexible = true },
	};
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);
	struct notification notification;
	int status;

	while (inbox_next_notification(answer, &notification))
		add_row(&table, &terminal, &notification);
	table_format(&text, &table, &terminal);
	status = output_text(tool, &text);
	print_summary(&terminal, answer);
	return status;
}

int list_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct arguments arguments = { .limit = LIMIT_DEFAULT };
	struct inbox_request request = { .operation = INBOX_LIST };
	int operands;
	int result = options_parse(&list_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!tool_check_user(&list_command, argv[1]))
		return TOOL_USAGE;
	result = set_query(&arguments, &request.query);
	if (result == TOOL_DONE)
		result = tool_open(&tool, &list_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	request.user = slice_of(argv[1]);
	result = tool_call(&tool, NULL, &request, &answer);
	if (result != TOOL_DONE)
		return result;
	return tool.json ? print_json(&tool, &answer) : print_table(&tool, &answer);
}
