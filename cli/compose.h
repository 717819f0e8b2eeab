/*
 * One notification, put together on a command line and created: what send and
 * broadcast share.
 */
#pragma once

#include "cli/tool.h"

struct compose_options {
	const char *type;
	const char *link;
	const char *data;
	const char *category;
	const char *expires;
	const char *key;
};

/* Entries of an option table; `holder` has a member compose_options `compose`. */
/* clang-format off */
#define COMPOSE_OPTIONS(holder)									\
	COMPOSE_OPTION(holder, "type", 't', "TYPE",						\
		"info, success, warning or error (info)", compose.type),			\
	COMPOSE_OPTION(holder, "link", 'l', "LINK",						\
		"where a click leads: a URL, or a path on the site", compose.link),		\
	COMPOSE_OPTION(holder, "data", 'd', "JSON",						\
		"a JSON object for the application", compose.data),				\
	COMPOSE_OPTION(holder, "category", 0, "CATEGORY",						\
		"a word that lists can be filtered by", compose.category),			\
	COMPOSE_OPTION(holder, "expires", 'e', "TIME",						\
		"remove it then: 2h, 7d, or a time as RFC 3339 has it", compose.expires),	\
	COMPOSE_OPTION(holder, "key", 'k', "KEY",							\
		"create it only once a day, however often this key is given", compose.key)

#define COMPOSE_OPTION(holder, long_name, short_name, value, text, member)			\
	{ .name = (long_name),									\
		.letter = (short_name),								\
		.argument = (value),								\
		.help = (text),									\
		.kind = OPTION_STRING,								\
		.offset = offsetof(holder, member) }
/* clang-format on */

/*
 * Creates it and prints its id. user is NULL in a broadcast. Returns the exit
 * status after telling what is wrong.
 */
int compose_run(const struct command_spec *command, const struct tool_options *common,
	const char *user, const char *title, const char *message,
	const struct compose_options *options);

/* Whether any of the options was given. */
bool compose_options_given(const struct compose_options *options);
