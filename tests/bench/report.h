/*
 * What a benchmark found: a table for people, or with --json one object a line.
 * A row appears when it is reported, since the next one may take a while.
 */
#pragma once

#include <stdbool.h>

enum bound { BOUND_NONE, BOUND_AT_LEAST, BOUND_AT_MOST };

struct row {
	const char *measurement; /* rows of one stand together */
	const char *name;
	const char *unit;
	double value;
	const char *against; /* what the reference is; NULL = there is none */
	double reference;
	double ratio;	  /* 0 = value / reference */
	enum bound bound; /* how the ratio, without a reference the value, must lie … */
	double limit;	  /* … to this */
};

/* A zeroed struct with the program's name is ready for use. */
struct report {
	const char *program;
	bool json;
	const char *measurement; /* of the row before */
};

void report_row(struct report *report, const struct row *row);

/* Tells somebody at a terminal what takes so long. */
void report_note(const struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
