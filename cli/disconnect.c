/*
 * tidings disconnect: ends connections to the push daemon. Programs come back with the token
 * that they have, unless it is revoked.
 *
 * The connections are closed first, and counted, and only then tokens are revoked. The other
 * way round the push daemon would hear of the revocation from the log and close them before
 * they are counted. Whoever comes back in between is closed by that, so there is no gap. And
 * who wants tokens revoked gets that whether the push daemon can be reached or not: it refuses
 * them, and closes what is open, as soon as it reads on.
 */
#include "cli/confirm.h"
#include "cli/output.h"
#include "cli/push.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "lib/json.h"

#include <inttypes.h>

struct arguments {
	bool all;
	bool revoke;
	bool yes;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "all",
		.letter = 'a',
		.help = "end the connections of all users",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, all) },
	{ .name = "revoke",
		.letter = 'r',
		.help = "refuse every token of the user that was issued until now",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, revoke) },
	{ .name = "yes",
		.letter = 'y',
		.help = "do not ask, with --all",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, yes) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec disconnect_command = {
	.name = "tidings disconnect",
	.operands = "USER | --all",
	.purpose = "End a user's connections.",
	.options = options,
	.min_operands = 0,
	.max_operands = 1,
};

/* What was done. */
struct outcome {
	const char *user; /* NULL = all */
	bool counted;
	uint64_t count; /* connections that were closed */
	bool revoked;
};

static void format_json(struct buffer *to, const struct outcome *outcome)
{
	buffer_append_string(to, "{");
	if (outcome->user) {
		buffer_append_string(to, "\"userId\":");
		json_append_string(to, slice_of(outcome->user));
		buffer_print(to, ",\"revoked\":%s,", outcome->revoked ? "true" : "false");
	}
	buffer_append_string(to, "\"count\":");
	if (outcome->counted)
		buffer_append_decimal(to, outcome->count);
	else
		buffer_append_string(to, "null");
	buffer_append_string(to, "}");
}

static void format_text(struct buffer *to, const struct outcome *outcome)
{
	text_append(to, slice_of(outcome->user ? outcome->user : "all users"), TEXT_UNCUT);
	if (outcome->counted)
		buffer_print(to, ": %" PRIu64 " connection%s closed", outcome->count,
			outcome->count == 1 ? "" : "s");
	if (outcome->revoked)
		buffer_print(to, "%s tokens issued until now are refused",
			outcome->counted ? "," : ":");
	buffer_append_string(to, "\n");
}

static int print(const struct tool *tool, const struct outcome *outcome)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		format_json(&text, outcome);
		return output_json(tool, &text);
	}
	format_text(&text, outcome);
	return output_text(tool, &text);
}

static int revoke_tokens(struct tool *tool, const char *user)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_REVOKE, .user = slice_of(user) };

	return tool_call(tool, user, &request, &answer);
}

static int disconnect(struct tool *tool, const struct arguments *arguments, const char *user)
{
	struct outcome outcome = { .user = user };
	int status = push_disconnect(tool, user, &outcome.count);

	outcome.counted = status == TOOL_DONE;
	if (arguments->revoke) {
		status = revoke_tokens(tool, user);
		outcome.revoked = status == TOOL_DONE;
	}
	return status == TOOL_DONE ? print(tool, &outcome) : status;
}

static int check(const struct arguments *arguments, const char *user)
{
	if (arguments->all && user)
		return tool_refuse(&disconnect_command, "give either a USER or --all");
	if (!arguments->all && !user)
		return tool_refuse(&disconnect_command, "give a USER, or --all");
	if (arguments->all && arguments->revoke)
		return tool_refuse(&disconnect_command, "--revoke takes a USER");
	if (user && !tool_check_user(&disconnect_command, user))
		return TOOL_USAGE;
	return arguments->all && !arguments->yes ? confirm_possible(&disconnect_command)
						 : TOOL_DONE;
}

int disconnect_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	const char *user;
	int operands;
	int result = options_parse(&disconnect_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	user = operands > 0 ? argv[1] : NULL;
	result = check(&arguments, user);
	if (result == TOOL_DONE)
		result = tool_open(&tool, &disconnect_command, &arguments.common);
	if (result == TOOL_DONE && arguments.all && !arguments.yes)
		result = confirm(&disconnect_command, "End the connections of all users?");
	return result == TOOL_DONE ? disconnect(&tool, &arguments, user) : result;
}
