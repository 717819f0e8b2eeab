/* What a token says, once its signature is known to be right. Private to lib/token*.c. */
#pragma once

#include "lib/token.h"

/* The last moment that a claim may name: 9999-12-31T23:59:59Z, in seconds. */
#define TOKEN_TIME_MAX INT64_C(253402300799)

/*
 * Reads the payload, JSON text, and checks it at the time `now` (seconds since
 * the epoch). Returns 0 and a principal to release, TOKEN_MALFORMED, TOKEN_CLAIMS,
 * TOKEN_EXPIRED, TOKEN_NOT_YET, or -ENOMEM.
 */
int token_claims_check(const struct config *config, struct slice payload, int64_t now,
	struct principal *ret_principal);

/* The user alone, whatever else the payload says: TOKEN_MALFORMED, TOKEN_CLAIMS, or -ENOMEM. */
int token_claims_user(const struct config *config, struct slice payload, char **ret_user);
