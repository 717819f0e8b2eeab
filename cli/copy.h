/* A copy of the store while it is in use, which the store makes in its home directory. */
#pragma once

#include "cli/tool.h"

/*
 * Asks for one and waits for it; how long that takes is shown on a terminal. The copy is
 * there until copy_end(), or until the connection ends. Returns an exit status; a
 * failure is told.
 */
int copy_begin(struct tool *tool);

int copy_end(struct tool *tool);
