/*
 * tidings: the administrator's tool, tidings(1). Each subcommand parses its own
 * options. This is the only place that ends the program, and the one where output
 * that could not be written is noticed.
 */
#include "cli/subcommands.h"
#include "cli/text.h"
#include "cli/tool.h"

#include <errno.h>

static const struct command_spec self = { .name = "tidings" };

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; subcommands[i].name; i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

static int name_columns(void)
{
	size_t columns = 0;

	for (size_t i = 0; subcommands[i].name; i++)
		if (strlen(subcommands[i].name) > columns)
			columns = strlen(subcommands[i].name);
	return (int)columns;
}

static void print_help(FILE *to)
{
	fputs("Usage: tidings SUBCOMMAND [OPTION]... [OPERAND]...\n"
	      "Send, read, watch and administrate the notifications of tidings.\n\n",
		to);
	for (size_t i = 0; subcommands[i].name; i++)
		fprintf(to, "  %-*s  %s\n", name_columns(), subcommands[i].name,
			subcommands[i].command->purpose);
	fputs("\n"
	      "      --help     print this help and exit\n"
	      "      --version  print the version and exit\n\n"
	      "\"tidings SUBCOMMAND --help\" tells of one; tidings(1) of all.\n",
		to);
}

static int help(int argc, char **argv)
{
	const struct subcommand *subcommand;

	if (argc < 2) {
		print_help(stdout);
		return TOOL_DONE;
	}
	subcommand = find(argv[1]);
	if (!subcommand || argc > 2)
		return tool_refuse(&self, "help: give the name of one subcommand");
	options_help(subcommand->command, stdout);
	return TOOL_DONE;
}

static int run(int argc, char **argv)
{
	const struct subcommand *subcommand;

	if (argc < 2) {
		print_help(stderr);
		return TOOL_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0) {
		puts("tidings " PACKAGE_VERSION);
		return TOOL_DONE;
	}
	if (argv[1][0] == '-')
		return tool_refuse(&self, "%s: options follow the subcommand; try tidings --help",
			argv[1]);
	subcommand = find(argv[1]);
	if (!subcommand)
		return tool_refuse(&self, "no subcommand is called %s; try tidings --help",
			argv[1]);
	return subcommand->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status;

	text_init();
	status = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		tool_complain(&self, "cannot write to standard output: %s", strerror(errno));
		status = tool_gravest(status, TOOL_FAILED);
	}
	return status;
}
