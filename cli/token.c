/*
 * tidings token: a signed token for a user, made with the key of the
 * configuration. Whoever may read that key may speak for everyone, so this needs
 * no more right than that, and no running store.
 */
#include "cli/duration.h"
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/token_verify.h"
#include "lib/json.h"
#include "lib/timestamp.h"
#include "lib/token.h"

enum { LIFE_DEFAULT = 3600 /* seconds */ };

struct arguments {
	bool verify;
	const char *role;
	const char *scope;
	const char *kid;
	const char *expires_in;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "verify",
		.letter = 'v',
		.help = "tell whether a token is good, and why not; - reads it",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, verify) },
	{ .name = "role",
		.letter = 'r',
		.argument = "ROLE",
		.help = "give this role, as \"service\" or \"admin\"",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, role) },
	{ .name = "scope",
		.argument = "SCOPE",
		.help = "give this scope, as \"notifications:write\"",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, scope) },
	{ .name = "expires-in",
		.letter = 'e',
		.argument = "TIME",
		.help = "valid for so long: 90s, 15m, 1h, 7d, 2w (1h)",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, expires_in) },
	{ .name = "kid",
		.letter = 'k',
		.argument = "KID",
		.help = "sign with this one of several keys",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, kid) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec token_command = {
	.name = "tidings token",
	.operands = "USER | --verify [TOKEN | -]",
	.purpose = "Make a signed token for a user, or verify one.",
	.options = options,
	.min_operands = 0,
	.max_operands = 1,
};

static int print(const struct tool *tool, const char *token, int64_t expires)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char time[TIMESTAMP_SIZE];

	if (!tool->json) {
		buffer_print(&text, "%s\n", token);
		return output_text(tool, &text);
	}
	timestamp_format(expires * 1000, time);
	buffer_append_string(&text, "{\"token\":");
	json_append_string(&text, slice_of(token));
	buffer_print(&text, ",\"expiresAt\":\"%s\"}", time);
	return output_json(tool, &text);
}

static int sign(const struct tool *tool, const char *user, const struct arguments *arguments,
	int64_t seconds)
{
	_cleanup_(freeing_memory) char *token = NULL;
	_cleanup_(freeing_memory) char *problem = NULL;
	int64_t now = timestamp_now() / 1000;
	struct token_claims claims = { .user = user,
		.role = arguments->role,
		.scope = arguments->scope,
		.kid = arguments->kid,
		.issued = now,
		.expires = now + seconds };
	int result = token_sign(tool->config, &claims, &token, &problem);

	if (result < 0) {
		tool_complain(tool->command, "%s", problem ? problem : strerror(-result));
		return TOOL_FAILED;
	}
	return print(tool, token, claims.expires);
}

static int verify(const struct arguments *arguments, const char *token)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	int result;

	if (arguments->role || arguments->scope || arguments->kid || arguments->expires_in)
		return tool_refuse(&token_command, "--verify goes with no option for a new token");
	result = tool_open(&tool, &token_command, &arguments->common);
	return result == TOOL_DONE ? token_verify_run(&tool, token) : result;
}

int token_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	int64_t seconds = LIFE_DEFAULT;
	int operands;
	int result = options_parse(&token_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (arguments.verify)
		return verify(&arguments, operands > 0 ? argv[1] : NULL);
	if (operands == 0)
		return tool_refuse(&token_command, "give the name of a user");
	if (!tool_check_user(&token_command, argv[1]))
		return TOOL_USAGE;
	if (arguments.expires_in && duration_parse(slice_of(arguments.expires_in), &seconds) < 0)
		return tool_refuse(&token_command,
			"--expires-in must be a number and s, m, h, d or w, at most ten years");
	result = tool_open(&tool, &token_command, &arguments.common);
	return result == TOOL_DONE ? sign(&tool, argv[1], &arguments, seconds) : result;
}
