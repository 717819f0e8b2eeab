/*
 * Universally unique identifiers of version 7 (RFC 9562, section 5.7): 48 bits
 * of milliseconds, then a counter and random bits, so that they sort by the time
 * at which they were made, as bytes and as text alike.
 */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

enum { UUID_BYTES = 16, UUID_LENGTH = 36, UUID_SIZE = UUID_LENGTH + 1 };

struct uuid {
	uint8_t bytes[UUID_BYTES];
};

/*
 * Makes an identifier for this moment that is above every one up to *last, and
 * puts it into *last: if the clock stands still or has jumped back, it counts
 * on from there. Returns 0 or -errno (no random bytes).
 */
int uuid_next(struct uuid *last, int64_t now);

/* The identifier that is n above this one, as a batch counts its own from the first. */
struct uuid uuid_add(const struct uuid *uuid, uint32_t n);

enum { UUID_RANDOM_BYTES = 10 };

/* The identifier of this moment whose other bits are taken from these bytes. */
struct uuid uuid_of(int64_t time, const uint8_t bytes[static UUID_RANDOM_BYTES]);

/* The milliseconds that the identifier bears. */
int64_t uuid_time(const struct uuid *uuid);

/* Writes UUID_LENGTH lower-case characters and a NUL. */
void uuid_format(const struct uuid *uuid, char text[static UUID_SIZE]);

/* Reads the 36-character form, of any version, in any case. Returns 0 or -EINVAL. */
int uuid_parse(struct slice text, struct uuid *ret_uuid);

/* Whether it is one of version 7 whose time has a text form, see lib/timestamp.h. */
bool uuid_is_version_7(const struct uuid *uuid);

/* Below, equal or above zero, like memcmp(). */
int uuid_compare(const struct uuid *a, const struct uuid *b);
