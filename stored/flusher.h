/*
 * The flusher: makes commits durable in a thread of its own, so that answers
 * wait for the disk while the next batch is worked on. One flush serves all
 * batches that were handed over before it began.
 */
#pragma once

#include "stored/answers.h"
#include "stored/store.h"

struct flusher;

/* Starts the thread. Returns 0 or -errno. */
int flusher_new(struct store *store, struct flusher **ret_flusher);

/* Waits until all that was handed over is flushed, then ends the thread. Returns NULL. */
struct flusher *flusher_free(struct flusher *flusher);

/* Hands over the answers of a committed batch; *answers is left empty. Returns 0 or -ENOMEM. */
int flusher_put(struct flusher *flusher, struct answers *answers);

/* Readable when flusher_take() has something. Owned by the flusher. */
int flusher_fd(const struct flusher *flusher);

enum { FLUSHER_NOTHING = 1 };

/*
 * Takes back the answers of one batch that is durable now. Returns 0,
 * FLUSHER_NOTHING, or the -errno of a failed flush: then nothing may be
 * acknowledged any more. Tells the store's counters how many flushes there were.
 */
int flusher_take(struct flusher *flusher, struct answers *ret_answers);
