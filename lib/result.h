/*
 * What an int result means, everywhere in this code base:
 *
 *	0	done
 *	< 0	-errno: fatal to what was being done; forwarded unchanged by
 *		every caller up to the one that can report or retry it
 *	> 0	a condition that the function's header documents, and that its
 *		direct caller handles
 *
 * Out-parameters are named ret_something and are not touched on failure.
 * Whatever a function hands out belongs to the caller unless its header says
 * otherwise. Libraries never log and never exit.
 *
 * Below are the ways in which owned locals are released: a variable declared
 * with _cleanup_(f) has f(&variable) run on it when it leaves its scope;
 * take(variable) hands the value on and disarms that.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines freeing_f(), for _cleanup_(freeing_f) on a local of this type. */
#define DEFINE_CLEANUP(type, f)                                                                    \
	static inline void freeing_##f(type *p)                                                    \
	{                                                                                          \
		if (*p)                                                                            \
			f(*p);                                                                     \
	}

#define take(variable)                                                                             \
	({                                                                                         \
		__typeof__(variable) taken_ = (variable);                                          \
		(variable) = (__typeof__(variable)){ 0 };                                            \
		taken_;                                                                            \
	})

static inline void freeing_memory(void *p)
{
	free(*(void **)p);
}

static inline void closing_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void closing_file(FILE *const *file)
{
	if (*file)
		fclose(*file);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
