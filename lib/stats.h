/*
 * What the push daemon and the store have counted, side by side: the answer of GET /stats, which
 * `tidings stats` and the status page give, too.
 */
#pragma once

#include "lib/control.h"
#include "lib/inbox.h"

/* Zeroed it is empty. */
struct stats {
	struct control_answer push; /* no text: the push daemon could not be asked */
	struct inbox_answer answer; /* of the store … */
	struct slice store;	    /* … and its JSON text; empty: it could not be asked */
};

void stats_release(struct stats *stats);

/* The request to the push daemon. */
#define STATS_COMMAND SLICE("{\"command\":\"statistics\"}")

/* Takes over the store's answer to INBOX_STATISTICS. Returns 0, or -EBADMSG if it tells nothing. */
int stats_take_store(struct stats *stats, struct inbox_answer *answer);

/* Appends {"version":…,"push":…,"store":…} with null for what could not be asked. */
void stats_format(struct buffer *to, const struct stats *stats);
