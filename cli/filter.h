/* Which notifications a subcommand is about, by type and category. */
#pragma once

#include "cli/tool.h"

struct filter_options {
	const char *type, *category; /* NULL = any */
};

/* Entries of an option table; `holder` has a member filter_options `filter`. */
/* clang-format off */
#define FILTER_OPTIONS(holder)									\
	{ .name = "type",									\
		.letter = 't',									\
		.argument = "TYPE",								\
		.help = "only info, success, warning or error",					\
		.kind = OPTION_STRING,								\
		.offset = offsetof(holder, filter.type) },					\
	{ .name = "category",									\
		.argument = "CATEGORY",								\
		.help = "only those of this category",						\
		.kind = OPTION_STRING,								\
		.offset = offsetof(holder, filter.category) }
/* clang-format on */

struct filter {
	int type;	       /* enum notification_type, or INBOX_ANY_TYPE */
	struct slice category; /* empty = any */
};

/* Returns TOOL_DONE, or TOOL_USAGE after saying what is wrong. */
int filter_parse(const struct command_spec *command, const struct filter_options *options,
	struct filter *ret_filter);
