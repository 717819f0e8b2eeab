/*
 * Copying a store that is open, while it is written to.
 *
 * The tables are copied by the library, page by page as they are on the disk at different
 * moments, and then all of the log up to the present end. A copy is therefore recovered
 * from all of its log when it is first opened; its mark says so.
 */
#pragma once

#include "stored/environment.h"

#include <stdatomic.h>

/*
 * Makes the copy in a directory of this name below the home directory, taking the place of
 * an earlier one; it is there only once it is whole and durable. May run in a thread of its
 * own, if the environment is held meanwhile (environment_hold). Ends soon after *stop
 * becomes true, but not in the middle of a file; stop may be NULL. Returns 0, -ENOSPC if the
 * disk's reserve would not be kept, -ECANCELED, or -errno.
 */
int copy_make(struct environment *environment, const char *name, const atomic_bool *stop);

/* Removes it, and what is left of one that was broken off. Returns 0 or -errno. */
int copy_remove(struct environment *environment, const char *name);
