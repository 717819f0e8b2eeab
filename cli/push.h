/*
 * Asking the push daemon, by its control socket: what the store does not know of the
 * connections. As tool_call() is for the store.
 */
#pragma once

#include "cli/tool.h"
#include "lib/control.h"

/*
 * control_call(); a failure is told, after "SUBJECT: " unless subject is NULL. Returns an exit
 * status, and with TOOL_DONE an answer to release.
 */
int push_call(struct tool *tool, const char *subject, struct slice request,
	struct control_answer *ret_answer);

/* Closes the connections of a user, or all (NULL), and says how many. As push_call(). */
int push_disconnect(struct tool *tool, const char *user, uint64_t *ret_count);
