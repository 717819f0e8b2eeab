/* The measurements of a benchmark, see suite.h. */
#include "tests/bench/suite.h"

#include <stdbool.h>
#include <string.h>

static bool is_chosen(const struct option_list *only, const char *name)
{
	for (size_t i = 0; i < only->count; i++)
		if (strcmp(only->values[i], name) == 0)
			return true;
	return only->count == 0;
}

static bool is_measurement(const struct suite *suite, const char *name)
{
	for (const struct suite_measurement *measurement = suite->measurements; measurement->name;
		measurement++)
		if (strcmp(measurement->name, name) == 0)
			return true;
	return false;
}

int suite_check(const struct suite *suite, const struct option_list *only)
{
	for (size_t i = 0; i < only->count; i++) {
		if (is_measurement(suite, only->values[i]))
			continue;
		fprintf(stderr, "%s: nothing is called %s, see --help\n", suite->program,
			only->values[i]);
		return 2;
	}
	return 0;
}

int suite_run(const struct suite *suite, const struct option_list *only, struct bench *bench)
{
	for (const struct suite_measurement *measurement = suite->measurements; measurement->name;
		measurement++) {
		int r = is_chosen(only, measurement->name) ? measurement->run(bench) : 0;

		if (r == 0)
			continue;
		fprintf(stderr, "%s: %s: %s\n", suite->program, measurement->name, strerror(-r));
		return 1;
	}
	return 0;
}
