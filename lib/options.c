/*
 * Command lines and --help from one table, see options.h. Names are taken
 * whole, never abbreviated, so that a new option cannot change what a script
 * means.
 */
#include "lib/options.h"

#include "lib/result.h"
#include "lib/slice.h"

#include <errno.h>
#include <stdarg.h>

enum {
	SCREEN_WIDTH = 79, /* columns: a terminal of 80, less the last */
	HELP_COLUMN = 28,  /* where the help of an option begins at the latest */
};

/* What every table understands by itself. */
static const struct option_spec builtin[] = {
	{ .name = "help", .help = "show this help and exit" },
	{ .name = "version", .help = "show the version and exit" },
	{ 0 },
};

struct parsing {
	const struct command_spec *command;
	char *arguments; /* the caller's struct */
	char **argv;
	int argc;
	int next; /* index of the argument that comes next */
	int operands;
};

static int wrong(const struct command_spec *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(const struct command_spec *command, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "%s: ", command->name);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\nTry %s --help\n", command->name);
	return OPTIONS_WRONG;
}

static const struct option_spec *find_name(const struct option_spec *options, struct slice name)
{
	for (; options->name; options++) {
		if (slice_is(name, options->name))
			return options;
	}
	return NULL;
}

static const struct option_spec *find_letter(const struct option_spec *options, char letter)
{
	for (; options->name; options++) {
		if (options->letter == letter)
			return options;
	}
	return NULL;
}

static int set_number(const struct parsing *parsing, const struct option_spec *option,
	const char *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno || *end || end == value || value[strspn(value, "-0123456789")] ||
		number < option->min || number > option->max)
		return wrong(parsing->command, "--%s: \"%s\" is not a number from %ld to %ld",
			option->name, value, option->min, option->max);
	*(long *)(parsing->arguments + option->offset) = number;
	return 0;
}

static int add_to_list(const struct parsing *parsing, const struct option_spec *option,
	const char *value)
{
	struct option_list *list = (struct option_list *)(parsing->arguments + option->offset);

	if (list->count == OPTION_LIST_MAX)
		return wrong(parsing->command, "--%s may be given %d times at most", option->name,
			OPTION_LIST_MAX);
	list->values[list->count++] = value;
	return 0;
}

/* value is NULL for a flag. */
static int set_option(const struct parsing *parsing, const struct option_spec *option,
	const char *value)
{
	void *field = parsing->arguments + option->offset;

	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_STRING:
		*(const char **)field = value;
		return 0;
	case OPTION_NUMBER:
		return set_number(parsing, option, value);
	case OPTION_LIST:
		return add_to_list(parsing, option, value);
	}
	return 0;
}

/* Sets an option to `value`, or, if that is NULL and it takes one, to the next argument. */
static int take_value(struct parsing *parsing, const struct option_spec *option, const char *value)
{
	if (option->kind != OPTION_FLAG && !value) {
		if (parsing->next == parsing->argc)
			return wrong(parsing->command, "--%s needs a value: %s", option->name,
				option->argument);
		value = parsing->argv[parsing->next++];
	}
	return set_option(parsing, option, value);
}

static int answer_builtin(const struct parsing *parsing, const struct option_spec *option)
{
	if (option == &builtin[0])
		options_help(parsing->command, stdout);
	else
		printf("%s %s\n", parsing->command->name, PACKAGE_VERSION);
	return OPTIONS_HELP;
}

/* --name, --name=VALUE or --name VALUE */
static int parse_long(struct parsing *parsing, const char *argument)
{
	const char *equals = strchr(argument, '=');
	struct slice name = { .data = argument + 2,
		.len = equals ? (size_t)(equals - argument) - 2 : strlen(argument + 2) };
	const struct option_spec *option = find_name(parsing->command->options, name);
	bool is_builtin = !option;

	if (!option)
		option = find_name(builtin, name);
	if (!option)
		return wrong(parsing->command, "unknown option --%.*s", (int)name.len, name.data);
	if (equals && option->kind == OPTION_FLAG)
		return wrong(parsing->command, "--%s takes no value", option->name);
	if (is_builtin)
		return answer_builtin(parsing, option);
	return take_value(parsing, option, equals ? equals + 1 : NULL);
}

/* -c VALUE, -cVALUE, and flags in one: -ab */
static int parse_letters(struct parsing *parsing, const char *argument)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		const struct option_spec *option = find_letter(parsing->command->options, *letter);
		bool is_flag = option && option->kind == OPTION_FLAG;
		int result;

		if (!option)
			return wrong(parsing->command, "unknown option -%c", *letter);
		result = take_value(parsing, option, is_flag || !letter[1] ? NULL : letter + 1);
		if (result != 0 || !is_flag)
			return result;
	}
	return 0;
}

