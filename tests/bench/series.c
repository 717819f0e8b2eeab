/* Figures beside their references, see series.h. */
#include "tests/bench/series.h"

void series_add(struct series *series, double own, double reference)
{
	samples_add(&series->own, own);
	samples_add(&series->reference, reference);
	samples_add(&series->ratio, own / reference);
}

int series_status(const struct series *series)
{
	return samples_status(&series->ratio);
}

void series_report(struct report *report, struct series *series, struct row row)
{
	row.value = samples_median(&series->own);
	row.reference = samples_median(&series->reference);
	row.ratio = samples_median(&series->ratio);
	report_row(report, &row);
}

void series_clear(struct series *series)
{
	samples_clear(&series->own);
	samples_clear(&series->reference);
	samples_clear(&series->ratio);
}

void series_release(struct series *series)
{
	samples_release(&series->own);
	samples_release(&series->reference);
	samples_release(&series->ratio);
}
