/* What the measurements through the web server share, see push_web.h. */
#include "tests/bench/push_web.h"

enum {
	STRIDE = 7919, /* a prime: its multiples go through all users */
	REQUESTS_LEAST = 50,
	REQUESTS_BEFORE = 500,
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

static int publish(const struct web *web, const char *path, struct web_requests *requests,
	struct publisher_plan plan, struct samples *times)
{
	uint64_t answered;

	plan.address = web->address;
	plan.connections = LATENCY_CONNECTIONS;
	plan.path = path;
	plan.token = web->token;
	plan.body = web_request_body;
	plan.context = requests;
	return publisher_run(&plan, &answered, times);
}

/* As fast as they go, so that every worker has started before what counts. */
static const struct publisher_plan before = {
	.count = REQUESTS_BEFORE,
	.duration = INT64_MAX / 2,
};

static struct publisher_plan measured(const struct bench *bench)
{
	return (struct publisher_plan){
		.rate = LATENCY_RATE,
		.count = bench->seconds > 0 ? UINT64_MAX : REQUESTS_LEAST,
		.duration = (bench->seconds > 0 ? bench->seconds : 1) * 1000000000LL,
	};
}

/* Publishes, and waits until those who are not silent have it. */
static int publish_and_await(struct bench *bench, const struct stage *stage, const struct web *web,
	unsigned silent_every, struct publisher_plan plan)
{
	struct web_requests requests = { .users = bench->clients, .silent_every = silent_every };
	int r;

	audience_listen(stage->audience);
	r = publish(web, WEB_API, &requests, plan, NULL);
	return r == 0 ? audience_await(stage->audience, requests.heard) : r;
}

int bench_latency(struct bench *bench, const struct stage *stage, const struct web *web,
	unsigned silent_every, struct samples *times)
{
	int r = publish_and_await(bench, stage, web, silent_every, before);

	if (r == 0)
		r = publish_and_await(bench, stage, web, silent_every, measured(bench));
	audience_times(stage->audience, times);
	return r < 0 ? r : samples_status(times);
}

int bench_reader_latency(struct bench *bench, const struct web *web, struct samples *times)
{
	struct web_requests requests = { .users = bench->clients };
	int r = publish(web, WEB_READER, &requests, before, NULL);

	return r == 0 ? publish(web, WEB_READER, &requests, measured(bench), times) : r;
}
