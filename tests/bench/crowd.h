/*
 * A crowd: many connections to the store, in one thread. Each has at most a given
 * number of requests under way, and sends the next when one is answered.
 */
#pragma once

#include "lib/inbox.h"

struct crowd;

/* Connects. config must outlive the crowd. Returns 0 or -errno. */
int crowd_new(const struct config *config, unsigned connections, unsigned window,
	struct crowd **ret_crowd);
struct crowd *crowd_free(struct crowd *crowd);

DEFINE_CLEANUP(struct crowd *, crowd_free)

/* What the crowd is to do. */
struct crowd_plan {
	/* Gives the next request, which is copied at once, or NULL: there is no more. */
	const struct inbox_request *(*next)(void *context);
	/* Sees each answer; may be NULL. */
	void (*answered)(void *context, struct inbox_answer *answer);
	void *context;
};

/*
 * Sends requests until there is no more and all are answered. *ret_answered, which
 * may be NULL, is how many that were, also after an error. Returns 0; -errno of a
 * connection; or -EPROTO for a request that the store refused.
 */
int crowd_run(struct crowd *crowd, const struct crowd_plan *plan, uint64_t *ret_answered);
