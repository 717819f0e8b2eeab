/*
 * What the subcommands share, see tool.h.
 *
 * All that is said on stderr goes through one function, which makes it
 * printable: names and messages come from files, arguments and the store, and
 * must not be able to steer a terminal.
 */
#include "cli/tool.h"
#include "cli/text.h"

#include <errno.h>
#include <inttypes.h>

enum { CALL_TIMEOUT = 10000 /* milliseconds */ };

int tool_usage(int result)
{
	return result == OPTIONS_HELP ? TOOL_DONE : TOOL_USAGE;
}

static void complain(const struct command_spec *command, const char *format, va_list values)
{
	_cleanup_(buffer_release) struct buffer printable = { 0 };
	_cleanup_(freeing_memory) char *sentence = NULL;

	if (vasprintf(&sentence, format, values) < 0) {
		sentence = NULL;
		return;
	}
	text_append(&printable, slice_of(sentence), TEXT_UNCUT);
	fprintf(stderr, "%s: %.*s\n", command->name, (int)printable.len,
		printable.len > 0 ? printable.data : "");
}

void tool_complain(const struct command_spec *command, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	complain(command, format, values);
	va_end(values);
}

int tool_refuse(const struct command_spec *command, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	complain(command, format, values);
	va_end(values);
	return TOOL_USAGE;
}

void tool_complain_problems(const struct command_spec *command, const struct problems *problems,
	uint64_t line)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->list[i];
		char place[32] = "";

		if (line > 0)
			snprintf(place, sizeof(place), "line %" PRIu64 ": ", line);
		tool_complain(command, "%s%s%s%s", place, problem->field,
			*problem->field ? ": " : "", problem->sentence);
	}
}

int tool_refuse_problems(const struct command_spec *command, const struct problems *problems)
{
	tool_complain_problems(command, problems, 0);
	return TOOL_USAGE;
}

/* Each line of what config_load() found, errors and warnings alike. */
static void complain_lines(const struct command_spec *command, struct slice lines)
{
	struct slice line;

	while (slice_take_line(&lines, &line))
		tool_complain(command, "%.*s", (int)line.len, line.data);
}

int tool_open(struct tool *tool, const struct command_spec *command,
	const struct tool_options *options)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	const char *path = config_path(options->config);
	int result;

	*tool = (struct tool){ .command = command, .json = options->json };
	result = config_load(path, &tool->config, &problems);
	complain_lines(command, buffer_slice(&problems));
	if (result < 0 && problems.len == 0)
		tool_complain(command, "%s: %s", path, strerror(-result));
	if (result != 0)
		return TOOL_FAILED;

	result = inbox_new(tool->config, &tool->inbox);
	if (result < 0) {
		tool_complain(command, "%s", strerror(-result));
		return TOOL_FAILED;
	}
	return TOOL_DONE;
}

void tool_close(struct tool *tool)
{
	tool->inbox = tool->inbox ? inbox_free(tool->inbox) : NULL;
	tool->config = tool->config ? config_free(tool->config) : NULL;
}

static const struct {
	const char *sentence;
	int status;
} refusals[INBOX_STATUSES] = {
	[INBOX_NOT_FOUND] = { "there is no such notification", TOOL_FAILED },
	[INBOX_FORBIDDEN] = { "the store does not allow that to this user; members of the group "
			      "tidings may do everything",
		TOOL_FAILED },
	[INBOX_INVALID] = { "the store found the request invalid", TOOL_FAILED },
	[INBOX_STORAGE_FULL] = { "the store's disk is full", TOOL_TRY_AGAIN },
	[INBOX_BUSY] = { "the store is busy", TOOL_TRY_AGAIN },
	[INBOX_FAILED] = { "the store could not do it; its log says why", TOOL_FAILED },
	[INBOX_REVOKED] = { "the token of the caller was revoked", TOOL_FAILED },
	[INBOX_CONFLICT] = { "this key was used within the last day, for something else",
		TOOL_FAILED },
	[INBOX_TOO_MANY] = { "there are as many broadcasts as there may be; withdraw some",
		TOOL_FAILED },
};

