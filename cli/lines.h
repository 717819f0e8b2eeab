/*
 * Lines of a descriptor, without ever waiting: lines_fill() reads once, then
 * lines_take() gives what is complete. A line may have LINES_MAX bytes; of a
 * longer one nothing is kept. The last line may lack its line feed.
 */
#pragma once

#include "lib/buffer.h"

#include <stdint.h>

enum { LINES_MAX = 65536 };

struct lines {
	int fd;		 /* of the caller */
	uint64_t number; /* of the line last taken; the first is 1 */
	struct buffer held;
	size_t begin; /* of what was not yet taken, in `held` */
	bool ended;
	bool skipping; /* the rest of a line that was too long */
};

struct lines lines_of(int fd);

void lines_release(struct lines *lines);

/* Reads once; at the end sets lines->ended. Returns 0 or -errno. */
int lines_fill(struct lines *lines);

enum { LINES_NONE = 1, LINES_TOO_LONG };

/*
 * Takes the next line, without its line feed; it lives until lines_fill().
 * Returns 0; LINES_NONE when there is none (until more is read, unless
 * lines->ended); LINES_TOO_LONG for one that was dropped.
 */
int lines_take(struct lines *lines, struct slice *ret_line);

/* Whether there is nothing but white space. */
bool lines_is_blank(struct slice line);
