/*
 * What an administrator should do something about, found in the figures: each with a sentence
 * that says what is so, and one that says what to do. The same limits as those of
 * conf/tidings-alerts.yml, where there is a limit.
 */
#pragma once

#include "cgi/history.h"

enum { TROUBLES_MAX = 16 };

struct trouble {
	bool grave;	    /* something does not work, or soon will not */
	char sentence[240]; /* plain text */
	const char *advice; /* the same; a constant */
};

/* Fills in what there is, the grave ones first. Returns how many. history may be NULL. */
size_t troubles_find(const struct snapshot *snapshot, const struct history *history,
	struct trouble ret_troubles[static TROUBLES_MAX]);