/* Operands go where arguments that have been read stood, so none is lost. */
static void add_operand(struct parsing *parsing, char *argument)
{
	parsing->argv[++parsing->operands] = argument;
}

static int parse_all(struct parsing *parsing)
{
	bool options_end = false;
	int result = 0;

	while (result == 0 && parsing->next < parsing->argc) {
		char *argument = parsing->argv[parsing->next++];

		if (options_end || argument[0] != '-' || argument[1] == '\0')
			add_operand(parsing, argument);
		else if (strcmp(argument, "--") == 0)
			options_end = true;
		else if (argument[1] == '-')
			result = parse_long(parsing, argument);
		else
			result = parse_letters(parsing, argument);
	}
	return result;
}

static int check_operands(const struct parsing *parsing)
{
	const struct command_spec *command = parsing->command;
	size_t operands = (size_t)parsing->operands;

	if (operands < command->min_operands)
		return wrong(command, "too few operands: %s", command->operands);
	if (operands > command->max_operands)
		return wrong(command, "unexpected operand \"%s\"",
			parsing->argv[command->max_operands + 1]);
	return 0;
}

int options_parse(const struct command_spec *command, int argc, char **argv, void *arguments,
	int *ret_operands)
{
	struct parsing parsing = { .command = command,
		.arguments = arguments,
		.argv = argv,
		.argc = argc,
		.next = 1 };
	int result = parse_all(&parsing);

	if (result == 0)
		result = check_operands(&parsing);
	if (result == 0)
		*ret_operands = parsing.operands;
	return result;
}

/* Columns of UTF-8 text: all its bytes but those that continue a character. */
static size_t columns(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

/* Prints words that begin at column `at` and, on further lines, at column `indent`. */
static void print_wrapped(FILE *to, const char *text, size_t at, size_t indent)
{
	const char *separator = "";

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");
		size_t width = columns(text, len);

		if (*separator && at + 1 + width > SCREEN_WIDTH) {
			fprintf(to, "\n%*s", (int)indent, "");
			at = indent;
			separator = "";
		}
		fprintf(to, "%s%.*s", separator, (int)len, text);
		at += strlen(separator) + width;
		separator = " ";
		text += len;
	}
	fputc('\n', to);
}

enum { NAMES_SIZE = SCREEN_WIDTH + 1 };

/* "  -c, --config=FILE"; returns the width that a whole one takes. */
static size_t print_names(char to[static NAMES_SIZE], const struct option_spec *option)
{
	char letter[] = "    ";
	int len;

	if (option->letter)
		memcpy(letter, (char[]){ '-', option->letter, ',' }, 3);
	len = snprintf(to, NAMES_SIZE, "  %s--%s%s%s", letter, option->name,
		option->argument ? "=" : "", option->argument ? option->argument : "");
	return len < 0 ? 0 : (size_t)len;
}

static void widen_column(const struct option_spec *options, size_t *column)
{
	char names[NAMES_SIZE];

	for (; options->name; options++) {
		size_t width = print_names(names, options) + 2;

		if (width > *column && width <= HELP_COLUMN)
			*column = width;
	}
}

static void print_options(FILE *to, const struct option_spec *options, size_t column)
{
	char names[NAMES_SIZE];

	for (; options->name; options++) {
		size_t width = print_names(names, options);

		fputs(names, to);
		if (width + 2 > column)
			fprintf(to, "\n%*s", (int)column, "");
		else
			fprintf(to, "%*s", (int)(column - width), "");
		print_wrapped(to, options->help, column, column);
	}
}

void options_help(const struct command_spec *command, FILE *to)
{
	size_t start = strlen("Usage: ") + strlen(command->name) + 1;
	size_t column = 0;

	widen_column(command->options, &column);
	widen_column(builtin, &column);
	fprintf(to, "Usage: %s ", command->name);
	if (*command->operands)
		fprintf(to, "[OPTION]... ");
	print_wrapped(to, *command->operands ? command->operands : "[OPTION]...",
		start + (*command->operands ? strlen("[OPTION]... ") : 0), start);
	fputc('\n', to);
	print_wrapped(to, command->purpose, 0, 0);
	fputs("\nOptions:\n", to);
	print_options(to, command->options, column);
	print_options(to, builtin, column);
}
