/* The whole of tidings-away: from the log to the couriers. */
#pragma once

#include "lib/config.h"

struct away;

/* Says in the log what is wrong. config must outlive it. Returns 0 or -errno. */
int away_new(const struct config *config, struct away **ret_away);

/* Couriers under way are killed. Returns NULL. */
struct away *away_free(struct away *away);

DEFINE_CLEANUP(struct away *, away_free)

/* Until SIGTERM or SIGINT; then it waits for the couriers under way. Returns 0 or -errno. */
int away_run(struct away *away);
