/* Asking before it is too late, see confirm.h. */
#include "cli/confirm.h"
#include "cli/text.h"

#include <strings.h>

enum { ANSWER_SIZE = 16 };

/* Reads a line, all of it; what is longer than the answers that count is none of them. */
static bool says_yes(FILE *from)
{
	static const char *const yes[] = { "y\n", "yes\n" };
	char answer[ANSWER_SIZE];
	int c;

	if (!fgets(answer, sizeof(answer), from)) {
		fputc('\n', stderr); /* behind the question, which nothing has ended */
		return false;
	}
	if (!strchr(answer, '\n'))
		while ((c = getc(from)) != EOF && c != '\n')
			;
	for (size_t i = 0; i < ARRAY_LENGTH(yes); i++)
		if (strcasecmp(answer, yes[i]) == 0)
			return true;
	return false;
}

static void ask(const char *format, va_list values)
{
	_cleanup_(buffer_release) struct buffer printable = { 0 };
	_cleanup_(freeing_memory) char *question = NULL;

	if (vasprintf(&question, format, values) < 0)
		question = NULL;
	text_append(&printable, slice_of(question), TEXT_UNCUT);
	fprintf(stderr, "%.*s [y/N] ", (int)printable.len, printable.len > 0 ? printable.data : "");
	fflush(stderr);
}

int confirm_possible(const struct command_spec *command)
{
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return TOOL_DONE;
	return tool_refuse(command,
		"there is no terminal to ask on: nothing was done; --yes does it unasked");
}

int confirm(const struct command_spec *command, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	ask(format, values);
	va_end(values);
	if (says_yes(stdin))
		return TOOL_DONE;
	tool_complain(command, "nothing was done");
	return TOOL_FAILED;
}
