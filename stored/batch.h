/*
 * The batch: all requests that have come since the last one, done together.
 *
 * Those that write share one transaction and one flush; those that read are
 * done after it and see its outcome. A read whose caller was never heard of becomes
 * one that writes, in a second transaction. This is the only place where transactions
 * of requests begin and end, and the only one that tries again: if the
 * transaction fails as a whole, each request gets one of its own, so that one
 * that cannot be done takes no other down with it.
 */
#pragma once

#include "stored/answers.h"
#include "stored/store.h"

enum { BATCH_MAX = 1024 /* requests */ };

struct batch;

int batch_new(struct store *store, struct batch **ret_batch);
struct batch *batch_free(struct batch *batch);

DEFINE_CLEANUP(struct batch *, batch_free)

bool batch_is_full(const struct batch *batch);
bool batch_is_empty(const struct batch *batch);

/*
 * Adds what a frame asks for; its memory must stay in place until batch_run().
 * Returns 0, or -EBADMSG for a frame that breaks the protocol.
 */
int batch_add(struct batch *batch, struct client *client, const struct store_frame *frame);

/*
 * Does all of them and empties the batch. Adds the answers of those that wrote
 * (or might have) to *written, of the others to *read. Returns 0, or -errno: the
 * store cannot go on.
 */
int batch_run(struct batch *batch, struct answers *written, struct answers *read);
