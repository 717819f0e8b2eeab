/* Web origins (RFC 6454): what both the REST program and the push daemon compare. */
#pragma once

#include "lib/slice.h"

#include <stdbool.h>

/* Whether a list, ended by NULL, names this origin. Never true of "null", which is nobody's. */
bool origin_is_listed(char *const *list, struct slice origin);

/*
 * Whether it is the origin of what this host (a Host header, so perhaps with the scheme's
 * default port, which no origin names) serves by this scheme.
 */
bool origin_is_of(struct slice origin, const char *scheme, struct slice host);
