/*
 * Whether an operation costs more for a large inbox than for one of a hundred: the
 * same requests for both users in the same store, one after the other, in turn. And
 * what memory the store has come to.
 */
#include "tests/bench/store_bench.h"

enum { PAGE = 20 /* notifications */ };

enum step { LIST, COUNT, CREATE, READ_NEW, DELETE_NEW, READ_ANY, STEPS };

static const struct {
	const char *name;
	enum inbox_operation operation;
} steps[STEPS] = {
	[LIST] = { "first page of the list", INBOX_LIST },
	[COUNT] = { "unread count", INBOX_COUNT },
	[CREATE] = { "create", INBOX_CREATE },
	[READ_NEW] = { "mark the newest read", INBOX_MARK_READ },
	[DELETE_NEW] = { "delete the newest", INBOX_DELETE },
	[READ_ANY] = { "mark any read", INBOX_MARK_READ },
};

struct growth {
	struct filled *filled;
	size_t turns;
	struct uuid newest; /* that the last create made */
	struct samples times[STEPS][INBOX_SIZES];
};

static void growth_release(struct growth *growth)
{
	for (int step = 0; step < STEPS; step++)
		for (int size = 0; size < INBOX_SIZES; size++)
			samples_release(&growth->times[step][size]);
}

/* One of the identifiers that were kept, another each turn. */
static struct uuid any_id(const struct growth *growth, enum inbox_size size)
{
	const struct filled *filled = growth->filled;

	return filled->ids[size][growth->turns * 7919 % filled->id_count[size]];
}

static int run_step(struct growth *growth, enum step step, enum inbox_size size)
{
	struct slice user = slice_of(growth->filled->names[size]);
	struct inbox_request request = {
		.operation = steps[step].operation,
		.user = user,
		.id = step == READ_ANY ? any_id(growth, size) : growth->newest,
		.query = { .limit = PAGE, .type = INBOX_ANY_TYPE },
	};
	struct workload_create create;
	struct inbox_answer answer;
	int r;

	if (step == CREATE) {
		workload_request(&create, user);
		request = create.request;
	}
	r = bench_call(growth->filled->inbox, &request, &growth->times[step][size], &answer);
	if (r < 0)
		return r;
	if (step == CREATE)
		growth->newest = answer.next;
	inbox_answer_release(&answer);
	return 0;
}

/* Takes back what "mark any read" did, so that it finds something to do the next time. */
static int mark_unread(struct growth *growth, enum inbox_size size)
{
	struct inbox_request request = {
		.operation = INBOX_MARK_UNREAD,
		.user = slice_of(growth->filled->names[size]),
		.id = any_id(growth, size),
	};

	return bench_call(growth->filled->inbox, &request, NULL, NULL);
}

/* All steps for one user; they leave the inbox as it was. */
static int run_steps(struct growth *growth, enum inbox_size size)
{
	int r = 0;

	for (int step = 0; r == 0 && step < STEPS; step++)
		r = run_step(growth, step, size);
	return r == 0 ? mark_unread(growth, size) : r;
}

static int run_until(struct growth *growth, int64_t until)
{
	int r;

	do {
		r = run_steps(growth, SMALL);
		if (r == 0)
			r = run_steps(growth, LARGE);
		growth->turns++;
	} while (r == 0 && clock_ns() < until);
	return r;
}

int measure_growth(struct bench *bench)
{
	static const struct percentile percentiles[] = {
		{ "p50", 50, BOUND_AT_MOST, 1.3 },
		{ "p99", 99, BOUND_NONE, 0 },
		{ 0 },
	};
	_cleanup_(growth_release) struct growth growth = { 0 };
	int r = bench_filled(bench, &growth.filled);

	if (r == 0)
		r = run_until(&growth, clock_ns() + bench->seconds * STEPS * 1000000000LL);
	for (int step = 0; r == 0 && step < STEPS; step++) {
		struct samples *times = growth.times[step];

		r = samples_status(&times[LARGE]);
		if (r == 0)
			bench_report_times(bench, "growth", steps[step].name, &times[LARGE],
				"inbox of 100", &times[SMALL], percentiles);
	}
	return r;
}

int measure_memory(struct bench *bench)
{
	struct filled *filled;
	struct row row = {
		.measurement = "memory",
		.name = "resident, after all of the above",
		.unit = "MB",
		.against = "cache",
	};
	int64_t resident;
	int r = bench_filled(bench, &filled);

	if (r < 0)
		return r;
	resident = instance_resident(filled->instance);
	if (resident < 0)
		return (int)resident;
	row.value = (double)resident / (1 << 20);
	row.reference = (double)instance_config(filled->instance)->store.cache / (1 << 20);
	report_row(&bench->report, &row);
	return 0;
}
