/*
 * A directory for one run, which nothing survives: neither what is in it nor the
 * processes that were started, however the run ends.
 */
#pragma once

#include <stddef.h>

enum { SCRATCH_OVER = 1, SCRATCH_PATH = 80 /* bytes; sockets in it need short names */ };

/*
 * Makes the directory, and a child process to work in it. Returns 0 in the child.
 * The process that called waits until the child ends, or ends it when a signal
 * asks for that; then it removes the directory and gets SCRATCH_OVER, and in
 * *ret_status what to exit with. Returns -errno if there is no child.
 */
int scratch_begin(const char *name, char ret_directory[static SCRATCH_PATH], int *ret_status);

/* Removes a directory and all below it. */
void scratch_remove(const char *directory);
