/* The measurements of a benchmark, of which some can be chosen by name. */
#pragma once

#include "lib/options.h"

struct bench; /* each benchmark has one of its own */

struct suite {
	const char *program; /* as it is called on standard error */
	/* In the order in which they run, ended by a NULL name. Each returns 0 or -errno. */
	const struct suite_measurement {
		const char *name;
		int (*run)(struct bench *bench);
	} *measurements;
};

/* Returns 0, or 2, the exit status for wrong usage, after saying which name is none. */
int suite_check(const struct suite *suite, const struct option_list *only);

/*
 * Runs those that are named, or all if none is, up to the first that fails, and says so.
 * Returns the exit status.
 */
int suite_run(const struct suite *suite, const struct option_list *only, struct bench *bench);
