/*
 * The intake: from the log, read late, to the agenda. It keeps account of how far it got, so
 * that whatever is given again is known.
 */
#pragma once

#include "away/state.h"
#include "lib/inbox.h"

struct intake;

/* All that is given must outlive it. Returns 0 or -errno (-EACCES: the log directory). */
int intake_new(const struct config *config, struct inbox *inbox, struct agenda *agenda,
	struct progress *progress, struct intake **ret_intake);

/* Returns NULL. */
struct intake *intake_free(struct intake *intake);

DEFINE_CLEANUP(struct intake *, intake_free)

/*
 * Notes what is due now (milliseconds since the epoch), a number of changes at a time, unless
 * the agenda is full. Says in the log what is wrong. Returns 0, or -ENOMEM.
 */
int intake_take(struct intake *intake, int64_t now);

/* When there is something to take; INT64_MAX = not before something else happens … */
int64_t intake_due(const struct intake *intake);

/* … which is, where this holds, that intake_fd() becomes readable. */
bool intake_waits(const struct intake *intake);
int intake_fd(const struct intake *intake);
