/* The question before something that cannot be taken back. */
#pragma once

#include "cli/tool.h"

/*
 * Whether there is a terminal to ask on; if not, says so and returns TOOL_USAGE.
 * Nobody could stop it there: scripts give --yes, and then nothing is asked.
 */
int confirm_possible(const struct command_spec *command);

/* Asks whether to do this. Returns TOOL_DONE for a yes, and TOOL_FAILED, told, for anything else. */
int confirm(const struct command_spec *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
