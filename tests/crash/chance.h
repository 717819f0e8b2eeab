/* Time and chance, for those who wait for an instant that nobody can foresee. */
#pragma once

#include <stdint.h>

/* Microseconds of a clock that never jumps. */
int64_t monotonic_us(void);

/* One of 0 to n - 1, each as likely; n > 0. */
unsigned pick(unsigned n);

enum { KEY_SIZE = 40 };

/* A text that nobody else comes upon, whoever runs this test at the same time. */
void make_key(char key[static KEY_SIZE]);

/* Of `of` times about `n` are true. */
static inline int by_chance(unsigned n, unsigned of)
{
	return pick(of) < n;
}
