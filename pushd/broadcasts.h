/*
 * The last broadcast changes, kept once for everybody: for the users who cannot be told of
 * one at once because the store is being asked about them, or must be first.
 */
#pragma once

#include "lib/change.h"

enum { BROADCASTS_KEPT = 64 };

/* A zeroed struct is empty. */
struct broadcasts {
	uint64_t oldest, newest;		/* numbers of what is kept; 0 = nothing */
	struct buffer records[BROADCASTS_KEPT]; /* each at its number modulo so many */
};

/*
 * Keeps one; the oldest makes room. If it does not follow the newest, or memory runs out,
 * those before are gone.
 */
void broadcasts_add(struct broadcasts *broadcasts, const struct change *change);

/* Reads one; its slices live until the next is added. False if it is not kept, or not yet there. */
bool broadcasts_get(const struct broadcasts *broadcasts, uint64_t number,
	struct change *ret_change);

/* Forgets all and frees the memory. */
void broadcasts_release(struct broadcasts *broadcasts);
