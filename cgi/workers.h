/*
 * A parent process that keeps a number of worker processes running. It answers
 * nothing itself, so whatever a request does to a worker the others go on.
 */
#pragma once

struct workers {
	unsigned count;

	/* Runs in each worker; what it returns is the worker's exit status. */
	int (*work)(void *context);

	/* SIGHUP: reads the configuration again. Unless it returns 0 all stays as it is. */
	int (*reload)(void *context);
	void *context;
};

/* Blocks the signals that workers_run() and server_accept() wait for. */
void workers_block_signals(void);

/*
 * Runs until SIGTERM or SIGINT, then lets the workers finish their request.
 * Those that die are replaced, with SIGHUP all are, one request after the other.
 * Returns 0 or -errno.
 */
int workers_run(const struct workers *workers);
