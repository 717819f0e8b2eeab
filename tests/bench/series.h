/* A figure and its reference, taken in turn some times: what is told is the median of each. */
#pragma once

#include "tests/bench/report.h"
#include "tests/bench/samples.h"

/* A zeroed struct is empty. */
struct series {
	struct samples own, reference, ratio;
};

void series_add(struct series *series, double own, double reference);

/* 0 or -ENOMEM. */
int series_status(const struct series *series);

/* Reports a row, of which value, reference and ratio are filled in here. */
void series_report(struct report *report, struct series *series, struct row row);

void series_clear(struct series *series);
void series_release(struct series *series);
