/* Time and chance, see chance.h. Chance is the kernel's: no run is like another. */
#include "tests/crash/chance.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

int64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

unsigned pick(unsigned n)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof(random), 0);
	return random % n;
}

void make_key(char key[static KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "%08x-%08x-%08x", pick(UINT32_MAX), pick(UINT32_MAX),
		pick(UINT32_MAX));
}
