/* Between the two forms of tidings send: one notification, and many from standard input. */
#pragma once

#include "cli/tool.h"

/* Says what is wrong with a draft, one line a problem, each after "LINE: " if line is not 0. */
void send_complain(const struct problems *problems, uint64_t line);

/* Sends what stands in the lines of standard input. Returns the exit status. */
int send_lines(struct tool *tool);
