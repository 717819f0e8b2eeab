/*
 * What a message says, without parsing all of it: the names of its members do not come in our
 * notifications' texts.
 */
#pragma once

#include "lib/change.h"

/* The counts, and the change that they are as of. Returns whether they are there. */
bool told_counts(struct slice text, struct counts *ret_counts);

bool told_contains(struct slice text, const char *what);
