/*
 * How many clients a second are accepted and authenticated, until each has been told its
 * counts, beside the plain server, which only answers the handshake. The same clients, with
 * the same request heads, come to both in turn. Before the rounds they come once to the push
 * daemon, which makes their users known to the store.
 */
#include "tests/bench/push_bench.h"

#include "tests/bench/plain.h"
#include "tests/bench/process.h"
#include "tests/bench/series.h"

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

/* All rounds: clients a second, and microseconds of each cost a client. */
struct figures {
	struct series rate, costs[COSTS];
};

static void figures_release(struct figures *figures)
{
	series_release(&figures->rate);
	for (int i = 0; i < COSTS; i++)
		series_release(&figures->costs[i]);
}

static void figures_add(struct figures *figures, unsigned clients, const struct round *own,
	const struct round *plain)
{
	series_add(&figures->rate, clients * 1e9 / own->costs[SECONDS],
		clients * 1e9 / plain->costs[SECONDS]);
	for (int i = 0; i < COSTS; i++)
		series_add(&figures->costs[i], own->costs[i] / 1e3 / clients,
			plain->costs[i] / 1e3 / clients);
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

static void report(struct bench *bench, struct figures *figures)
{
	struct row rate = {
		.measurement = "accept",
		.name = "clients",
		.unit = "/s",
		.against = "plain server",
		.bound = BOUND_AT_LEAST,
		.limit = 0.6,
	};
	static const struct {
		enum cost cost;
		const char *name;
		const char *against;
	} costs[] = {
		{ SERVER, "cpu of a client, pushd", "plain server" },
		{ STORE, "cpu of a client, stored", NULL },
		{ CLIENTS, "cpu of a client, its own", "plain server" },
	};

	series_report(&bench->report, &figures->rate, rate);
	for (size_t i = 0; i < ARRAY_LENGTH(costs); i++)
		series_report(&bench->report, &figures->costs[costs[i].cost],
			(struct row){
				.measurement = "accept",
				.name = costs[i].name,
				.unit = "us",
				.against = costs[i].against,
			});
}

static int run_rounds(struct bench *bench, struct sides *sides)
{
	_cleanup_(figures_release) struct figures figures = { 0 };
	pid_t pushd = sides->stage.service.pushd, plain = plain_pid(sides->plain);
	struct round own = { 0 }, reference = { 0 };
	int r = run_round(sides, pushd, sides->stage.audience, bench->clients, &own);

	if (r == 0)
		report_first(bench, &own);
	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++) {
		r = run_round(sides, pushd, sides->stage.audience, bench->clients, &own);
		if (r == 0)
			r = run_round(sides, plain, sides->plain_audience, bench->clients,
				&reference);
		if (r == 0)
			figures_add(&figures, bench->clients, &own, &reference);
	}
	if (r == 0)
		r = series_status(&figures.rate);
	if (r == 0)
		report(bench, &figures);
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
