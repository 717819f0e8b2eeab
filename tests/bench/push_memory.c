/*
 * What a client that is connected, authenticated and idle costs the push daemon in memory of
 * its own. What the kernel keeps for the socket is not in it: that is the same for every server.
 */
#include "tests/bench/push_bench.h"

#include "tests/bench/process.h"

static int64_t memory_of(const struct stage *stage)
{
	return process_memory(stage->service.pushd, "smaps_rollup", "Pss");
}

static void report(struct bench *bench, int64_t before, int64_t after)
{
	struct row client = {
		.measurement = "memory",
		.name = "of an idle client",
		.unit = "B",
		.value = (double)(after - before) / bench->clients,
		.bound = BOUND_AT_MOST,
		.limit = 400,
	};
	struct row daemon = {
		.measurement = "memory",
		.name = "of the push daemon without clients",
		.unit = "kB",
		.value = (double)before / 1e3,
	};

	report_row(&bench->report, &client);
	report_row(&bench->report, &daemon);
}

int measure_memory(struct bench *bench)
{
	_cleanup_(stage_release) struct stage stage = { 0 };
	int r = bench_begin(bench, "memory", DURABILITY_WRITE, 0, &stage);
	int64_t before, after;

	if (r < 0)
		return r;
	before = memory_of(&stage);
	r = audience_connect(stage.audience);
	after = memory_of(&stage);
	if (r < 0 || before < 0 || after < 0)
		return r < 0 ? r : (int)(before < 0 ? before : after);
	report(bench, before, after);
	return 0;
}
