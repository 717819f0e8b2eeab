/*
 * The two passes of tidings import: looking through the lines, and sending what
 * stands in them.
 */
#pragma once

#include "cli/tool.h"

struct import {
	struct tool *tool;
	int fd;		   /* of the caller */
	const char *input; /* what that is called */
	int64_t now;	   /* milliseconds since the epoch; the same in both passes */
	uint64_t good;	   /* lines that were found to be entries … */
	uint64_t wrong;	   /* … and those that are none */
	uint64_t stored;   /* entries that are new … */
	uint64_t existing; /* … and those that the store has left as it had them */
};

/*
 * Reads one line. Returns 0 and an entry to release, or ENTRY_INVALID or -ENOMEM with at
 * least one problem to tell.
 */
int import_parse(const struct import *import, struct slice line, struct problems *problems,
	struct entry *ret_entry);

/* What is wrong with a line that is longer than lines may be. */
struct problems import_too_long(void);

/* Looks through all lines and tells what is wrong. Returns the exit status. */
int import_check(struct import *import);

/* Sends them, up to the first that is wrong. Returns the exit status. */
int import_send(struct import *import);
