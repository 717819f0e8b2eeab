/*
 * Command lines. The options of a program, or of a subcommand, are declared once,
 * in a table that parses the command line and prints --help.
 *
 *	static const struct option_spec options[] = {
 *		{ "config", 'c', "FILE", "read this configuration file", OPTION_TEXT(offsetof(struct arguments, config)) },
 *		...
 *		{ 0 }
 *	};
 *
 * Every table understands --help and --version by itself. Long options may be
 * written --name=VALUE or --name VALUE; "--" ends them; options and operands mix.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* How an option's value is kept in the arguments struct, at `offset`. */
enum option_kind {
	OPTION_FLAG,   /* bool: set to true */
	OPTION_STRING, /* const char *: points into argv */
	OPTION_NUMBER, /* long: decimal from min to max */
	OPTION_LIST,   /* struct option_list: each occurrence adds one */
};

enum { OPTION_LIST_MAX = 16 };

struct option_list {
	const char *values[OPTION_LIST_MAX];
	size_t count;
};

struct option_spec {
	const char *name;     /* long name, without the dashes */
	char letter;	      /* short name; 0 = none */
	const char *argument; /* what --help calls the value; NULL for OPTION_FLAG */
	const char *help;     /* one sentence fragment */
	enum option_kind kind;
	size_t offset;
	long min, max; /* OPTION_NUMBER */
};

struct command_spec {
	const char *name;     /* "tidings-stored", "tidings send" */
	const char *operands; /* "USER TITLE [MESSAGE]", "" = none, as --help shows it */
	const char *purpose;  /* one sentence, for --help */
	const struct option_spec *options; /* ended by a NULL name */
	size_t min_operands, max_operands;
};

enum options_result {
	OPTIONS_HELP = 1, /* --help or --version was given and answered on stdout: exit 0 */
	OPTIONS_WRONG,	  /* said on stderr what is wrong: exit 2 */
};

/*
 * Parses argv[1] to argv[argc - 1] into *arguments, which the caller has filled
 * with defaults. Operands are moved to the front of argv from argv[1] on, and
 * *ret_operands says how many. Returns 0 or an enum options_result.
 */
int options_parse(const struct command_spec *command, int argc, char **argv, void *arguments,
	int *ret_operands);

/* Prints the help text, within 80 columns. */
void options_help(const struct command_spec *command, FILE *to);
