/*
 * Replacing a small file that others read: they see the old one or the new one, whole, and so
 * does whoever comes after a loss of power. One program does so at a time; others wait.
 */
#pragma once

#include "lib/buffer.h"

struct replacement {
	char *path;  /* of the file; where a symbolic link leads */
	char *fresh; /* of what is to replace it */
	int fd;	     /* of that, locked; -1 = none */
};

#define REPLACEMENT_NONE ((struct replacement){ .fd = -1 })

/*
 * Waits until nobody else replaces the file, which need not be there. What is read of it from
 * then on stays so until replacement_end(), which must follow in either case. The struct is
 * REPLACEMENT_NONE before. Returns 0 or -errno.
 */
int replacement_begin(const char *path, struct replacement *replacement);

/*
 * Puts this text in the file's place, with its owner, group and mode. A file that was not there is
 * for its owner to write, and for this group to read if that is not NULL, exists, and may be
 * given. Returns 0; or -errno, and then the file is as before, unless the disk failed at the end.
 */
int replacement_commit(struct replacement *replacement, struct slice text, const char *group);

void replacement_end(struct replacement *replacement);
