/*
 * What a change costs the push daemon whose user is not connected: it reads it in the log, and
 * finds nobody, while others are connected.
 */
#include "tests/bench/push_bench.h"

#include "tests/bench/crowd.h"
#include "tests/bench/process.h"

enum { CREATES = 50000, CREATES_LEAST = 500, CONNECTIONS = 16, WINDOW = 64 };

struct creates {
	struct workload_create create;
	uint64_t made, count;
};

static const struct inbox_request *next_create(void *context)
{
	struct creates *creates = context;
	struct workload_create *create = &creates->create;

	if (creates->made == creates->count)
		return NULL;
	workload_request(create,
		workload_name("absent", creates->made++ % WORKLOAD_USERS, create->user));
	return &create->request;
}

/* The last change is of somebody who listens: once it is told, all before it were read. */
static int run_creates(const struct stage *stage, struct creates *creates)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	const struct config *config = instance_config(stage->service.store);
	struct crowd_plan plan = { .next = next_create, .context = creates };
	struct stamped last;
	char user[WORKLOAD_NAME];
	int r = crowd_new(config, CONNECTIONS, WINDOW, &crowd);

	if (r == 0)
		r = inbox_new(config, &inbox);
	if (r == 0)
		r = crowd_run(crowd, &plan, NULL);
	if (r < 0)
		return r;
	bench_stamp(&last, workload_name("user", 0, user), clock_ns(), 0);
	r = bench_call(inbox, &last.request);
	return r == 0 ? audience_await(stage->audience, 1) : r;
}

int measure_absent(struct bench *bench)
{
	_cleanup_(stage_release) struct stage stage = { 0 };
	struct creates creates = { .count = bench->seconds > 0 ? CREATES : CREATES_LEAST };
	struct row row = {
		.measurement = "absent",
		.name = "cpu of a change that concerns nobody",
		.unit = "us",
	};
	int r = bench_begin(bench, "absent", DURABILITY_WRITE, 0, &stage);
	int64_t begin;

	if (r == 0)
		r = audience_connect(stage.audience);
	if (r < 0)
		return r;
	begin = process_cpu_ns(stage.service.pushd);
	r = run_creates(&stage, &creates);
	if (r < 0)
		return r;
	row.value =
		(double)(process_cpu_ns(stage.service.pushd) - begin) / 1e3 / (double)creates.count;
	report_row(&bench->report, &row);
	return 0;
}
