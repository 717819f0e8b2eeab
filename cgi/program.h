/*
 * What all FastCGI programs have in common, so that one of them is a table of
 * routes and its handlers: the command line, the way in which the web server or
 * systemd starts it, its processes.
 */
#pragma once

#include "cgi/route.h"

struct program {
	const char *name;    /* as in `ps` and its manual page */
	const char *purpose; /* one sentence, for --help */
	const struct route *routes;

	/* The path at which it is mapped, for web servers that do not tell. */
	const char *(*path)(const struct config *config);
	bool keys_needed; /* or it goes on without, and accepts no token */
	unsigned workers; /* 0 = as many as the configuration says */

	/* Of programs that remember something between requests: what, once for each worker; … */
	void *memory;
	/* … and what to do with it: see struct server. NULL = nothing. */
	int (*tick)(const struct application *application);
};

/* The whole of main(): returns the exit status. */
int program_run(const struct program *program, int argc, char **argv);
