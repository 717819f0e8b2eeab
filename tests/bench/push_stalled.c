/*
 * Whether clients that read nothing cost the others anything: a tenth of all stops reading,
 * their queues are filled, and creates go on for everybody. The latency of the others is
 * compared with what it was before, and the push daemon's memory with what its configuration
 * allows for a queue.
 */
#include "tests/bench/push_web.h"

#include "tests/bench/process.h"
#include "tests/bench/series.h"

enum {
	EVERY = 10,	  /* one of so many stops */
	FILL_MORE = 3800, /* bytes of a notification's data: nearly the most */
	FILLS = 40,	  /* of them; a queue and two socket buffers hold less */
	STALL_ROUNDS = 3,
	SLACK = 8, /* so much of a queue may the allocator need beside it: one in … */
};

static unsigned silent_count(const struct bench *bench)
{
	return (bench->clients - 1) / EVERY + 1;
}

/*
 * Broadcasts, which are little work for the store, so that none of it is left when the
 * latency is measured. Each waits until all who read have the one before.
 */
static int fill_queues(struct bench *bench, const struct stage *stage)
{
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	int r = inbox_new(instance_config(stage->service.store), &inbox);

	for (unsigned i = 0; r == 0 && i < FILLS; i++) {
		struct stamped everybody;

		audience_listen(stage->audience);
		bench_stamp(&everybody, (struct slice){ 0 }, clock_ns(), FILL_MORE);
		r = bench_call(inbox, &everybody.request);
		if (r == 0)
			r = audience_await(stage->audience, bench->clients - silent_count(bench));
	}
	return r;
}

/* What the rounds have found. */
struct found {
	struct series latency; /* 99th percentiles in microseconds, with and without */
	struct samples grown;  /* bytes a silent client … */
	uint64_t queue;	       /* … of which the configuration allows so many */
};

static void found_release(struct found *found)
{
	series_release(&found->latency);
	samples_release(&found->grown);
}

static int64_t memory_of(const struct stage *stage)
{
	return process_memory(stage->service.pushd, "smaps_rollup", "Pss");
}

/* The tenth stops reading, and is written to until its queues are full. */
static int stall(struct bench *bench, const struct stage *stage, struct found *found)
{
	int64_t before = memory_of(stage), after;
	int r = audience_silence(stage->audience);

	if (r == 0)
		r = fill_queues(bench, stage);
	after = memory_of(stage);
	if (r < 0 || before < 0 || after < 0)
		return r < 0 ? r : (int)(before < 0 ? before : after);
	found->queue = instance_config(stage->service.store)->push.send_queue;
	samples_add(&found->grown, (double)(after - before) / silent_count(bench));
	return 0;
}

static int latency(struct bench *bench, const struct stage *stage, const struct web *web,
	double *ret_p99)
{
	_cleanup_(samples_release) struct samples times = { 0 };
	int r = bench_latency(bench, stage, web, EVERY, &times);

	if (r == 0)
		*ret_p99 = samples_percentile(&times, 99);
	return r;
}

static int run_round(struct bench *bench, struct found *found)
{
	_cleanup_(stage_release) struct stage stage = { 0 };
	_cleanup_(web_release) struct web web = { 0 };
	double without = 0, with = 0;
	int r = bench_begin(bench, "stalled", DURABILITY_WRITE, EVERY, &stage);

	if (r == 0)
		r = web_begin(&web, &stage.service, bench->directory);
	if (r == 0)
		r = audience_connect(stage.audience);
	if (r == 0)
		r = latency(bench, &stage, &web, &without);
	if (r == 0)
		r = stall(bench, &stage, found);
	if (r == 0)
		r = latency(bench, &stage, &web, &with);
	if (r < 0)
		return r;
	series_add(&found->latency, with, without);
	return series_status(&found->latency);
}

static void report(struct bench *bench, struct found *found)
{
	struct row latency = {
		.measurement = "stalled",
		.name = "p99 of who reads, write",
		.unit = "us",
		.against = "nobody stalls",
		.bound = BOUND_AT_MOST,
		.limit = 1.2,
	};
	struct row memory = {
		.measurement = "stalled",
		.name = "memory of who does not read",
		.unit = "B",
		.value = samples_max(&found->grown),
		.bound = BOUND_AT_MOST,
		.limit = (double)found->queue * (1 + 1.0 / SLACK),
	};

	series_report(&bench->report, &found->latency, latency);
	report_row(&bench->report, &memory);
}

int measure_stalled(struct bench *bench)
{
	_cleanup_(found_release) struct found found = { 0 };
	unsigned rounds = bench->seconds > 0 ? STALL_ROUNDS : 1;
	int r = 0;

	if (!bench_has_web(bench, "stalled"))
		return 0;
	for (unsigned i = 0; r == 0 && i < rounds; i++)
		r = run_round(bench, &found);
	if (r == 0)
		report(bench, &found);
	return r;
}
