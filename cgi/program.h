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
};

/* The whole of main(): returns the exit status. */
int program_run(const struct program *program, int argc, char **argv);
