/* Samples, see samples.h. They are all kept: a minute of them is a few megabytes. */
#include "tests/bench/samples.h"

#include <math.h>

void samples_add(struct samples *samples, double value)
{
	buffer_append(&samples->values, &value, sizeof(value));
	samples->sorted = false;
}

size_t samples_count(const struct samples *samples)
{
	return samples->values.len / sizeof(double);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The values in ascending order. */
static const double *samples_sorted(struct samples *samples)
{
	if (!samples->sorted && samples->values.len > 0)
		qsort(samples->values.data, samples_count(samples), sizeof(double), compare);
	samples->sorted = true;
	return (const void *)samples->values.data;
}

double samples_percentile(struct samples *samples, double percent)
{
	const double *sorted = samples_sorted(samples);
	size_t count = samples_count(samples);
	size_t rank = (size_t)ceil((double)count * percent / 100);

	if (count == 0)
		return NAN;
	return sorted[rank > 0 ? rank - 1 : 0];
}

double samples_median(struct samples *samples)
{
	return samples_percentile(samples, 50);
}

double samples_max(struct samples *samples)
{
	return samples_percentile(samples, 100);
}

int samples_status(const struct samples *samples)
{
	return buffer_status(&samples->values);
}

void samples_clear(struct samples *samples)
{
	buffer_clear(&samples->values);
}

void samples_release(struct samples *samples)
{
	buffer_release(&samples->values);
}

int64_t cpu_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_ns(void)
{
	return cpu_ns(CLOCK_MONOTONIC);
}

double seconds_since(int64_t begin)
{
	return (double)(clock_ns() - begin) / 1e9;
}

double microseconds_since(int64_t begin)
{
	return (double)(clock_ns() - begin) / 1e3;
}
