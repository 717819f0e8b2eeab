/*
 * The backups in a directory: directories named tidings-YYYYMMDDTHHMMSSZ, after the time at
 * which they were begun. So their names sort by age.
 */
#pragma once

#include "lib/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum { BACKUPS_NAME_LENGTH = 24, BACKUPS_NAME_SIZE = BACKUPS_NAME_LENGTH + 1 };

/* `time` is in milliseconds since the epoch. */
void backups_name(int64_t time, char name[static BACKUPS_NAME_SIZE]);

/* Whether it is the name of one, and of a good one at that: others have something behind it. */
bool backups_is_name(const char *name);

struct backups {
	struct buffer names; /* each char[BACKUPS_NAME_SIZE], the oldest first */
	size_t count;
};

/* Lists those in a directory. Returns 0 and a list to release, or -errno. */
int backups_list(int directory, struct backups *ret_backups);
void backups_release(struct backups *backups);

/* The name of one, 0 is the oldest. */
const char *backups_at(const struct backups *backups, size_t i);

/* Removes what a backup that was broken off has left. Returns 0 or -errno. */
int backups_clean(int directory);

/* What a backup is called until it is known to be good, and if it is not. */
#define BACKUPS_UNFINISHED ".new"
#define BACKUPS_DAMAGED "-damaged"
