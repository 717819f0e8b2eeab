/*
 * What the store counts while it runs, for the statistics that it tells; see statistics.c. All
 * of it begins with the start of the program.
 *
 * Counting is an addition, done by the thread that serves. What a transaction changes counts
 * once that is committed.
 */
#pragma once

#include "lib/inbox.h"
#include "lib/publisher.h"

/* How often something was done that takes time, and how long; in microseconds. */
struct timing {
	uint64_t count;
	uint64_t last, longest, total;
};

/* It was done, from that moment of clock_us() on. */
void timing_add(struct timing *timing, int64_t begin);

/* Notifications, and last the broadcasts. */
enum counter {
	COUNTER_NONE,
	COUNTER_CREATED,
	COUNTER_READ,
	COUNTER_UNREAD,
	COUNTER_DELETED,
	COUNTER_EXPIRED,
	COUNTER_WITHDRAWN,
	COUNTER_BROADCAST_CREATED,
	COUNTER_BROADCAST_EXPIRED,
	COUNTER_BROADCAST_WITHDRAWN,
	COUNTERS,
};

struct flushes {
	struct timing time;
	uint64_t requests; /* whose answers waited for one, all together */
	uint64_t most;	   /* … for a single one */
};

/* What was done for those who ask by a publisher key, by the names of these. */
struct key_counter {
	char name[PUBLISHER_NAME_MAX + 1];
	uint64_t requests;
	uint64_t notifications; /* that these have created; a broadcast is one */
};

/* Those names that come when there is no place any more share the last, which has this name. */
#define KEY_COUNTER_OTHERS "*"

enum { KEY_COUNTERS_MAX = 257 /* as many as there are keys in a file, and that one */ };

struct counters {
	int64_t begun; /* as clock_us() had it */
	uint64_t committed[COUNTERS];
	uint64_t pending[COUNTERS];	  /* of the transaction under way */
	uint64_t results[INBOX_STATUSES]; /* requests by what became of them; [0] = done */
	struct flushes flushes;
	unsigned connections;	 /* now */
	uint64_t accepted;	 /* connections ever */
	uint64_t without_rights; /* peers that were refused for that … */
	uint64_t without_room;	 /* … or because there were too many connections */
	struct key_counter keys[KEY_COUNTERS_MAX];
	size_t key_count;
};

void counters_init(struct counters *counters);

/* The transaction changes so many notifications in this way; what is not counted is left out. */
void counters_add(struct counters *counters, enum change_kind kind, uint64_t notifications);

/* A request of this caller was done, and has created so many. One of a user counts for no key. */
void counters_add_key(struct counters *counters, struct slice caller, uint64_t notifications);

void counters_commit(struct counters *counters);
void counters_abort(struct counters *counters);
