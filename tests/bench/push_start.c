/*
 * How long a push daemon takes from the start of its process until it has let its first
 * client in, who waits for it.
 */
#include "tests/bench/push_bench.h"

static void report(struct bench *bench, struct samples *times)
{
	struct row median = {
		.measurement = "start",
		.name = "to the first client, median",
		.unit = "ms",
		.value = samples_median(times),
		.bound = BOUND_AT_MOST,
		.limit = 50,
	};
	struct row longest = median;

	longest.name = "to the first client, max";
	longest.value = samples_max(times);
	report_row(&bench->report, &median);
	report_row(&bench->report, &longest);
}

int measure_start(struct bench *bench)
{
	_cleanup_(service_release) struct service service = { 0 };
	_cleanup_(samples_release) struct samples times = { 0 };
	int r = bench_begin_service(bench, "start", DURABILITY_WRITE, &service);

	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++) {
		int64_t begin;

		service_kill_pushd(&service);
		begin = clock_ns();
		r = service_start_pushd(&service);
		if (r == 0)
			r = service_await_pushd(&service, heads_get(bench->heads, 0));
		samples_add(&times, microseconds_since(begin) / 1000);
	}
	if (r == 0)
		report(bench, &times);
	return r;
}
