/*
 * How many clients a second are accepted and authenticated, until each has been told its
 * counts, beside the plain server, which only answers the handshake. The same clients, with
 * the same request heads, come to both in turn. Before the rounds they come once to the push
 * daemon, which makes their users known to the store.
 */
#include "tests/bench/push_bench.h"

#include "tests/bench/plain.h"
#include "tests/bench/process.h"

struct sides {
	struct stage stage;
	struct audience *plain_audience;
	struct plain *plain;
};

static void sides_release(struct sides *sides)
{
	audience_free(sides->plain_audience);
	plain_free(sides->plain);
	stage_release(&sides->stage);
}

static int begin_plain(struct bench *bench, struct sides *sides)
{
	struct audience_setting setting = { .clients = bench->clients, .heads = bench->heads };
	int r = plain_new(bench->clients, &sides->plain);

	if (r < 0)
		return r;
	setting.address = plain_address(sides->plain);
	return audience_new(&setting, &sides->plain_audience);
}

/* What a client costs: of whose processor time how many nanoseconds. */
enum cost { SECONDS, SERVER, STORE, CLIENTS, COSTS };

struct round {
	double costs[COSTS];
};

static void read_clocks(const struct sides *sides, pid_t server, const struct audience *audience,
	int64_t clocks[static COSTS])
{
	clocks[SECONDS] = clock_ns();
	clocks[SERVER] = process_cpu_ns(server);
	clocks[STORE] = instance_cpu_ns(sides->stage.service.store);
	clocks[CLIENTS] = audience_cpu_ns(audience);
}

/* Lets all clients go, and waits until the server has noticed. */
static int end_round(pid_t server, struct audience *audience, unsigned clients)
{
	int64_t all = process_descriptors(server);
	int r = all < 0 ? (int)all : audience_disconnect(audience);

	return r == 0 ? process_await_descriptors(server, all - clients) : r;
}

/* Connects all clients. */
static int run_round(const struct sides *sides, pid_t server, struct audience *audience,
	unsigned clients, struct round *ret_round)
{
	int64_t before[COSTS], after[COSTS];
	int r;

	read_clocks(sides, server, audience, before);
	r = audience_connect(audience);
	read_clocks(sides, server, audience, after);
	for (int i = 0; i < COSTS; i++)
		ret_round->costs[i] = (double)(after[i] - before[i]);
	return r == 0 ? end_round(server, audience, clients) : r;
}

/* All rounds: microseconds a client, and what is compared of them. */
struct series {
	struct samples own[COSTS], plain[COSTS];
	struct samples rates, plain_rates, ratios;
};

static void series_release(struct series *series)
{
	for (int i = 0; i < COSTS; i++) {
		samples_release(&series->own[i]);
		samples_release(&series->plain[i]);
	}
	samples_release(&series->rates);
	samples_release(&series->plain_rates);
	samples_release(&series->ratios);
}

static void series_add(struct series *series, unsigned clients, const struct round *own,
	const struct round *plain)
{
	for (int i = 0; i < COSTS; i++) {
		samples_add(&series->own[i], own->costs[i] / 1e3 / clients);
		samples_add(&series->plain[i], plain->costs[i] / 1e3 / clients);
	}
	samples_add(&series->rates, clients * 1e9 / own->costs[SECONDS]);
	samples_add(&series->plain_rates, clients * 1e9 / plain->costs[SECONDS]);
	samples_add(&series->ratios, plain->costs[SECONDS] / own->costs[SECONDS]);
}

static void report_first(struct bench *bench, const struct round *first)
{
	struct row row = {
		.measurement = "accept",
		.name = "clients of users who never came",
		.unit = "/s",
		.value = bench->clients * 1e9 / first->costs[SECONDS],
	};

	report_row(&bench->report, &row);
}

static void report(struct bench *bench, struct series *series)
{
	struct row rate = {
		.measurement = "accept",
		.name = "clients",
		.unit = "/s",
		.value = samples_median(&series->rates),
		.against = "plain server",
		.reference = samples_median(&series->plain_rates),
		.ratio = samples_median(&series->ratios),
		.bound = BOUND_AT_LEAST,
		.limit = 0.6,
	};
	static const struct {
		enum cost cost;
		const char *name;
		bool compared;
	} costs[] = {
		{ SERVER, "cpu of a client, pushd", true },
		{ STORE, "cpu of a client, stored", false },
		{ CLIENTS, "cpu of a client, its own", true },
	};

	report_row(&bench->report, &rate);
	for (size_t i = 0; i < ARRAY_LENGTH(costs); i++) {
		struct row row = { .measurement = "accept", .name = costs[i].name, .unit = "us" };

		row.value = samples_median(&series->own[costs[i].cost]);
		row.against = costs[i].compared ? "plain server" : NULL;
		row.reference = samples_median(&series->plain[costs[i].cost]);
		report_row(&bench->report, &row);
	}
}

static int run_rounds(struct bench *bench, struct sides *sides)
{
	_cleanup_(series_release) struct series series = { 0 };
	pid_t pushd = sides->stage.service.pushd, plain = plain_pid(sides->plain);
	struct round own, reference;
	int r = run_round(sides, pushd, sides->stage.audience, bench->clients, &own);

	if (r == 0)
		report_first(bench, &own);
	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++) {
		r = run_round(sides, pushd, sides->stage.audience, bench->clients, &own);
		if (r == 0)
			r = run_round(sides, plain, sides->plain_audience, bench->clients,
				&reference);
		if (r == 0)
			series_add(&series, bench->clients, &own, &reference);
	}
	if (r == 0)
		report(bench, &series);
	return r;
}

int measure_accept(struct bench *bench)
{
	_cleanup_(sides_release) struct sides sides = { 0 };
	int r = bench_begin(bench, "accept", DURABILITY_WRITE, 0, &sides.stage);

	if (r == 0)
		r = begin_plain(bench, &sides);
	if (r == 0)
		r = run_rounds(bench, &sides);
	return r;
}
