/*
 * tidings completion: the script that lets bash or zsh complete the command lines of tidings.
 *
 * All of it comes from the tables that the command lines are parsed with. What can stand for an
 * argument is told by its name there: TYPE, FILE, ... A word in small letters among the
 * operands is one to be written as it is.
 */
#include "cli/output.h"
#include "cli/subcommands.h"

#include <ctype.h>

struct arguments {
	struct tool_options common;
};

static const struct option_spec options[] = { { 0 } };

const struct command_spec completion_command = {
	.name = "tidings completion",
	.operands = "bash | zsh",
	.purpose = "Print the script that completes command lines.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

/* The options that every table understands by itself. */
static const struct option_spec everywhere[] = {
	{ .name = "help", .help = "show this help and exit" },
	{ 0 },
};

enum completing { COMPLETING_NOTHING, COMPLETING_WORDS, COMPLETING_FILES, COMPLETING_DIRECTORIES };

/* What stands for an argument of this name. */
static const struct value {
	const char *name;
	enum completing completing;
	const char *words;
} values[] = {
	{ "FILE", COMPLETING_FILES, NULL },
	{ "DIR", COMPLETING_DIRECTORIES, NULL },
	{ "TYPE", COMPLETING_WORDS, "info success warning error" },
	{ "LEVEL", COMPLETING_WORDS, "error warning info debug" },
};

static const struct value nothing = { "", COMPLETING_NOTHING, NULL };

static const struct value *find_value(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
		if (slice_is(name, values[i].name))
			return &values[i];
	return &nothing;
}

/* ---- operands ---- */

/* Takes the next word of an operands text, without brackets and dots; false at the end. */
static bool next_word(const char **text, struct slice *ret_word)
{
	while (**text && !isalpha((unsigned char)**text) && **text != '-')
		(*text)++;
	ret_word->data = *text;
	while (isalpha((unsigned char)**text) || **text == '-')
		(*text)++;
	ret_word->len = (size_t)(*text - ret_word->data);
	return ret_word->len > 0;
}

/*
 * What completes an operand: the words that are to be written as they are, or what stands for
 * the first of the others that something stands for.
 */
static struct value operand_of(const struct command_spec *command, struct buffer *words)
{
	const char *text = command->operands;
	struct value value = nothing;
	struct slice word;

	while (next_word(&text, &word)) {
		if (islower((unsigned char)word.data[0])) {
			buffer_print(words, "%s%.*s", words->len > 0 ? " " : "", (int)word.len,
				word.data);
		} else if (value.completing == COMPLETING_NOTHING) {
			value = *find_value(word);
		}
	}
	if (words->len > 0 && buffer_string(words))
		value = (struct value){ "", COMPLETING_WORDS, words->data };
	return value;
}

/* ---- bash ---- */

/* What the script is told: "@files", "@directories", the words, or nothing. */
static const char *bash_value(const struct value *value)
{
	static const char *const other[] = {
		[COMPLETING_NOTHING] = "@nothing",
		[COMPLETING_FILES] = "@files",
		[COMPLETING_DIRECTORIES] = "@directories",
	};

	return value->completing == COMPLETING_WORDS ? value->words : other[value->completing];
}

static void bash_option_names(struct buffer *to, const struct option_spec *option)
{
	buffer_print(to, " --%s%s", option->name, option->argument ? "=" : "");
}

static void bash_options(struct buffer *to)
{
	buffer_append_string(to, "_tidings_options() {\n\tcase $1 in\n");
	for (const struct subcommand *subcommand = subcommands; subcommand->name; subcommand++) {
		buffer_print(to, "\t%s) echo '", subcommand->name);
		for (const struct option_spec *o = subcommand->command->options; o->name; o++)
			bash_option_names(to, o);
		bash_option_names(to, everywhere);
		buffer_append_string(to, "' ;;\n");
	}
	buffer_append_string(to, "\tesac\n}\n\n");
}

static void bash_option_value(struct buffer *to, const char *subcommand,
	const struct option_spec *option)
{
	if (!option->argument)
		return;
	buffer_print(to, "\t%s:--%s", subcommand, option->name);
	if (option->letter)
		buffer_print(to, " | %s:-%c", subcommand, option->letter);
	buffer_print(to, ") echo '%s' ;;\n", bash_value(find_value(slice_of(option->argument))));
}

/* What may stand behind an option, or as an operand (whose name is the subcommand's alone). */
static void bash_values(struct buffer *to)
{
	buffer_append_string(to, "_tidings_value() {\n\tcase $1:$2 in\n");
	for (const struct subcommand *subcommand = subcommands; subcommand->name; subcommand++) {
		_cleanup_(buffer_release) struct buffer words = { 0 };
		struct value operand = operand_of(subcommand->command, &words);

		for (const struct option_spec *o = subcommand->command->options; o->name; o++)
			bash_option_value(to, subcommand->name, o);
		buffer_print(to, "\t%s:) echo '%s' ;;\n", subcommand->name, bash_value(&operand));
	}
	buffer_append_string(to, "\thelp:) echo '");
	for (const struct subcommand *subcommand = subcommands; subcommand->name; subcommand++)
		buffer_print(to, "%s%s", subcommand == subcommands ? "" : " ", subcommand->name);
	buffer_append_string(to, "' ;;\n\tesac\n}\n\n");
}

/* How bash takes words apart: at "=", too. */
static const char bash_function[] =
	"_tidings() {\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} offered\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tif [ \"$current\" = = ]; then\n"
	"\t\tcurrent=''\n"
	"\telif [ \"$before\" = = ]; then\n"
	"\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	"\t\toffered=\"$(_tidings_value help '') help --help --version\"\n"
	"\telse\n"
	"\t\toffered=$(_tidings_value \"${COMP_WORDS[1]}\" \"$before\")\n"
	"\t\tif [ -z \"$offered\" ] && [ \"${current:0:1}\" = - ]; then\n"
	"\t\t\toffered=$(_tidings_options \"${COMP_WORDS[1]}\")\n"
	"\t\telif [ -z \"$offered\" ]; then\n"
	"\t\t\toffered=$(_tidings_value \"${COMP_WORDS[1]}\" '')\n"
	"\t\tfi\n"
	"\tfi\n"
	"\tcase $offered in\n"
	"\t@files) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") && compopt -o filenames "
	";;\n"
	"\t@directories) mapfile -t COMPREPLY < <(compgen -d -- \"$current\") && compopt -o "
	"filenames ;;\n"
	"\t@nothing) ;;\n"
	"\t*) mapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$current\") ;;\n"
	"\tesac\n"
	"\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace\n"
	"}\n"
	"\n"
	"complete -F _tidings tidings\n";

