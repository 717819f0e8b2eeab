/*
 * Terminals, see terminal.h. Colours are few and only ever underline what the
 * text says too. NO_COLOR is the convention of no-color.org: set and not empty.
 */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80 };

static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0;
}

struct terminal terminal_of(int fd)
{
	struct winsize size = { 0 };
	struct terminal terminal = { 0 };

	if (!isatty(fd))
		return terminal;
	terminal.present = true;
	terminal.colour = wants_colour();
	terminal.columns = COLUMNS_DEFAULT;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		terminal.columns = size.ws_col;
	return terminal;
}

const char *style_begin(const struct terminal *terminal, enum style style)
{
	static const char *const sequences[STYLES] = {
		[STYLE_PLAIN] = "",
		[STYLE_HEADING] = "\033[4m",
		[STYLE_STRONG] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WARNING] = "\033[33m",
		[STYLE_BAD] = "\033[31m",
	};

	return terminal->colour ? sequences[style] : "";
}

const char *style_end(const struct terminal *terminal, enum style style)
{
	return terminal->colour && style != STYLE_PLAIN ? "\033[0m" : "";
}