/* What is unknown when a broken connection has left it undecided; the others may be done twice. */
static const char *const undecided[INBOX_OPERATIONS] = {
	[INBOX_CREATE] = "whether it was stored",
	[INBOX_BROADCAST] = "whether it was stored",
	[INBOX_IMPORT] = "whether they were stored",
	[INBOX_WITHDRAW] = "whether it was withdrawn",
	[INBOX_WITHDRAW_BROADCAST] = "whether it was withdrawn",
};

static bool outcome_unknown(enum inbox_operation operation, int result)
{
	return undecided[operation] &&
	       (result == -ENOTCONN || result == -ETIMEDOUT || result == -ECANCELED);
}

int tool_unreachable(int result)
{
	static const int temporary[] = { ENOENT, ECONNREFUSED, ENOTCONN, ECONNRESET, EPIPE,
		ETIMEDOUT, EAGAIN, ECANCELED };

	for (size_t i = 0; i < ARRAY_LENGTH(temporary); i++)
		if (result == -temporary[i])
			return TOOL_TRY_AGAIN;
	return TOOL_FAILED;
}

int tool_explain(const struct tool *tool, enum inbox_operation operation, int result,
	struct buffer *sentence)
{
	if (result == -EBUSY) /* so many connections that it takes no further one */
		result = INBOX_BUSY;
	if (result > 0 && result < INBOX_STATUSES) {
		buffer_append_string(sentence, refusals[result].sentence);
		return refusals[result].status;
	}
	if (outcome_unknown(operation, result)) {
		buffer_print(sentence, "the store did not answer: %s is not known",
			undecided[operation]);
		return TOOL_FAILED;
	}
	buffer_print(sentence, "cannot reach the store at %s: %s", tool->config->store.socket,
		strerror(result < 0 ? -result : EPROTO));
	if (result == -EACCES || result == -EPERM)
		buffer_append_string(sentence,
			"; members of the group tidings have access, and those "
			"of tidings-publish may send");
	return tool_unreachable(result);
}

int tool_fail(struct tool *tool, const char *subject, enum inbox_operation operation, int result)
{
	_cleanup_(buffer_release) struct buffer sentence = { 0 };
	int status = tool_explain(tool, operation, result, &sentence);

	tool_complain(tool->command, "%s%s%.*s", subject ? subject : "", subject ? ": " : "",
		(int)sentence.len, sentence.data ? sentence.data : "");
	return status;
}

int tool_call(struct tool *tool, const char *subject, const struct inbox_request *request,
	struct inbox_answer *ret_answer)
{
	int result = inbox_call(tool->inbox, request, CALL_TIMEOUT, ret_answer);
	/* With a key it can be asked for again, as what only reads can */
	enum inbox_operation operation = request->once ? INBOX_GET : request->operation;

	return result == 0 ? TOOL_DONE : tool_fail(tool, subject, operation, result);
}

/* The greeting comes with any answer; a question after an id that there cannot be costs least. */
int tool_greet(struct tool *tool, struct inbox_greeting *ret_greeting)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_GET, .user = SLICE("tidings") };
	int result;

	tool->inbox = inbox_free(tool->inbox);
	result = inbox_new(tool->config, &tool->inbox);
	if (result == 0)
		result = inbox_call(tool->inbox, &request, CALL_TIMEOUT, &answer);
	if (!tool->inbox || !inbox_greeting(tool->inbox))
		return tool_fail(tool, NULL, request.operation, result);
	*ret_greeting = *inbox_greeting(tool->inbox);
	return TOOL_DONE;
}

int tool_gravest(int a, int b)
{
	if (a == TOOL_DONE || b == TOOL_DONE)
		return a == TOOL_DONE ? b : a;
	return a == b ? a : TOOL_FAILED;
}

bool tool_check_user(const struct command_spec *command, const char *user)
{
	if (notification_user_valid(slice_of(user)))
		return true;
	tool_complain(command, "USER must be 1 to %d bytes of UTF-8 without control characters",
		NOTIFICATION_USER_MAX);
	return false;
}
