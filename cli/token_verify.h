/* tidings token --verify, a part of the subcommand token. */
#pragma once

#include "cli/tool.h"

/*
 * Tells whether the programs would take a token, and why not, with what it says of itself.
 * `operand` is the token, or "-" or NULL for a line of standard input. Returns an exit status:
 * TOOL_FAILED for one that is refused.
 */
int token_verify_run(struct tool *tool, const char *operand);
