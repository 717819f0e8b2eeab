/*
 * A broadcast to all clients, beside the plain server, which writes as many bytes to as many
 * sockets: the time until the last client has it, and the processor time of a message. The
 * push daemon's time begins when the store is asked, so the store's part is in it.
 */
#include "tests/bench/push_bench.h"

#include "pushd/websocket.h"
#include "tests/bench/plain.h"
#include "tests/bench/process.h"
#include "tests/bench/series.h"

#include <errno.h>

enum { BROADCASTS = 3 /* a round: they are short */ };

struct sides {
	struct stage stage;
	struct inbox *inbox;
	struct plain *plain;
	struct audience *plain_audience;
};

static void sides_release(struct sides *sides)
{
	audience_free(sides->plain_audience);
	plain_free(sides->plain);
	inbox_free(sides->inbox);
	stage_release(&sides->stage);
}

static int begin_plain(struct bench *bench, struct sides *sides)
{
	struct audience_setting setting = { .clients = bench->clients, .heads = bench->heads };
	int r = plain_new(bench->clients, &sides->plain);

	if (r < 0)
		return r;
	setting.address = plain_address(sides->plain);
	r = audience_new(&setting, &sides->plain_audience);
	return r == 0 ? audience_connect(sides->plain_audience) : r;
}

static int begin_all(struct bench *bench, struct sides *sides)
{
	int r = bench_begin(bench, "broadcast", DURABILITY_WRITE, 0, &sides->stage);

	if (r == 0)
		r = inbox_new(instance_config(sides->stage.service.store), &sides->inbox);
	if (r == 0)
		r = audience_connect(sides->stage.audience);
	return r == 0 ? begin_plain(bench, sides) : r;
}

/* What one broadcast took. */
struct cost {
	double last; /* milliseconds until the last client had it */
	double cpu;  /* microseconds of the server's processor time for a message */
};

static int own_begin(struct sides *sides)
{
	struct stamped everybody;

	bench_stamp(&everybody, (struct slice){ 0 }, clock_ns(), 0);
	return bench_call(sides->inbox, &everybody.request);
}

/* The message that the push daemon has sent before, with another time in it. */
static int plain_begin(struct sides *sides)
{
	_cleanup_(buffer_release) struct buffer frame = { 0 };
	struct slice message = audience_message(sides->stage.audience);
	char stamp[STAMP_LEN + 1];
	size_t at = 0;

	if (stamp_find(message, &at) == 0)
		return -EPROTO;
	websocket_append(&frame, WEBSOCKET_TEXT, message);
	if (buffer_status(&frame) < 0)
		return -ENOMEM;
	memcpy(frame.data + frame.len - message.len + at, stamp_write(clock_ns(), stamp),
		STAMP_LEN);
	return plain_send(sides->plain, buffer_slice(&frame));
}

static int measure_one(struct sides *sides, int (*begin)(struct sides *sides), pid_t server,
	struct audience *audience, unsigned clients, struct cost *ret_cost)
{
	_cleanup_(samples_release) struct samples times = { 0 };
	int64_t cpu = process_cpu_ns(server);
	int r;

	audience_listen(audience);
	r = begin(sides);
	if (r == 0)
		r = audience_await(audience, clients);
	if (r < 0)
		return r;
	audience_times(audience, &times);
	ret_cost->last = samples_max(&times) / 1000;
	ret_cost->cpu = (double)(process_cpu_ns(server) - cpu) / 1e3 / clients;
	return samples_status(&times);
}

static void report(struct bench *bench, struct series *series, struct row row)
{
	row.measurement = "broadcast";
	row.against = "plain server";
	row.bound = BOUND_AT_MOST;
	series_report(&bench->report, series, row);
}

/* Before the rounds is one that does not count: sockets have their buffers then. */
static int run_rounds(struct bench *bench, struct sides *sides, struct series *last,
	struct series *cpu)
{
	pid_t pushd = sides->stage.service.pushd, plain = plain_pid(sides->plain);
	int r = 0;

	for (unsigned i = 0; r == 0 && i <= BROADCASTS * bench_rounds(bench); i++) {
		struct cost own = { 0 }, reference = { 0 };

		r = measure_one(sides, own_begin, pushd, sides->stage.audience, bench->clients,
			&own);
		if (r == 0)
			r = measure_one(sides, plain_begin, plain, sides->plain_audience,
				bench->clients, &reference);
		if (r < 0 || i == 0)
			continue;
		series_add(last, own.last, reference.last);
		series_add(cpu, own.cpu, reference.cpu);
	}
	return r < 0 ? r : series_status(last);
}

int measure_broadcast(struct bench *bench)
{
	_cleanup_(sides_release) struct sides sides = { 0 };
	_cleanup_(series_release) struct series last = { 0 }, cpu = { 0 };
	int r = begin_all(bench, &sides);

	if (r == 0)
		r = run_rounds(bench, &sides, &last, &cpu);
	if (r < 0)
		return r;
	report(bench, &last,
		(struct row){ .name = "until the last client has it",
			.unit = "ms",
			.limit = 1.15 });
	report(bench, &cpu,
		(struct row){ .name = "cpu of a message", .unit = "us", .limit = 1.10 });
	return 0;
}
