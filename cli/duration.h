/* Lengths of time as people write them: 90s, 15m, 1h, 7d, 2w. */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

/* The longest that is taken: ten years. */
#define DURATION_MAX_SECONDS (INT64_C(10) * 366 * 24 * 3600)

/* A number from 1 and a unit. Returns 0 and seconds, -EINVAL, or -ERANGE above the longest. */
int duration_parse(struct slice text, int64_t *ret_seconds);

enum { DURATION_TEXT_SIZE = 32 };

/*
 * How long ago `then` was, both in milliseconds since the epoch: "now", "5 min
 * ago"; what is older than a month as a date.
 */
void duration_ago(int64_t now, int64_t then, char text[static DURATION_TEXT_SIZE]);
