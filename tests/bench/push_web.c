/* What the measurements through the web server share, see push_web.h. */
#include "tests/bench/push_web.h"

enum {
	STRIDE = 7919, /* a prime: its multiples go through all users */
	REQUESTS_LEAST = 50,
};

bool bench_has_web(const struct bench *bench, const char *measured)
{
	if (!web_is_possible())
		fprintf(stderr, "%s: %s is left out: lighttpd is not installed\n",
			bench->report.program, measured);
	return web_is_possible();
}

void web_request_body(void *context, uint64_t number, int64_t due, struct buffer *to)
{
	struct web_requests *requests = context;
	unsigned user = (unsigned)(number * STRIDE % requests->users);
	char name[WORKLOAD_NAME], stamp[STAMP_LEN + 1];

	if (requests->silent_every == 0 || user % requests->silent_every != 0)
		requests->heard++;
	buffer_print(to,
		"{\"userId\":\"%s\",\"type\":\"info\",\"title\":\"The nightly build is done\","
		"\"message\":\"%s: all 2345 tests of the main branch passed.\","
		"\"link\":\"/builds/4711\"}",
		workload_name("user", user, name).data, stamp_write(due, stamp));
}

const struct percentile bench_percentiles[] = {
	{ "p50", 50 },
	{ "p99", 99 },
	{ "max", 100 },
	{ 0 },
};

static int publish(struct bench *bench, const struct web *web, const char *path,
	struct web_requests *requests, struct samples *times)
{
	struct publisher_plan plan = {
		.address = web->address,
		.connections = LATENCY_CONNECTIONS,
		.path = path,
		.token = web->token,
		.rate = LATENCY_RATE,
		.count = bench->seconds > 0 ? UINT64_MAX : REQUESTS_LEAST,
		.duration = (bench->seconds > 0 ? bench->seconds : 1) * 1000000000LL,
		.body = web_request_body,
		.context = requests,
	};
	uint64_t answered;

	return publisher_run(&plan, &answered, times);
}

int bench_latency(struct bench *bench, const struct stage *stage, const struct web *web,
	unsigned silent_every, struct samples *times)
{
	struct web_requests requests = { .users = bench->clients, .silent_every = silent_every };
	int r;

	audience_listen(stage->audience);
	r = publish(bench, web, WEB_API, &requests, NULL);
	if (r == 0)
		r = audience_await(stage->audience, requests.heard);
	audience_times(stage->audience, times);
	return r < 0 ? r : samples_status(times);
}

int bench_reader_latency(struct bench *bench, const struct web *web, struct samples *times)
{
	struct web_requests requests = { .users = bench->clients };

	return publish(bench, web, WEB_READER, &requests, times);
}
