/*
 * tidings connections: who is connected to the push daemon. They are asked for and printed page
 * by page, so that the memory taken does not grow with how many there are; who comes or goes
 * meanwhile may be among them or not.
 */
#include "cli/output.h"
#include "cli/push.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "lib/quantity.h"

#include <inttypes.h>

enum { PAGE = 1000 /* the most that the push daemon gives at a time */ };

struct arguments {
	struct tool_options common;
};

static const struct option_spec options[] = { TOOL_OPTIONS(struct arguments) };

const struct command_spec connections_command = {
	.name = "tidings connections",
	.operands = "[USER]",
	.purpose = "List who is connected.",
	.options = options,
	.min_operands = 0,
	.max_operands = 1,
};

static void format_request(struct buffer *to, const char *user, uint64_t after)
{
	buffer_print(to, "{\"command\":\"connections\",\"limit\":%d", PAGE);
	if (after > 0)
		buffer_print(to, ",\"after\":%" PRIu64, after);
	if (user) {
		buffer_append_string(to, ",\"user\":");
		json_append_string(to, slice_of(user));
	}
	buffer_append_string(to, "}");
}

static struct json_object *element_at(const struct control_answer *page, size_t i)
{
	struct json_object *list = json_object_object_get(page->json, "connections");

	return json_object_is_type(list, json_type_array) ? json_object_array_get_idx(list, i)
							  : NULL;
}

/* An object a line, as the push daemon has it. */
static int print_lines(const struct tool *tool, const struct control_answer *page)
{
	struct json_object *connection;
	int status = TOOL_DONE;

	for (size_t i = 0; status == TOOL_DONE && (connection = element_at(page, i)); i++) {
		_cleanup_(buffer_release) struct buffer line = { 0 };

		buffer_append_string(&line,
			json_object_to_json_string_ext(connection,
				JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		status = output_json(tool, &line);
	}
	return status;
}

static void add_text(struct table *table, struct json_object *connection, const char *name)
{
	table_add(table, json_string(json_object_object_get(connection, name)), STYLE_PLAIN);
}

/* For people in the unit that suits, for programs as it is. */
static void add_quantity(struct table *table, const struct terminal *terminal,
	struct json_object *connection, const char *name,
	void (*quantity)(struct buffer *to, uint64_t number))
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int64_t number = json_object_get_int64(json_object_object_get(connection, name));

	if (terminal->present)
		quantity(&text, (uint64_t)number);
	else
		buffer_append_decimal(&text, (uint64_t)number);
	table_add(table, buffer_slice(&text), STYLE_PLAIN);
}

/* The column that varies most stands last, so that the pages have the same columns. */
static int print_table(const struct tool *tool, const struct control_answer *page, bool heading)
{
	static const struct table_column columns[] = {
		{ .heading = "KIND     " }, /* as wide as its longest */
		{ .heading = "       AGE", .right = true },
		{ .heading = "   QUEUE", .right = true },
		{ .heading = "ADDRESS        " },
		{ .heading = "USER", .flexible = true },
	};
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);
	struct json_object *connection;
	const char *end;

	for (size_t i = 0; (connection = element_at(page, i)); i++) {
		add_text(&table, connection, "kind");
		add_quantity(&table, &terminal, connection, "age", quantity_seconds);
		add_quantity(&table, &terminal, connection, "queue", quantity_bytes);
		add_text(&table, connection, "address");
		add_text(&table, connection, "user");
	}
	table_format(&text, &table, &terminal);
	end = heading || text.len == 0 ? NULL : memchr(text.data, '\n', text.len);
	if (end)
		buffer_consume(&text, (size_t)(end - text.data) + 1);
	return output_text(tool, &text);
}

/* Whether there is another page; *after becomes where it begins. */
static bool next_page(const struct control_answer *page, uint64_t *after)
{
	uint64_t next;

	if (control_number(page, "next", &next) < 0 || next <= *after)
		return false;
	*after = next;
	return true;
}

static int list(struct tool *tool, const char *user)
{
	uint64_t after = 0;
	bool first = true, more = true;
	int status = TOOL_DONE;

	while (status == TOOL_DONE && more) {
		_cleanup_(control_answer_release) struct control_answer page = { 0 };
		_cleanup_(buffer_release) struct buffer request = { 0 };

		format_request(&request, user, after);
		status = push_call(tool, user, buffer_slice(&request), &page);
		if (status == TOOL_DONE)
			status = tool->json ? print_lines(tool, &page)
					    : print_table(tool, &page, first);
		more = status == TOOL_DONE && next_page(&page, &after);
		first = false;
	}
	return status;
}

int connections_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&connections_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (operands > 0 && !tool_check_user(&connections_command, argv[1]))
		return TOOL_USAGE;
	result = tool_open(&tool, &connections_command, &arguments.common);
	return result == TOOL_DONE ? list(&tool, operands > 0 ? argv[1] : NULL) : result;
}
