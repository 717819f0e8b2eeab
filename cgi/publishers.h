/* Publisher keys as a program checks them: always those that stand in the file now. */
#pragma once

#include "lib/config.h"
#include "lib/token.h"

struct publishers;

/*
 * Reads the file that the configuration names; the configuration must outlive it. Returns 0; or
 * -errno, with a sentence in *ret_problem to be freed (NULL when out of memory).
 */
int publishers_new(const struct config *config, struct publishers **ret_publishers,
	char **ret_problem);

/* Returns NULL. */
struct publishers *publishers_free(struct publishers *publishers);

DEFINE_CLEANUP(struct publishers *, publishers_free)

/*
 * Checks a key at the time `now` (milliseconds since the epoch). Returns 0 and a principal to
 * release, a TOKEN_KEY_… of enum token_error, or -ENOMEM.
 */
int publishers_verify(struct publishers *publishers, struct slice key, int64_t now,
	struct principal *ret_principal);
