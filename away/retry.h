/* When what could not be handed over is tried again. */
#pragma once

#include <stdint.h>

enum { RETRY_MAX_SECONDS = 3600 };

/* Seconds to wait after so many tries, 1 or more: doubled each time, up to an hour. */
static inline unsigned retry_delay(unsigned first, unsigned tries)
{
	unsigned doublings = tries - 1 < 12 ? tries - 1 : 12;
	uint64_t delay = (uint64_t)first << doublings;

	return delay < RETRY_MAX_SECONDS ? (unsigned)delay : RETRY_MAX_SECONDS;
}
