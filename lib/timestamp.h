/*
 * Points in time as milliseconds since 1970-01-01T00:00:00Z, and their text
 * form, RFC 3339 in UTC with milliseconds: 2026-01-31T09:30:00.123Z.
 */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

enum { TIMESTAMP_LENGTH = 24, TIMESTAMP_SIZE = TIMESTAMP_LENGTH + 1 };

/* The last moment that the text form can tell: 9999-12-31T23:59:59.999Z. */
#define TIMESTAMP_MAX INT64_C(253402300799999)

int64_t timestamp_now(void);

/* The same in microseconds. */
int64_t timestamp_now_us(void);

/* Writes TIMESTAMP_LENGTH characters and a NUL; 0 <= time <= TIMESTAMP_MAX. */
void timestamp_format(int64_t time, char text[static TIMESTAMP_SIZE]);

/*
 * Reads any RFC 3339 date-time from 1970 to 9999, whatever its offset, but for
 * leap seconds (":60"), which are refused; what is finer than a millisecond is cut
 * off. Returns 0 or -EINVAL.
 */
int timestamp_parse(struct slice text, int64_t *ret_time);
