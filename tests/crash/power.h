/*
 * Power cuts: everything is killed, and the store's files become what a disk would
 * hold that had kept nothing but what was flushed; see flushed.c.
 */
#pragma once

#include "tests/crash/trial.h"

struct power {
	struct trial *trial;
	char shadow[64]; /* the directory with what is flushed */
	char preload[512];
	unsigned cuts, torn;
	unsigned damaged; /* cuts after which the store was not whole */
	size_t taken;	  /* blocks that were not flushed, and are lost … */
	size_t kept;	  /* … or there all the same, by chance */
	char epoch[64];	  /* of the store, when it was last asked */
};

/* Before the programs start. Returns 0 or -errno. */
int power_set_up(struct power *power, struct trial *trial);

/*
 * Cuts the power and turns it on again: the programs start on what is left. A torn
 * cut leaves some of what was not flushed, too. Returns 0 or -errno.
 */
int power_cut(struct power *power, bool torn);

/*
 * Whether the store lives a new life since this was last asked, and a client that
 * knew the old one is told to fetch all again.
 */
bool power_has_new_epoch(struct power *power);

/* Another machine, without a store. The programs must not run. Returns 0 or -errno. */
int power_renew(struct power *power);
