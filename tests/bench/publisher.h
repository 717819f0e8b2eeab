/*
 * A publisher: sends POST requests over HTTP connections that are kept open, one at a time on
 * each, at a fixed rate or as fast as the answers come.
 *
 * With a rate, a request is due at its time whatever became of those before: who is held up
 * by a slow server does not send less, and the time that is lost counts.
 */
#pragma once

#include "tests/bench/samples.h"

#include <netinet/in.h>

struct publisher_plan {
	struct sockaddr_in address;
	unsigned connections;
	const char *path;
	const char *token; /* of who may create */
	double rate;	   /* requests a second; 0 = as fast as the answers come */
	uint64_t count;	   /* ends after so many … */
	int64_t duration;  /* … or so many nanoseconds, whichever comes first */

	/* Appends the body of request number n, from 0 on, which is due at this time. */
	void (*body)(void *context, uint64_t n, int64_t due, struct buffer *to);
	void *context;
};

/*
 * Sends, and waits for all answers. Returns 0 and how many requests were answered; -errno; or
 * -EPROTO for an answer that is no success. times, which may be NULL, gets the microseconds
 * from when a request was due to its answer.
 */
int publisher_run(const struct publisher_plan *plan, uint64_t *ret_answered, struct samples *times);
