/*
 * Counts at a steady pace, see store_bench.h: what somebody notices who looks at any
 * moment. One who waited for each answer before asking again would notice a stall once,
 * however long it is.
 */
#include "tests/bench/store_bench.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

enum {
	INTERVAL_NS = 1000 * 1000,
	SETTLE_NS = 500 * 1000 * 1000, /* the store looks for a checkpoint five times */
};

struct counting {
	struct inbox *inbox;
	struct samples *times;
	unsigned under_way;
	int failure; /* the first */
};

/* A count under way. */
struct count {
	struct counting *counting;
	int64_t begin;
};

static void on_answer(void *context, int result, struct inbox_answer *answer)
{
	_cleanup_(freeing_memory) struct count *count = context;
	struct counting *counting = count->counting;

	(void)answer;
	counting->under_way--;
	if (result == 0)
		samples_add(counting->times, microseconds_since(count->begin));
	else if (counting->failure == 0)
		counting->failure = result < 0 ? result : -EPROTO;
}

static int submit(struct counting *counting)
{
	_cleanup_(freeing_memory) struct count *count = malloc(sizeof(*count));
	struct inbox_request request = { .operation = INBOX_COUNT, .user = SLICE("somebody") };
	int r;

	if (!count)
		return -ENOMEM;
	*count = (struct count){ .counting = counting, .begin = clock_ns() };
	r = inbox_submit(counting->inbox, &request, on_answer, count);
	if (r < 0)
		return r;
	take(count);
	counting->under_way++;
	return 0;
}

/* Sends what is queued, and waits for answers until then. */
static int wait_until(struct counting *counting, int64_t moment)
{
	struct pollfd waiting = { .events = POLLIN };
	struct timespec left = { 0 };
	int r = inbox_dispatch(counting->inbox);
	int64_t now = clock_ns();

	if (r < 0)
		return r;
	waiting.fd = inbox_fd(counting->inbox);
	if (inbox_wants_write(counting->inbox))
		waiting.events |= POLLOUT;
	if (moment > now) {
		left.tv_sec = (moment - now) / 1000000000;
		left.tv_nsec = (moment - now) % 1000000000;
	}
	if (ppoll(&waiting, 1, &left, NULL) > 0)
		r = inbox_dispatch(counting->inbox);
	return r < 0 ? r : counting->failure;
}

static int count_until(struct counting *counting, int64_t end)
{
	int64_t next = clock_ns();
	int r;

	do {
		r = submit(counting);
		next += INTERVAL_NS;
		while (r == 0 && clock_ns() < next)
			r = wait_until(counting, next);
	} while (r == 0 && next < end);
	return r;
}

/* Waits for all answers; the store has been silent for too long if one takes that long. */
static int drain(struct counting *counting)
{
	int64_t limit = clock_ns() + ANSWER_MS * 1000000LL;
	int r = 0;

	while (r == 0 && counting->under_way > 0)
		r = clock_ns() < limit ? wait_until(counting, limit) : -ETIMEDOUT;
	return r;
}

int bench_count_for(const struct config *config, int64_t duration, struct samples *times)
{
	struct counting counting = { .times = times };
	int r = greeting_await(config, &counting.inbox);

	if (r == 0)
		r = count_until(&counting, clock_ns() + duration);
	if (r == 0)
		r = drain(&counting);
	inbox_free(counting.inbox); /* calls back for what is under way still */
	return r < 0 ? r : samples_status(times);
}

int bench_settle(const struct config *config)
{
	_cleanup_(samples_release) struct samples ignored = { 0 };

	return bench_count_for(config, SETTLE_NS, &ignored);
}
