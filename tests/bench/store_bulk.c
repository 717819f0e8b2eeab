/*
 * What marking or deleting a whole large inbox costs: the request itself, and what
 * other users notice while the rows follow: how long another user's counts take, before
 * the request and until the log stands still.
 */
#include "tests/bench/store_bench.h"

/*
 * Nanoseconds between two looks at the log. If it stands still the rows have followed,
 * since some of them do after each answer.
 */
enum { LOOK_NS = 50 * 1000 * 1000 };

struct bulk {
	struct bench *bench;
	struct filled *filled;
	struct samples before, meanwhile; /* microseconds of a count */
};

static void bulk_release(struct bulk *bulk)
{
	samples_release(&bulk->before);
	samples_release(&bulk->meanwhile);
}

/* Some counts, and where the log is then; or -errno. */
static int64_t count_some(struct bulk *bulk)
{
	const struct config *config = instance_config(bulk->filled->instance);
	int r = bench_count_for(config, LOOK_NS, &bulk->meanwhile);

	return r < 0 ? r : log_end(config);
}

/* Counts until the rows have followed. Tells how long they took. */
static int count_while_following(struct bulk *bulk, double *ret_seconds)
{
	int64_t begin = clock_ns(), end = -1, now;
	double seconds = 0;

	while ((now = count_some(bulk)) >= 0 && now != end) {
		end = now;
		seconds = seconds_since(begin);
	}
	if (now < 0)
		return (int)now;
	*ret_seconds = seconds;
	return 0;
}

static void report_one(struct bulk *bulk, const char *name, const char *what, const char *unit,
	double value)
{
	char text[64];
	struct row row = {
		.measurement = "bulk",
		.name = text,
		.unit = unit,
		.value = value,
	};

	snprintf(text, sizeof(text), "%s, %s", name, what);
	report_row(&bulk->bench->report, &row);
}

static int run(struct bulk *bulk, const char *name, enum inbox_operation operation)
{
	static const struct percentile percentiles[] = {
		{ "count p50", 50, BOUND_NONE, 0 },
		{ "count p99", 99, BOUND_NONE, 0 },
		{ "count max", 100, BOUND_NONE, 0 },
		{ 0 },
	};
	_cleanup_(samples_release) struct samples request_time = { 0 };
	struct inbox_request request = {
		.operation = operation,
		.user = slice_of(bulk->filled->names[LARGE]),
	};
	double seconds = 0;
	int r;

	samples_clear(&bulk->meanwhile);
	r = bench_call(bulk->filled->inbox, &request, &request_time, NULL);
	if (r == 0)
		r = count_while_following(bulk, &seconds);
	if (r < 0)
		return r;
	report_one(bulk, name, "request", "us", samples_max(&request_time));
	report_one(bulk, name, "all rows", "s", seconds);
	bench_report_times(bulk->bench, "bulk", name, &bulk->meanwhile, "idle", &bulk->before,
		percentiles);
	return 0;
}

int measure_bulk(struct bench *bench)
{
	_cleanup_(bulk_release) struct bulk bulk = { .bench = bench };
	const struct config *config;
	int r = bench_filled(bench, &bulk.filled);

	if (r < 0)
		return r;
	config = instance_config(bulk.filled->instance);
	r = bench_settle(config);
	if (r == 0)
		r = bench_count_for(config, bench->seconds * 1000000000LL, &bulk.before);
	if (r == 0)
		r = run(&bulk, "read all", INBOX_READ_ALL);
	return r == 0 ? run(&bulk, "delete all", INBOX_DELETE_ALL) : r;
}
