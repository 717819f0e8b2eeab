/*
 * The feed: committed changes, in the order of their commits, as they happen.
 *
 * The engine seam of the push daemon: nothing here tells which database keeps
 * the changes. A feed only ever reads. Something outside it waits for
 * feed_fd() and then calls feed_next() until there is nothing more.
 */
#pragma once

#include "lib/change.h"
#include "lib/config.h"

#include <stdint.h>

struct feed;

/* A place in the stream of changes: between two records of the log. */
struct feed_position {
	uint32_t file;
	uint32_t offset; /* bytes */
};

/*
 * Watches the store that the configuration names; it need not exist before
 * feed_begin(), which says where to begin. Returns 0 or -errno (-EACCES: the log
 * directory).
 */
int feed_new(const struct config *config, struct feed **ret_feed);

struct feed *feed_free(struct feed *feed);

DEFINE_CLEANUP(struct feed *, feed_free)

/*
 * Goes on from this position: a record's beginning, or the end of the log, whose
 * record and even whose file need not be there yet. A failure is told by
 * feed_next().
 */
void feed_begin(struct feed *feed, struct feed_position position);

/* Finds the beginning of the oldest log file that there is. Returns 0 or -errno (-ENOENT: none). */
int feed_oldest(struct feed *feed, struct feed_position *ret_position);

enum {
	FEED_NOTHING = 1, /* wait for feed_fd() */
	FEED_LOST,	  /* something cannot be read any more: begin anew and resync all */
};

/*
 * Gives the next committed change; its slices live until the next call. Returns
 * 0, FEED_NOTHING, FEED_LOST, or -errno. -EPROTONOSUPPORT: a log of an unknown
 * version. FEED_LOST and -EPROTONOSUPPORT stay until feed_begin(); after any other
 * error the next call tries again, and nothing is lost. FEED_LOST is
 * also what becomes of a change that cannot be understood, and of one
 * transaction with more than 64 MiB of changes.
 */
int feed_next(struct feed *feed, struct change *ret_change);

/*
 * Looks closely at what feed_next() takes for the end: a record that is damaged looks like one
 * that is not written yet, but others follow it, and then the feed is lost. To be called when
 * nothing has come for a while; it reads the rest of a file if there is something in it.
 */
void feed_inspect(struct feed *feed);

/* Becomes readable when there may be something new. Owned by the feed. */
int feed_fd(const struct feed *feed);

/* Takes the wake-ups off feed_fd(); call it before feed_next(). Returns 0 or -errno. */
int feed_drain(struct feed *feed);

/*
 * From where another feed would give all that this one has not yet given. It
 * would also give again those changes of the last transaction that this one has
 * given, unless that was all of them.
 */
struct feed_position feed_position(const struct feed *feed);

/* About how many bytes of log were not yet read. Not for every change: it looks at the files. */
uint64_t feed_lag(const struct feed *feed);
