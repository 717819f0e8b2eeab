/* A tidings-stored of a test's own: in a temporary directory, gone when the test is. */
#pragma once

#include "lib/config.h"

#include <sys/types.h>

struct store_process {
	char directory[64];	/* the home is in it */
	char config_path[96];
	struct config *config;
	pid_t pid; /* 0 = not running */
};

/*
 * Makes directory and configuration, with these lines in the section [store] besides home and
 * socket. Ends the program if that fails.
 */
void store_process_init(struct store_process *process, const char *lines);

/* Starts it; it may not listen yet when this returns. */
void store_process_start(struct store_process *process);

/* Ends the program if it has ended by itself. */
void store_process_check(const struct store_process *process);

/* Ends it by this signal, and waits. Returns the status of waitpid(). */
int store_process_kill(struct store_process *process, int signal);

/* Kills it if it runs, and removes all. */
void store_process_release(struct store_process *process);
