/* Between the two forms of tidings send: one notification, and many from standard input. */
#pragma once

#include "cli/tool.h"

/* Sends what stands in the lines of standard input. Returns the exit status. */
int send_lines(struct tool *tool);
