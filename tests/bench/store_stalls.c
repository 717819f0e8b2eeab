/*
 * What a reader notices while the store takes all creates that it can: a
 * checkpoint stops everything for a moment. The creates come from another thread;
 * the counts from this one, before and meanwhile in turn.
 */
#include "tests/bench/store_bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CLIENTS = 64 };

struct load {
	const struct config *config;
	atomic_bool over;
	uint64_t next;
	struct workload_create create;
	int result;
};

static const struct inbox_request *next_create(void *context)
{
	struct load *load = context;

	if (atomic_load(&load->over))
		return NULL;
	workload_create(&load->create, load->next++);
	return &load->create.request;
}

static void *run_load(void *context)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	struct load *load = context;
	struct crowd_plan plan = { .next = next_create, .context = load };

	load->result = crowd_new(load->config, CLIENTS, 1, &crowd);
	if (load->result == 0)
		load->result = crowd_run(crowd, &plan, NULL);
	return NULL;
}

/* Counts while the creates run; -errno of either. */
static int count_under_load(struct load *load, int64_t duration, struct samples *times)
{
	pthread_t thread;
	int r;

	atomic_store(&load->over, false);
	r = -pthread_create(&thread, NULL, run_load, load);
	if (r < 0)
		return r;
	r = bench_count_for(load->config, duration, times);
	atomic_store(&load->over, true);
	pthread_join(thread, NULL);
	return r < 0 ? r : load->result;
}

struct stalls {
	struct instance *instance;
	struct load load;
	struct samples idle, loaded;
};

static void stalls_release(struct stalls *stalls)
{
	instance_free(stalls->instance);
	samples_release(&stalls->idle);
	samples_release(&stalls->loaded);
}

static int run_rounds(struct bench *bench, struct stalls *stalls)
{
	const struct config *config = stalls->load.config;
	int64_t duration = bench_round_ns(bench);
	int r = 0;

	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++) {
		r = bench_settle(config);
		if (r == 0)
			r = bench_count_for(config, duration / 2, &stalls->idle);
		if (r == 0)
			r = count_under_load(&stalls->load, duration * 2, &stalls->loaded);
	}
	return r;
}

/* How much there was to be brought to the disk. */
static int report_log(struct bench *bench, const struct stalls *stalls)
{
	int64_t end = log_end(instance_config(stalls->instance));
	struct row row = {
		.measurement = "stalls",
		.name = "log written meanwhile",
		.unit = "MB",
		.value = (double)end / (1 << 20),
	};

	if (end < 0)
		return (int)end;
	report_row(&bench->report, &row);
	return 0;
}

int measure_stalls(struct bench *bench)
{
	static const struct percentile percentiles[] = {
		{ "p50", 50, BOUND_NONE, 0 },
		{ "p99", 99, BOUND_NONE, 0 },
		{ "p99.9", 99.9, BOUND_NONE, 0 },
		{ "max", 100, BOUND_NONE, 0 },
		{ 0 },
	};
	_cleanup_(stalls_release) struct stalls stalls = { 0 };
	int r = instance_new(bench->directory, "stalls", DURABILITY_WRITE, &stalls.instance);

	if (r == 0)
		r = instance_start(stalls.instance);
	if (r < 0)
		return r;
	stalls.load.config = instance_config(stalls.instance);
	r = run_rounds(bench, &stalls);
	if (r < 0)
		return r;
	bench_report_times(bench, "stalls", "count among creates", &stalls.loaded, "idle",
		&stalls.idle, percentiles);
	return report_log(bench, &stalls);
}
