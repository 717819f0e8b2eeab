/*
 * Times that were measured, and what can be said of them. A zeroed struct is empty.
 *
 * Adding never fails visibly; samples_status() tells whether memory ran out.
 */
#pragma once

#include "lib/buffer.h"

#include <time.h>

struct samples {
	struct buffer values; /* of double */
	bool sorted;
};

void samples_add(struct samples *samples, double value);
size_t samples_count(const struct samples *samples);

/* The smallest value that so many percent of all are not above; not a number if there is none. */
double samples_percentile(struct samples *samples, double percent);
double samples_median(struct samples *samples);
double samples_max(struct samples *samples);

/* 0 or -ENOMEM. */
int samples_status(const struct samples *samples);

void samples_clear(struct samples *samples);
void samples_release(struct samples *samples);

/* Nanoseconds of a clock that never jumps, and of one that counts a processor's time. */
int64_t clock_ns(void);
int64_t cpu_ns(clockid_t clock);

/* What has passed since clock_ns() gave `begin`. */
double seconds_since(int64_t begin);
double microseconds_since(int64_t begin);
