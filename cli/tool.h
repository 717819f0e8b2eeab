/*
 * What the subcommands of tidings(1) share: the common options, the
 * configuration, the inbox, and how a failure is told and becomes an exit
 * status.
 */
#pragma once

#include "lib/inbox.h"
#include "lib/options.h"

/* Exit statuses. A subcommand that could do only a part ends with the gravest, TOOL_FAILED. */
enum {
	TOOL_DONE = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,	     /* the command line is wrong; nothing was done */
	TOOL_TRY_AGAIN = 75, /* nothing was done; later it may work: EX_TEMPFAIL of sysexits.h */
};

struct tool_options {
	const char *config;
	bool json;
};

/* The last entries of every option table; `type` has a member tool_options `common`. */
/* clang-format off */
#define TOOL_OPTIONS(type)									\
	{ .name = "json",									\
		.help = "print JSON instead of text",						\
		.kind = OPTION_FLAG,								\
		.offset = offsetof(type, common.json) },					\
	{ .name = "config",									\
		.letter = 'c',									\
		.argument = "FILE",								\
		.help = "read this configuration file",						\
		.kind = OPTION_STRING,								\
		.offset = offsetof(type, common.config) },					\
	{ 0 }
/* clang-format on */

struct tool {
	const struct command_spec *command;
	struct config *config;
	struct inbox *inbox;
	bool json;
};

/* The exit status for a result of options_parse() other than 0. */
int tool_usage(int result);

/*
 * Reads the configuration and makes an inbox, which does not connect yet.
 * Returns 0, or the exit status after saying on stderr what is wrong. To be
 * closed in either case.
 */
int tool_open(struct tool *tool, const struct command_spec *command,
	const struct tool_options *options);

void tool_close(struct tool *tool);

/* Prints "NAME: sentence" on stderr, without any control character. */
void tool_complain(const struct command_spec *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, and returns TOOL_USAGE. */
int tool_refuse(const struct command_spec *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Says what is wrong with a notification, one line a problem, each after "line LINE: " if line is not 0. */
void tool_complain_problems(const struct command_spec *command, const struct problems *problems,
	uint64_t line);

/* The same without a line, and returns TOOL_USAGE. */
int tool_refuse_problems(const struct command_spec *command, const struct problems *problems);

/* Why a request was not done: appends a sentence part and returns the exit status. */
int tool_explain(const struct tool *tool, enum inbox_operation operation, int result,
	struct buffer *sentence);

/* Tells that, after "SUBJECT: " unless subject is NULL, and returns the exit status. */
int tool_fail(struct tool *tool, const char *subject, enum inbox_operation operation, int result);

/* inbox_call(); a failure is told. Returns an exit status. */
int tool_call(struct tool *tool, const char *subject, const struct inbox_request *request,
	struct inbox_answer *ret_answer);

/*
 * What the store says of itself, of a fresh connection. Returns an exit status;
 * a failure is told.
 */
int tool_greet(struct tool *tool, struct inbox_greeting *ret_greeting);

/* The exit status for a program that cannot be reached, for this -errno of its connection. */
int tool_unreachable(int result);

/* The exit status of a run whose parts ended with a and b. */
int tool_gravest(int a, int b);

/* Whether this may be a user's name; if not, says so. */
bool tool_check_user(const struct command_spec *command, const char *user);
