/*
 * How many notifications a second are created over HTTP, each answered when it is on the
 * disk, beside a FastCGI program that only reads the same requests behind the same web server.
 */
#include "tests/bench/push_web.h"
#include "tests/bench/series.h"

enum { CONNECTIONS = 64, REQUESTS_LEAST = 64, ROUND_SECONDS = 1 };

/* Requests a second. */
static int run_round(struct bench *bench, const struct web *web, const char *path, double *ret_rate)
{
	struct web_requests requests = { .users = bench->clients };
	struct publisher_plan plan = {
		.address = web->address,
		.connections = CONNECTIONS,
		.path = path,
		.token = web->token,
		.count = bench->seconds > 0 ? UINT64_MAX : REQUESTS_LEAST,
		.duration = ROUND_SECONDS * 1000000000LL,
		.body = web_request_body,
		.context = &requests,
	};
	int64_t begin = clock_ns();
	uint64_t answered = 0;
	int r = publisher_run(&plan, &answered, NULL);

	*ret_rate = (double)answered / seconds_since(begin);
	return r;
}

static int run_rounds(struct bench *bench, const struct web *web, struct series *series)
{
	double own = 0, reader = 0;
	int r = run_round(bench, web, WEB_API, &own); /* does not count: all have started then */

	for (unsigned i = 0; r == 0 && i < bench_rounds(bench); i++) {
		r = run_round(bench, web, WEB_API, &own);
		if (r == 0)
			r = run_round(bench, web, WEB_READER, &reader);
		if (r == 0)
			series_add(series, own, reader);
	}
	return r < 0 ? r : series_status(series);
}

int measure_http(struct bench *bench)
{
	_cleanup_(service_release) struct service service = { 0 };
	_cleanup_(web_release) struct web web = { 0 };
	_cleanup_(series_release) struct series series = { 0 };
	struct row row = {
		.measurement = "http",
		.name = "creates, sync, connections 64",
		.unit = "/s",
		.against = "only read",
		.bound = BOUND_AT_LEAST,
		.limit = 0.4,
	};
	int r;

	if (!bench_has_web(bench, "http"))
		return 0;
	r = bench_begin_service(bench, "http", DURABILITY_SYNC, &service);
	if (r == 0)
		r = web_begin(&web, &service, bench->directory);
	if (r == 0)
		r = run_rounds(bench, &web, &series);
	if (r == 0)
		series_report(&bench->report, &series, row);
	return r;
}