static void format_bash(struct buffer *to)
{
	buffer_append_string(to,
		"# Completion of tidings(1) for bash, made by \"tidings completion "
		"bash\"\n\n");
	bash_options(to);
	bash_values(to);
	buffer_append_string(to, bash_function);
}

/* ---- zsh ---- */

/* Text within '[…]' of _arguments, or of a description. */
static void zsh_text(struct buffer *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			buffer_append_string(to, "\\");
		buffer_append(to, text, 1);
		if (*text == '\'') /* ends the quotation; again behind one that is escaped */
			buffer_append_string(to, "\\''");
	}
}

/* ":NAME:action" of _arguments */
static void zsh_value(struct buffer *to, const char *name, const struct value *value)
{
	buffer_print(to, ":%s:", name);
	switch (value->completing) {
	case COMPLETING_WORDS:
		buffer_print(to, "(%s)", value->words);
		break;
	case COMPLETING_FILES:
		buffer_append_string(to, "_files");
		break;
	case COMPLETING_DIRECTORIES:
		buffer_append_string(to, "_directories");
		break;
	case COMPLETING_NOTHING:
		buffer_append_string(to, "()");
		break;
	}
}

/* "'(-c --config)'{-c+,--config=}'[help]:FILE:_files'"; what may be repeated excludes nothing. */
static void zsh_option(struct buffer *to, const struct option_spec *option)
{
	bool takes = option->argument != NULL;

	buffer_append_string(to, " \\\n\t\t\t'");
	if (option->kind == OPTION_LIST)
		buffer_append_string(to, "*");
	else if (option->letter)
		buffer_print(to, "(-%c --%s)", option->letter, option->name);
	if (option->letter)
		buffer_print(to, "'{-%c%s,--%s%s}'[", option->letter, takes ? "+" : "",
			option->name, takes ? "=" : "");
	else
		buffer_print(to, "--%s%s[", option->name, takes ? "=" : "");
	zsh_text(to, option->help);
	buffer_append_string(to, "]");
	if (takes)
		zsh_value(to, option->argument, find_value(slice_of(option->argument)));
	buffer_append_string(to, "'");
}

static void zsh_subcommand(struct buffer *to, const struct subcommand *subcommand)
{
	_cleanup_(buffer_release) struct buffer words = { 0 };
	struct value operand = operand_of(subcommand->command, &words);

	buffer_print(to, "\t%s)\n\t\t_arguments -s -S", subcommand->name);
	for (const struct option_spec *option = subcommand->command->options; option->name;
		option++)
		zsh_option(to, option);
	zsh_option(to, everywhere);
	buffer_append_string(to, " \\\n\t\t\t'*");
	zsh_value(to, *subcommand->command->operands ? "operand" : "nothing", &operand);
	buffer_append_string(to, "'\n\t\t;;\n");
}

static void format_zsh(struct buffer *to)
{
	buffer_append_string(to,
		"#compdef tidings\n"
		"# Completion of tidings(1) for zsh, made by \"tidings completion zsh\"\n\n"
		"_tidings() {\n\tlocal -a subcommands=(\n");
	for (const struct subcommand *subcommand = subcommands; subcommand->name; subcommand++) {
		buffer_print(to, "\t\t'%s:", subcommand->name);
		zsh_text(to, subcommand->command->purpose);
		buffer_append_string(to, "'\n");
	}
	buffer_append_string(to, "\t\t'help:Tell of a subcommand.'\n\t)\n\n"
				 "\tif ((CURRENT == 2)); then\n"
				 "\t\t_describe -t subcommands subcommand subcommands\n"
				 "\t\treturn\n"
				 "\tfi\n"
				 "\tshift words\n"
				 "\t((CURRENT--))\n"
				 "\tcase $words[1] in\n");
	for (const struct subcommand *subcommand = subcommands; subcommand->name; subcommand++)
		zsh_subcommand(to, subcommand);
	buffer_append_string(to, "\thelp)\n\t\t_describe -t subcommands subcommand subcommands\n"
				 "\t\t;;\n\tesac\n}\n\n_tidings \"$@\"\n");
}

static const struct shell {
	const char *name;
	void (*format)(struct buffer *to);
} shells[] = { { "bash", format_bash }, { "zsh", format_zsh } };

int completion_run(int argc, char **argv)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct tool tool = { .command = &completion_command };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&completion_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	for (size_t i = 0; i < ARRAY_LENGTH(shells); i++)
		if (strcmp(argv[1], shells[i].name) == 0) {
			shells[i].format(&text);
			return output_text(&tool, &text);
		}
	return tool_refuse(&completion_command, "%s: give bash or zsh", argv[1]);
}
