/*
 * The program that runs, as a file and a command line: so that whatever is at that path by
 * then can be run in its place.
 */
#pragma once

#include <sys/types.h>

struct program {
	char *path;
	char **arguments; /* those of the command line; room for one more is behind the first */
};

/*
 * Finds out the path, which must be done before the file is replaced: argv[0] where that is
 * the absolute path of this program, so that a link to it is followed anew; else where the
 * kernel has found it. The strings of argv must outlive the program. Returns 0 or -errno.
 */
int program_init(struct program *program, char **argv);
void program_release(struct program *program);

/*
 * Both add "OPTION=DESCRIPTOR", an option that a command line of this kind has before all
 * others, in the place of the one that it may have already. The descriptor stays open in the
 * new program, whatever its flags.
 */

/* Starts it as a child, with no signal blocked. Returns 0 or -errno. */
int program_start(const struct program *program, const char *option, int fd, pid_t *ret_pid);

/* Becomes it. Returns only on failure: -errno, and the descriptor's flags are as they were. */
int program_become(const struct program *program, const char *option, int fd);
