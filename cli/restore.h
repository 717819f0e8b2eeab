/* What restoring does to the store's home directory, step by step. */
#pragma once

#include "cli/backups.h"

enum { RESTORE_NAME_SIZE = 40 };

struct restore {
	int home;			 /* locked */
	char before[RESTORE_NAME_SIZE]; /* the directory there that the former content goes to */
};

/*
 * Opens and locks the home directory. Returns 0, -EBUSY if tidings-stored runs, or -errno.
 * The descriptor is open after success only.
 */
int restore_begin(const char *home, struct restore *ret_restore);
void restore_end(struct restore *restore);

/*
 * Puts the copy, HOME_RESTORE_COPY, in the place of what is there, which it moves aside. Whenever it is broken
 * off, nobody can open the store until it was done once more. Returns 0 or -errno.
 */
int restore_exchange(struct restore *restore);
