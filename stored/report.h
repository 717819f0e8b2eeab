/*
 * What a check of a store has to say: the problems, one a line, and what was counted. As
 * text it is printed while the check goes on, as JSON in one line at the end. Where
 * standard error is a terminal, that tells how far the check has come.
 */
#pragma once

#include "lib/buffer.h"

#include <stdint.h>
#include <stdio.h>

enum report_item {
	REPORT_USERS,
	REPORT_NOTIFICATIONS,
	REPORT_UNREAD,
	REPORT_BROADCASTS,
	REPORT_MARKS,
	REPORT_CHANGES,
	REPORT_DUE,
	REPORT_ATTEMPTS,
	REPORT_ITEMS,
};

enum { REPORT_PROBLEMS_MAX = 100 /* told; further ones are only counted */ };

struct report {
	FILE *to;
	bool json;
	bool progress; /* is wanted … */
	bool shown;    /* … and a line of it stands there */
	int64_t next;  /* when to show the next; milliseconds of the monotonic clock */
	uint64_t problems;
	uint64_t counted[REPORT_ITEMS];
	struct buffer list; /* the problems as JSON strings */
};

void report_begin(struct report *report, FILE *to, bool json);

/* Tells a problem, without any control character. */
void report_problem(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Counts one; shows how far the check is, now and then. */
void report_count(struct report *report, enum report_item item);

/* Shows what is done now: "FORMAT ..." */
void report_step(struct report *report, const char *step, const char *what);

/* Prints what is left to say, and frees. Returns how many problems there were. */
uint64_t report_end(struct report *report);
