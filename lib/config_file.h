/*
 * The lines of an INI file, with their numbers. The part of the configuration
 * that knows inih; what a key means is told by lib/config.c.
 */
#pragma once

#include "lib/buffer.h"

#include <stdbool.h>

enum {
	CONFIG_FILE_MAX = 1 << 20,   /* bytes of a file */
	CONFIG_FILE_LINE_MAX = 8190, /* bytes of a line, without its end */
};

struct config_file_reader {
	/* A [section] begins. Returns whether its keys are wanted. */
	bool (*section)(void *context, unsigned line, const char *name);
	/* `name = value`, which stands below a wanted section, or below none yet (""). */
	void (*key)(void *context, unsigned line, const char *section, const char *name,
		const char *value);
	void *context;
};

/*
 * Reads a file and hands on what it says, in its order. What is no proper line
 * becomes a problem, and reading goes on behind it. Returns 0, whatever problems
 * there were, or -errno: the file cannot be read (-EFBIG: too long), which is a problem, too.
 */
int config_file_read(const char *path, const struct config_file_reader *reader,
	struct buffer *problems);

/* Appends "PATH:LINE: ", without a number for line 0; the caller appends the rest and "\n". */
void config_file_problem(struct buffer *problems, const char *path, unsigned line);
