/* The whole of tidings-away: from the log to the couriers. */
#pragma once

#include "lib/config.h"

struct away;

/*
 * The configuration, read from `path`, must outlive it. Says in the log what is wrong. Returns 0
 * or -errno.
 */
int away_new(const struct config *config, const char *path, struct away **ret_away);

/* Couriers under way are killed. Returns NULL. */
struct away *away_free(struct away *away);

DEFINE_CLEANUP(struct away *, away_free)

/*
 * Until SIGTERM or SIGINT; then it waits for the couriers under way. SIGHUP has the level of
 * the log read again. Returns 0 or -errno.
 */
int away_run(struct away *away);
