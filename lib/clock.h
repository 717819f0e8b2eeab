/* The clock that never jumps (CLOCK_MONOTONIC), for distances and deadlines. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Microseconds since some moment in the past, the same for all processes. */
static inline int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The same in milliseconds. */
static inline int64_t clock_ms(void)
{
	return clock_us() / 1000;
}
