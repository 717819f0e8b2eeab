/*
 * What was told of each user: whoever is told of the same change, be it the push daemon's
 * clients or those of the store, must be told the same counts.
 */
#pragma once

#include "lib/change.h"

enum {
	TRUTH_USERS = 40,
	TRUTH_KEPT = 8192, /* of each user's changes, the last */
};

struct truth {
	struct counts *kept;		  /* TRUTH_USERS rows of TRUTH_KEPT */
	struct counts store[TRUTH_USERS]; /* as the store has it, when it was last asked */
	uint64_t newest[TRUTH_USERS];	  /* change that anybody was told of */
	bool known[TRUTH_USERS];	  /* it has answered since */
	uint64_t compared, contradicted;
};

/* Returns 0 or -ENOMEM. */
int truth_init(struct truth *truth);
void truth_release(struct truth *truth);

/* These counts were told of this user, as of their seq. */
void truth_note(struct truth *truth, unsigned user, const struct counts *counts);

/* The user's name. */
const char *truth_name(unsigned user, char text[static 16]);
