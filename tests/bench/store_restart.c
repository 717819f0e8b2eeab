/*
 * How long a store that was killed under full load is away: from the start of the
 * process to the first answer. How much log there is to recover only the store knows, since
 * it makes a checkpoint when it finds it best; so it is killed after several lengths, among
 * them the greatest that it can come to.
 */
#include "tests/bench/store_bench.h"

#include <errno.h>

enum {
	CLIENTS = 64,
	LOG_LEAST = 12 << 20, /* bytes of log after which a checkpoint may be made … */
	LOG_MOST = 18 << 20,  /* … and must be, as stored/writeback.c has it */
	JUST_BEFORE = 256 << 10,
	CREATE_MAX = 4096, /* bytes of log that a create takes at most */
};

/* Creates until the store is killed under them. */
struct load {
	struct instance *instance;
	struct workload_create create;
	uint64_t next;
	uint64_t look; /* number of the create before which the log is looked at */
	int64_t log_until;
	bool killed;
};

/* Kills the store if its log is long enough; else tells when to look again. -errno if it cannot. */
static int look(struct load *load)
{
	int64_t end = log_end(instance_config(load->instance));
	int64_t left = load->log_until - end;

	if (end < 0)
		return (int)end;
	if (left <= 0) {
		instance_kill(load->instance);
		load->killed = true;
	}
	load->look = load->next + CLIENTS + (left > 0 ? (uint64_t)left / CREATE_MAX : 0);
	return 0;
}

/* At the end all others' requests are under way. */
static const struct inbox_request *next_create(void *context)
{
	struct load *load = context;

	if (load->next >= load->look && (look(load) < 0 || load->killed))
		return NULL;
	workload_create(&load->create, load->next++);
	return &load->create.request;
}

/* Waits for the first answer of a store that was just started. */
static int await_answer(struct instance *instance)
{
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	struct inbox_request count = { .operation = INBOX_COUNT, .user = SLICE("anybody") };
	int r = inbox_new(instance_config(instance), &inbox);

	return r == 0 ? bench_call(inbox, &count, NULL, NULL) : r;
}

/* A start ends with a checkpoint, from which on the log has that length. */
static int load_and_kill(struct load *load, int64_t length)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	struct crowd_plan plan = { .next = next_create, .context = load };
	int64_t end = log_end(instance_config(load->instance));
	int r;

	if (end < 0)
		return (int)end;
	load->log_until = end + length - JUST_BEFORE;
	load->killed = false;
	load->look = load->next;
	r = crowd_new(instance_config(load->instance), CLIENTS, 1, &crowd);
	if (r == 0)
		r = crowd_run(crowd, &plan, NULL);
	return load->killed ? 0 : r == 0 ? -EPROTO : r;
}

static int start_timed(struct instance *instance, struct samples *times)
{
	int64_t begin = clock_ns();
	int r = instance_start(instance);

	if (r == 0)
		r = await_answer(instance);
	samples_add(times, microseconds_since(begin) / 1000);
	return r;
}

static void report(struct bench *bench, struct samples *times)
{
	struct row median = {
		.measurement = "restart",
		.name = "to the first answer, median",
		.unit = "ms",
		.value = samples_median(times),
		.bound = BOUND_AT_MOST,
		.limit = 500,
	};
	struct row longest = median;

	longest.name = "to the first answer, max";
	longest.value = samples_max(times);
	report_row(&bench->report, &median);
	report_row(&bench->report, &longest);
}

/* From the most down to the least. */
static int64_t length_of(const struct bench *bench, unsigned round)
{
	return LOG_MOST - (int64_t)(LOG_MOST - LOG_LEAST) * round / bench_rounds(bench);
}

int measure_restart(struct bench *bench)
{
	_cleanup_(samples_release) struct samples times = { 0 };
	struct load load = { 0 };
	_cleanup_(freeing_instance_free) struct instance *instance = NULL;
	int r = instance_new(bench->directory, "restart", DURABILITY_WRITE, &instance);

	load.instance = instance;
	if (r == 0)
		r = instance_start(instance);
	if (r == 0)
		r = await_answer(instance);
	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++) {
		r = load_and_kill(&load, length_of(bench, i));
		if (r == 0)
			r = start_timed(instance, &times);
	}
	if (r == 0)
		report(bench, &times);
	return r;
}
