/*
 * The bare loop: what a create writes, written straight into Berkeley DB. An
 * environment and tables as the store opens them, and in them the same puts, the
 * same change records in the log, commits, flushes and checkpoints, but no
 * requests, no checks, no reads and no other thread.
 */
#pragma once

#include "lib/config.h"

struct bare;

/* Opens one in the configuration's home. Returns 0 or -errno. */
int bare_new(const struct config *config, struct bare **ret_bare);
struct bare *bare_free(struct bare *bare);

DEFINE_CLEANUP(struct bare *, bare_free)

/* What the library took for something, in seconds. */
struct bare_cost {
	double passed;
	double cpu;
};

enum { BARE_BATCH_MAX = 64 };

/*
 * Makes `count` creates of the workload, `batch` (at most BARE_BATCH_MAX) in a
 * transaction; flushes after each as the configured durability has it. Returns 0 or
 * -errno.
 */
int bare_create(struct bare *bare, uint64_t count, unsigned batch, struct bare_cost *ret_cost);

/* Where its log ends, see greeting.h; or -errno. */
int64_t bare_log_end(struct bare *bare);
