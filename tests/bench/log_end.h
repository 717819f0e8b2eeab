/* How far a store's log has come, as the store says it to who connects. */
#pragma once

#include "lib/config.h"

/* A place in the log as bytes since there is one: less than a record wrong a file. */
int64_t log_position(uint32_t file, uint32_t offset);

/* Where the log ends; the difference of two is what was logged between. Or -errno. */
int64_t log_end(const struct config *config);
