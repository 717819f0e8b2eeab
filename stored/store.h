/*
 * The store: what is kept of every user, and the operations on it.
 *
 * One thread calls all of this. Operations that write run between
 * store_begin() and store_commit(); those that read run outside, and see what
 * was committed.
 */
#pragma once

#include "lib/inbox.h"
#include "stored/counters.h"

#include <stdatomic.h>

struct store;

/* Returns 0, or -errno after logging what to do. */
int store_open(const struct config *config, struct store **ret_store);
struct store *store_close(struct store *store);

/* Whether the operation writes. */
bool store_operation_writes(enum inbox_operation operation);

/* What is answered: the head, and the encoded items that go behind it. */
struct store_reply {
	struct inbox_answer answer;
	struct buffer items;
};

void store_reply_clear(struct store_reply *reply);

/* Return 0 or -errno. A commit is written but not flushed; after a failed one nothing happened. */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_abort(struct store *store);

enum { STORE_STRANGER = 1000 };

/*
 * Does one request. Returns 0 and fills *reply, or an enum inbox_status: then it
 * has written nothing, but that a caller is known who was not; or -errno: then the transaction must be aborted.
 *
 * STORE_STRANGER is what a read returns whose caller was never heard of: it must be done
 * within a transaction, which makes the caller a user.
 */
int store_execute(struct store *store, const struct inbox_request *request, struct store_reply *reply);

/* Whether writes must be refused for want of space. */
bool store_disk_full(struct store *store);

/* Makes all that was committed durable; may be called from another thread. 0 or -errno. */
int store_flush(struct store *store);

enum { STORE_IDLE = 1 };

/*
 * Does a little of what nobody asks for: writes pages back, and in a transaction of its own
 * ends what is due, lets rows follow a bulk operation, or removes what is too old. Returns 0 (there may be more),
 * STORE_IDLE, or -errno.
 */
int store_work(struct store *store);

/*
 * To be called every 100 ms or so: removes old logs, and lets the walk over all users go on.
 * Returns 0 or -errno; store_work() may have something to do afterwards.
 */
int store_keep_house(struct store *store);

/*
 * A copy of the store in its directory `backup`, see stored/copy.h; the store must be held
 * while it is made. Both may be called from another thread. Return 0 or -errno.
 */
int store_copy(struct store *store, const atomic_bool *stop);
int store_remove_copy(struct store *store);

/* Removes what a copy, or a restore, that was broken off has left. Returns 0 or -errno. */
int store_remove_leftovers(struct store *store);

/* Whether housekeeping leaves the log alone. */
void store_hold(struct store *store, bool held);

/* For those who count what the store does not see: requests, flushes, connections. */
struct counters *store_counters(struct store *store);

/* The epoch and the end of the log, between two transactions. Returns 0 or -errno. */
int store_greeting(struct store *store, struct inbox_greeting *ret_greeting);
