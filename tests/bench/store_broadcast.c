/*
 * Whether a broadcast costs more where there are more users: the same one in a store
 * with a hundred and in a store with many, in turn, and what each writes to the log.
 */
#include "tests/bench/store_bench.h"

enum { FEW_USERS = 100, TURNS_MIN = 3 };

enum population { FEW, MANY, POPULATIONS };

struct place {
	struct instance *instance;
	struct inbox *inbox;
	struct samples times;  /* microseconds of a broadcast */
	struct samples logged; /* bytes */
};

static void place_release(struct place *place)
{
	inbox_free(place->inbox);
	instance_free(place->instance);
	samples_release(&place->times);
	samples_release(&place->logged);
}

static void places_release(struct place (*places)[POPULATIONS])
{
	place_release(&(*places)[FEW]);
	place_release(&(*places)[MANY]);
}

/* One notification for each user makes them known. */
struct population_plan {
	struct workload_create create;
	uint64_t made, users;
};

static const struct inbox_request *next_user(void *context)
{
	struct population_plan *population = context;
	struct workload_create *create = &population->create;

	if (population->made == population->users)
		return NULL;
	workload_request(create, workload_name("user", population->made++, create->user));
	return &create->request;
}

static int populate(const struct instance *instance, uint64_t users)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	struct population_plan population = { .users = users };
	struct crowd_plan plan = { .next = next_user, .context = &population };
	int r = bench_new_filler(instance, &crowd);

	return r == 0 ? crowd_run(crowd, &plan, NULL) : r;
}

static int place_begin(struct place *place, const char *directory, const char *name, uint64_t users)
{
	int r = instance_new(directory, name, DURABILITY_WRITE, &place->instance);

	if (r == 0)
		r = instance_start(place->instance);
	if (r == 0)
		r = inbox_new(instance_config(place->instance), &place->inbox);
	return r == 0 ? populate(place->instance, users) : r;
}

/* Ends it again, so that there are never too many. */
static int withdraw(struct place *place, const struct uuid *id)
{
	struct inbox_request request = { .operation = INBOX_WITHDRAW_BROADCAST, .id = *id };

	return bench_call(place->inbox, &request, NULL, NULL);
}

static int broadcast(struct place *place)
{
	const struct config *config = instance_config(place->instance);
	struct workload_create everybody;
	struct inbox_answer answer;
	int64_t before, after;
	struct uuid id;
	int r;

	workload_request(&everybody, (struct slice){ 0 });
	before = log_end(config);
	r = bench_call(place->inbox, &everybody.request, &place->times, &answer);
	if (r < 0)
		return r;
	id = answer.next;
	inbox_answer_release(&answer);
	after = log_end(config);
	if (before < 0 || after < 0)
		return before < 0 ? (int)before : (int)after;
	samples_add(&place->logged, (double)(after - before));
	return withdraw(place, &id);
}

static int run_turns(struct bench *bench, struct place places[static POPULATIONS])
{
	int64_t until = clock_ns() + bench->seconds * 1000000000LL;
	int r = 0;

	for (int turn = 0; r == 0 && (turn < TURNS_MIN || clock_ns() < until); turn++) {
		r = broadcast(&places[FEW]);
		if (r == 0)
			r = broadcast(&places[MANY]);
	}
	return r < 0 ? r : samples_status(&places[MANY].times);
}

static void report(struct bench *bench, struct place places[static POPULATIONS])
{
	static const struct percentile percentiles[] = {
		{ "p50", 50, BOUND_AT_MOST, 1.3 },
		{ "p99", 99, BOUND_NONE, 0 },
		{ 0 },
	};
	struct row row = {
		.measurement = "broadcast",
		.name = "log of a request",
		.unit = "B",
		.value = samples_median(&places[MANY].logged),
		.against = "100 users",
		.reference = samples_median(&places[FEW].logged),
		.bound = BOUND_AT_MOST,
		.limit = 1.05,
	};

	bench_report_times(bench, "broadcast", "request", &places[MANY].times, "100 users",
		&places[FEW].times, percentiles);
	report_row(&bench->report, &row);
}

int measure_broadcast(struct bench *bench)
{
	_cleanup_(places_release) struct place places[POPULATIONS] = { 0 };
	int r;

	report_note(&bench->report, "making %ld users", bench->users);
	r = place_begin(&places[FEW], bench->directory, "few", FEW_USERS);
	if (r == 0)
		r = place_begin(&places[MANY], bench->directory, "many", (uint64_t)bench->users);
	if (r == 0)
		r = run_turns(bench, places);
	if (r == 0)
		report(bench, places);
	return r;
}
