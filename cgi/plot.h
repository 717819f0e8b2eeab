/*
 * Small plots as SVG, for a page with a strict policy: no style and no script in them, only
 * classes, which status.css colours for light and dark.
 */
#pragma once

#include "lib/buffer.h"

/* How numbers of an axis are written. */
typedef void plot_format(struct buffer *to, double number);

enum { PLOT_LINES_MAX = 2 };

/* Values over time, the oldest first; where there is none (NAN) a line has a gap. */
struct plot_lines {
	const char *title; /* for those who do not see it, with what the newest values are */
	const char *span;  /* where the axis begins: "15 min ago" */
	plot_format *format;
	double least;  /* above 0: so far the axis reaches at least */
	size_t points; /* of each line; at least 2 */
	size_t lines;
	struct {
		const char *name; /* plain text */
		const double *values;
	} line[PLOT_LINES_MAX];
};

void plot_append_lines(struct buffer *to, const struct plot_lines *plot);

/* A histogram: how many fell below each bound, and above all of them. */
struct plot_bars {
	const char *title;
	plot_format *format;  /* of the bounds */
	size_t bars;	      /* at least 1; the last is of what lies above all bounds */
	const double *bounds; /* bars - 1 of them */
	const double *counts; /* of each bar by itself */
};

void plot_append_bars(struct buffer *to, const struct plot_bars *plot);

/* The next greater number that is round: 1, 2 or 5 times a power of ten; at least 1. */
double plot_round_up(double number);
