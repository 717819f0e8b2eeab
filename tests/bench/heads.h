/*
 * The request heads with which users connect to the push daemon. They are made before
 * anything is measured, since to sign a token costs more than to check it.
 */
#pragma once

#include "lib/config.h"
#include "lib/slice.h"

struct heads;

/*
 * Makes the heads of the users "user-00000000" (workload_name()) and so on, each with a token
 * of its own that lasts an hour, signed with the configured key. Returns 0 or -errno.
 */
int heads_new(const struct config *config, unsigned count, struct heads **ret_heads);
struct heads *heads_free(struct heads *heads);

DEFINE_CLEANUP(struct heads *, heads_free)

struct slice heads_get(const struct heads *heads, unsigned number);
