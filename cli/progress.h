/*
 * A line on standard error that tells how far long work has come; only where
 * that is a terminal, and a few times a second.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	int input; /* a file that is read to its end: then there is a bar; -1 = none */
	const char *done; /* what is done is called: "sent" */
	bool wanted;
	bool shown;	     /* the line stands there now */
	int64_t begun, next; /* milliseconds of the monotonic clock */
};

/* `done` must outlive it. */
struct progress progress_begin(const char *done);

/* Work goes as far as this descriptor is read; it makes no difference unless that is of a file. */
void progress_follow(struct progress *progress, int input);

/* Shows the numbers, if it is time to. */
void progress_show(struct progress *progress, uint64_t done, uint64_t failed);

/* Shows another line than that, if it is time to. */
void progress_say(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Takes the line away, for something else to be printed. */
void progress_clear(struct progress *progress);
