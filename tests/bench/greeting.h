/* What a store says to who connects: that it is up, and how far its log has come. */
#pragma once

#include "lib/inbox.h"

/* A connection on which the store has greeted. Returns 0 or -errno. */
int greeting_await(const struct config *config, struct inbox **ret_inbox);

/* A place in the log as bytes since there is one: less than a record wrong a file. */
int64_t log_position(uint32_t file, uint32_t offset);

/* Where the log ends; the difference of two is what was logged between. Or -errno. */
int64_t log_end(const struct config *config);
