/* Starting a child process that dies with this one. */
#pragma once

#include <sys/types.h>

struct spawn {
	const char *const *arguments; /* a path below the build directory, …, NULL */
	const char *log;	      /* the file that standard error is appended to */
	int output_fd;		      /* standard output; -1 = the log */
	int listen_fd;		      /* handed over as systemd does it, or -1 */
	const char *notify;	      /* NOTIFY_SOCKET; NULL = none */
	const char *preload;	      /* LD_PRELOAD; NULL = none */
};

/* Returns the process id, or -errno. */
pid_t spawn(const struct spawn *spawn);

/* The path of something that was built. */
void built_path(const char *name, char *path, size_t size);
