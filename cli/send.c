/*
 * tidings send: one notification, from the command line. It becomes the JSON
 * object that POST / takes and goes through the same parser, so the rules stand
 * in one place. Many from standard input: send_lines.c.
 */
#include "cli/send.h"
#include "cli/duration.h"
#include "cli/output.h"
#include "cli/subcommands.h"
#include "lib/json.h"
#include "lib/timestamp.h"
#include "lib/utf8.h"

struct arguments {
	const char *type;
	const char *link;
	const char *data;
	const char *category;
	const char *expires;
	bool from_stdin;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "type",
		.letter = 't',
		.argument = "TYPE",
		.help = "info, success, warning or error (info)",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, type) },
	{ .name = "link",
		.letter = 'l',
		.argument = "LINK",
		.help = "where a click leads: a URL, or a path on the site",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, link) },
	{ .name = "data",
		.letter = 'd',
		.argument = "JSON",
		.help = "a JSON object for the application",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, data) },
	{ .name = "category",
		.argument = "CATEGORY",
		.help = "a word that lists can be filtered by",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, category) },
	{ .name = "expires",
		.letter = 'e',
		.argument = "TIME",
		.help = "remove it then: 2h, 7d, or a time as RFC 3339 has it",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, expires) },
	{ .name = "stdin",
		.help = "send many: a JSON object a line; the same as the operand -",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, from_stdin) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec send_command = {
	.name = "tidings send",
	.operands = "USER TITLE MESSAGE | -",
	.purpose = "Send a notification, or many.",
	.options = options,
	.min_operands = 0,
	.max_operands = 3,
};

void send_complain(const struct problems *problems, uint64_t line)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->list[i];
		char place[32] = "";

		if (line > 0)
			snprintf(place, sizeof(place), "line %llu: ", (unsigned long long)line);
		tool_complain(&send_command, "%s%s%s%s", place, problem->field,
			*problem->field ? ": " : "", problem->sentence);
	}
}

static int append_string(struct buffer *to, const char *name, const char *value)
{
	if (!value)
		return TOOL_DONE;
	if (utf8_length(slice_of(value)) == UTF8_INVALID)
		return tool_refuse(&send_command, "%s: must be UTF-8", name);
	buffer_print(to, "%s\"%s\":", to->len > 1 ? "," : "", name);
	json_append_string(to, slice_of(value));
	return TOOL_DONE;
}

/* A length of time from now on; what is none must be a time, which the draft's rules judge. */
static int append_expires(struct buffer *to, const char *value, int64_t now)
{
	char time[TIMESTAMP_SIZE];
	int64_t seconds;

	if (!value || duration_parse(slice_of(value), &seconds) < 0)
		return append_string(to, "expiresAt", value);
	timestamp_format(now + seconds * 1000, time);
	return append_string(to, "expiresAt", time);
}

/* As it was given: a parse and a new print could change its numbers. */
static int append_data(struct buffer *to, const char *value)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	int result;

	if (!value)
		return TOOL_DONE;
	result = json_parse(slice_of(value), &object);
	if (result != 0)
		return tool_refuse(&send_command, "data: %s",
			result > 0 ? json_problem((enum json_error)result) : strerror(-result));
	buffer_append_string(to, ",\"data\":");
	buffer_append_string(to, value);
	return TOOL_DONE;
}

/* The JSON object of the REST interface. */
static int build(struct buffer *to, char **operands, const struct arguments *arguments, int64_t now)
{
	const struct {
		const char *name, *value;
	} members[] = {
		{ "userId", operands[0] },
		{ "type", arguments->type ? arguments->type : "info" },
		{ "title", operands[1] },
		{ "message", operands[2] },
		{ "link", arguments->link },
		{ "category", arguments->category },
	};
	int status = TOOL_DONE;

	buffer_append_string(to, "{");
	for (size_t i = 0; i < ARRAY_LENGTH(members) && status == TOOL_DONE; i++)
		status = append_string(to, members[i].name, members[i].value);
	if (status == TOOL_DONE)
		status = append_expires(to, arguments->expires, now);
	if (status == TOOL_DONE)
		status = append_data(to, arguments->data);
	buffer_append_string(to, "}");
	return status;
}

static int print(struct tool *tool, const struct inbox_answer *answer, const struct draft *draft)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct notification notification = inbox_created(answer, draft, 0);
	char id[UUID_SIZE];

	if (tool->json) {
		notification_format(&text, &notification);
		return output_json(tool, &text);
	}
	uuid_format(&notification.id, id);
	buffer_print(&text, "%s\n", id);
	return output_text(tool, &text);
}

static int send_one(struct tool *tool, struct slice json, int64_t now)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	_cleanup_(draft_release) struct draft draft = { 0 };
	struct problems problems = { 0 };
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
	};
	int result = draft_parse(json, DRAFT_FOR_USER, now, &problems, &draft);

	if (result == DRAFT_INVALID) {
		send_complain(&problems, 0);
		return TOOL_USAGE;
	}
	if (result < 0) {
		tool_complain(tool->command, "%s", strerror(-result));
		return TOOL_FAILED;
	}
	result = tool_call(tool, NULL, &request, &answer);
	return result == TOOL_DONE ? print(tool, &answer, &draft) : result;
}

static int send_operands(char **operands, const struct arguments *arguments)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	_cleanup_(buffer_release) struct buffer json = { 0 };
	int64_t now = timestamp_now();
	int status = build(&json, operands, arguments, now);

	if (status == TOOL_DONE)
		status = tool_open(&tool, &send_command, &arguments->common);
	if (status != TOOL_DONE)
		return status;
	if (buffer_status(&json) < 0) {
		tool_complain(tool.command, "%s", strerror(-buffer_status(&json)));
		return TOOL_FAILED;
	}
	return send_one(&tool, buffer_slice(&json), now);
}

static int send_stdin(const struct arguments *arguments)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	int status;

	if (arguments->type || arguments->link || arguments->data || arguments->category ||
		arguments->expires)
		return tool_refuse(&send_command,
			"each line of standard input says its own type, link, data, category and "
			"expiresAt");
	status = tool_open(&tool, &send_command, &arguments->common);
	return status == TOOL_DONE ? send_lines(&tool) : status;
}

int send_run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&send_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (operands == 1 && strcmp(argv[1], "-") == 0) {
		arguments.from_stdin = true;
		operands = 0;
	}
	if (arguments.from_stdin && operands == 0)
		return send_stdin(&arguments);
	if (arguments.from_stdin || operands != 3)
		return tool_refuse(&send_command, "give USER TITLE MESSAGE, or only -");
	return send_operands(argv + 1, &arguments);
}
