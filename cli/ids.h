/*
 * The ids of a command line. Each is asked for on its own: one that does not
 * exist is told, and the others are done.
 */
#pragma once

#include "cli/tool.h"

struct ids_outcome {
	uint64_t count;	      /* how many were done */
	struct counts counts; /* of the newest answer */
	int status;	      /* the exit status so far */
};

/* Whether all are ids; if not, says which is none and returns TOOL_USAGE. */
int ids_check(const struct command_spec *command, char **ids, int n_ids);

/*
 * Sends the request with each id. Ends early when the store is out of reach, as
 * all others would fail too. The ids must have been checked.
 */
void ids_call(struct tool *tool, struct inbox_request *request, char **ids, int n_ids,
	struct ids_outcome *outcome);
