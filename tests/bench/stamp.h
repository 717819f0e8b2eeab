/*
 * A time in a message: the publisher writes when it meant to send, the client takes the
 * difference. Both read one clock, which all processes of the machine share.
 */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

enum { STAMP_LEN = sizeof("sent=0123456789012345678") - 1 };

/* Writes a time of clock_ns(), with a NUL. */
const char *stamp_write(int64_t time, char text[static STAMP_LEN + 1]);

/* The time in a message, 0 if there is none. *ret_at, which may be NULL, is where it begins. */
int64_t stamp_find(struct slice message, size_t *ret_at);
