/*
 * How many notifications a second the store takes from 1, 16 and 64 clients, each
 * with one request under way, beside the bare loop with as many in a transaction.
 * Both make the same creates in the same number, in turn.
 */
#include "tests/bench/bare.h"
#include "tests/bench/series.h"
#include "tests/bench/store_bench.h"

/* A store and a bare loop, and how far both have come. */
struct pair {
	const char *name; /* of the durability */
	struct instance *instance, *home;
	struct bare *bare;
	unsigned clients;
	uint64_t next;		     /* number of the store's next create */
	uint64_t marked;	     /* what that was when the logs ended … */
	int64_t logged, bare_logged; /* … here */
};

static void pair_release(struct pair *pair)
{
	bare_free(pair->bare);
	instance_free(pair->home);
	instance_free(pair->instance);
}

/* Takes down where both logs end, to be subtracted from where they end later. */
static int pair_mark_logs(struct pair *pair)
{
	pair->marked = pair->next;
	pair->logged = log_end(instance_config(pair->instance));
	pair->bare_logged = bare_log_end(pair->bare);
	if (pair->logged < 0)
		return (int)pair->logged;
	return pair->bare_logged < 0 ? (int)pair->bare_logged : 0;
}

/* The bare loop's home is that of an instance which never starts. */
static int pair_begin(struct pair *pair, const struct bench *bench,
	enum config_durability durability)
{
	int r = instance_new(bench->directory, "creates", durability, &pair->instance);

	if (r == 0)
		r = instance_start(pair->instance);
	if (r == 0)
		r = instance_new(bench->directory, "bare", durability, &pair->home);
	if (r == 0)
		r = bare_new(instance_config(pair->home), &pair->bare);
	return r;
}

/* Creates until the time is over, but a few at least. */
enum { CREATES_MIN = 64 };

struct round {
	struct pair *pair;
	int64_t until;
	uint64_t created;
	struct workload_create create;
};

static const struct inbox_request *next_create(void *context)
{
	struct round *round = context;

	if (round->created >= CREATES_MIN && clock_ns() >= round->until)
		return NULL;
	round->created++;
	workload_create(&round->create, round->pair->next++);
	return &round->create.request;
}

/*
 * The rate; and the processor time of a create, which says less, but on a busy machine
 * too: the clients' own is not in it.
 */
struct rates {
	struct series rate, cpu;
};

static void rates_release(struct rates *rates)
{
	series_release(&rates->rate);
	series_release(&rates->cpu);
}

static int run_round(struct pair *pair, struct crowd *crowd, int64_t duration, struct rates *rates)
{
	struct round round = { .pair = pair, .until = clock_ns() + duration };
	struct crowd_plan plan = { .next = next_create, .context = &round };
	int64_t begin = clock_ns(), begin_cpu = instance_cpu_ns(pair->instance), cpu;
	struct bare_cost bare = { 0 };
	double seconds;
	uint64_t count;
	int r = crowd_run(crowd, &plan, &count);

	seconds = seconds_since(begin);
	cpu = instance_cpu_ns(pair->instance) - begin_cpu;
	if (r == 0)
		r = bare_create(pair->bare, count, pair->clients, &bare);
	if (r < 0)
		return r;
	series_add(&rates->rate, (double)count / seconds, (double)count / bare.passed);
	series_add(&rates->cpu, (double)cpu / 1e3 / (double)count, bare.cpu * 1e6 / (double)count);
	return series_status(&rates->rate);
}

static void report_one(struct bench *bench, const struct pair *pair, struct series *series,
	const char *what, struct row row)
{
	char name[64];

	snprintf(name, sizeof(name), "%s, clients %u%s", pair->name, pair->clients, what);
	row.measurement = "creates";
	row.name = name;
	row.against = "bare loop";
	series_report(&bench->report, series, row);
}

static void report_rates(struct bench *bench, const struct pair *pair, struct rates *rates)
{
	struct row rate = { .unit = "/s", .bound = BOUND_AT_LEAST, .limit = 0.8 };
	struct row cpu = { .unit = "us" };

	report_one(bench, pair, &rates->rate, "", rate);
	report_one(bench, pair, &rates->cpu, ", cpu of a create", cpu);
}

/* That both log as much shows that both write the same: else the rates could not be compared. */
static int report_logs(struct bench *bench, struct pair *pair)
{
	int64_t logged = pair->logged, bare_logged = pair->bare_logged;
	double creates = (double)(pair->next - pair->marked);
	char name[64];
	struct row row = {
		.measurement = "creates",
		.name = name,
		.unit = "B",
		.against = "bare loop",
	};
	int r = pair_mark_logs(pair);

	if (r < 0)
		return r;
	row.value = (double)(pair->logged - logged) / creates;
	row.reference = (double)(pair->bare_logged - bare_logged) / creates;
	snprintf(name, sizeof(name), "%s, clients %u, log of a create", pair->name, pair->clients);
	report_row(&bench->report, &row);
	return 0;
}

/* Before the first round that counts is a short one, which ends both sides' start. */
static int run_rounds(struct bench *bench, struct pair *pair, struct rates *rates)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	int r = crowd_new(instance_config(pair->instance), pair->clients, 1, &crowd);

	if (r == 0)
		r = run_round(pair, crowd, 0, rates);
	if (r == 0)
		r = pair_mark_logs(pair);
	series_clear(&rates->rate);
	series_clear(&rates->cpu);
	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++)
		r = run_round(pair, crowd, bench_round_ns(bench), rates);
	return r;
}

static int run_case(struct bench *bench, enum config_durability durability, unsigned clients)
{
	_cleanup_(rates_release) struct rates rates = { 0 };
	_cleanup_(pair_release) struct pair pair = {
		.name = durability == DURABILITY_SYNC ? "sync" : "write",
		.clients = clients,
	};
	int r = pair_begin(&pair, bench, durability);

	if (r == 0)
		r = run_rounds(bench, &pair, &rates);
	if (r < 0)
		return r;
	report_rates(bench, &pair, &rates);
	return report_logs(bench, &pair);
}

int measure_creates(struct bench *bench)
{
	static const enum config_durability durabilities[] = { DURABILITY_SYNC, DURABILITY_WRITE };
	static const unsigned clients[] = { 1, 16, 64 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(durabilities); i++)
		for (size_t j = 0; r == 0 && j < ARRAY_LENGTH(clients); j++)
			r = run_case(bench, durabilities[i], clients[j]);
	return r;
}
