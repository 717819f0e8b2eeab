/* What becomes of figures as time goes on: rates, gaps, a daemon that began anew, events. */
#include "cgi/history.h"

#include "cgi/troubles.h"
#include "lib/result.h"
#include "tests/tap.h"

#include <math.h>
#include <string.h>

enum { SLOT = HISTORY_SLOT_MS, BEGIN = 1000 * SLOT };

static struct history history;

/* Notes figures at a time after the beginning. The snapshot's own time is that of the clock. */
static void note(int64_t time, bool asked, const char *text)
{
	struct snapshot snapshot = { .time = 1700000000000 + time };

	if (json_parse(slice_of(text), &snapshot.json) != 0)
		tap_ok(false, "%s is JSON", text);
	history_note(&history, &snapshot, BEGIN + time, asked);
	json_object_put(snapshot.json);
}

static void note_created(int64_t time, int created)
{
	char text[128];

	snprintf(text, sizeof(text),
		"{\"store\":{\"uptime\":%d,\"notifications\":{\"created\":%d}}}",
		(int)(100 + time / 1000), created);
	note(time, false, text);
}

static void ok_now(enum history_series series, double expected, const char *what)
{
	double now = history_now(&history, series);

	if (!tap_ok(isnan(expected) ? isnan(now) : fabs(now - expected) < 1e-6, "%s", what))
		tap_note("it is %g, not %g", now, expected);
}

/* The events, the oldest first: "KIND MEMBER COUNT; " */
static void ok_events(const char *expected, const char *what)
{
	_cleanup_(buffer_release) struct buffer seen = { 0 };

	for (size_t i = 0; i < HISTORY_EVENTS; i++) {
		const struct event *event = &history.events[i];

		if (event->time > 0)
			buffer_print(&seen, "%d %s %g; ", (int)event->kind, event->member,
				event->count);
	}
	ok_string_equal(buffer_string(&seen), expected, "%s", what);
}

static void test_wait(void)
{
	ok_int_equal(history_wait(&history, BEGIN), -1, "nothing is asked before somebody looks");
	note(0, true, "{}");
	ok_int_equal(history_wait(&history, BEGIN), SLOT, "then once a slot");
	ok_int_equal(history_wait(&history, BEGIN + SLOT - 1), 1, "at its beginning");
	ok_int_equal(history_wait(&history, BEGIN + SLOT), 0, "which is now");
	note(SLOT, false, "{}");
	ok_int_equal(history_wait(&history, BEGIN + SLOT + 10), SLOT - 10, "and the next one");
	ok_int_equal(history_wait(&history, BEGIN + 15 * 60000), 0, "for a quarter of an hour");
	ok_int_equal(history_wait(&history, BEGIN + 15 * 60000 + 1), -1, "and no longer");
	history_release(&history);
}

static void test_rates(void)
{
	double values[HISTORY_SLOTS];

	note_created(0, 100);
	ok_now(SERIES_CREATED, NAN, "one value makes no rate");
	note_created(SLOT, 150);
	ok_now(SERIES_CREATED, 10, "two do");
	note_created(SLOT + 1000, 900);
	ok_now(SERIES_CREATED, 10, "what comes in the same slot waits for the next");
	note_created(3 * SLOT, 250);
	ok_now(SERIES_CREATED, 10, "a slot that is missing does no harm");
	note_created(4 * SLOT, 30);
	ok_now(SERIES_CREATED, 6, "of a daemon that began anew all counts");
	note(5 * SLOT, false, "{\"store\":null}");
	ok_now(SERIES_CREATED, NAN, "one that is away has no rate");
	note_created(20 * SLOT, 80);
	ok_now(SERIES_CREATED, NAN, "nor has one that was away for long");
	history_values(&history, SERIES_CREATED, values);
	tap_ok(isnan(values[HISTORY_SLOTS - 1]) && isnan(values[0]), "as the plot shows");
	tap_ok(fabs(values[HISTORY_SLOTS - 1 - 16] - 6) < 1e-6, "a value is at its place");
	note_created((HISTORY_SLOTS + 4) * SLOT, 90);
	history_values(&history, SERIES_CREATED, values);
	tap_ok(isnan(values[0]), "what is older than all slots is forgotten");
	note_created((HISTORY_SLOTS + 20) * SLOT, 90);
	tap_ok(history.samples[(BEGIN / SLOT + 20) % HISTORY_SLOTS].slot != BEGIN / SLOT + 20,
		"and its place taken");
	history_release(&history);
}

static void test_gauges(void)
{
	note(0, false,
		"{\"push\":{\"connections\":{\"open\":7,\"users\":5},"
		"\"feed\":{\"lagMilliseconds\":3}}}");
	ok_now(SERIES_CLIENTS, 7, "clients");
	ok_now(SERIES_USERS, 5, "users");
	ok_now(SERIES_LAG, 3000, "lag, in microseconds");
	ok_now(SERIES_CREATED, NAN, "of the store nothing is known");
	history_release(&history);
}

static void note_latency(int64_t time, int first, int second, int all)
{
	char text[160];

	snprintf(text, sizeof(text),
		"{\"push\":{\"latency\":{\"buckets\":{\"50\":%d,\"100\":%d},\"count\":%d,"
		"\"sum\":0}}}",
		first, second, all);
	note(time, false, text);
}

static void ok_latency(unsigned seconds, double first, double second, double all, const char *what)
{
	struct latency latency;
	const double *below = latency.below;

	history_latency(&history, history.last, &latency);
	ok_int_equal(latency.seconds, seconds, "%s: the time that is looked at", what);
	ok_int_equal((intmax_t)latency.bars, 3, "%s: the bounds, and all", what);
	tap_ok(latency.bounds[0] == 50 && latency.bounds[1] == 100, "%s: which these are", what);
	tap_ok(below[0] == first && below[1] == second && below[2] == all, "%s: %g %g %g", what,
		below[0], below[1], below[2]);
}

static void test_latency(void)
{
	note_latency(0, 1, 2, 3);
	ok_latency(0, 1, 2, 3, "at first, since the start");
	note_latency(2 * SLOT, 11, 32, 43);
	ok_latency(2 * SLOT / 1000, 10, 30, 40, "then since the first look");
	note_latency(3 * SLOT, 1, 1, 1);
	ok_latency(0, 1, 1, 1, "a daemon that began anew");
	note_latency(5 * SLOT, 1, 1, 6);
	ok_latency(2 * SLOT / 1000, 0, 0, 5, "since its own first look");
	history_release(&history);
}

static void test_events(void)
{
	note(0, false,
		"{\"push\":{\"uptime\":5,\"refused\":{\"full\":9,\"other\":0},\"stalls\":1},"
		"\"store\":{\"uptime\":5}}");
	ok_events("", "the first figures tell of nothing");
	note(1000, false,
		"{\"push\":{\"uptime\":6,\"refused\":{\"full\":9,\"other\":2},\"stalls\":1,"
		"\"closed\":{\"1000\":5,\"4409\":0}},\"store\":{\"uptime\":6}}");
	ok_events("3 other 2; ", "a counter that grows");
	note(2000, false,
		"{\"push\":{\"uptime\":7,\"refused\":{\"full\":9,\"other\":3},\"stalls\":4,"
		"\"closed\":{\"1000\":50,\"4409\":1}},\"store\":{\"uptime\":7}}");
	ok_events("3 other 3; 4 4409 1; 6  3; ",
		"soon again it is the same; ends that are usual are none");
	note(90000, false,
		"{\"push\":{\"uptime\":95,\"refused\":{\"full\":9,\"other\":4}},"
		"\"store\":null}");
	ok_events("3 other 3; 4 4409 1; 6  3; 0 tidings-stored 1; 3 other 1; ",
		"much later another; a daemon that is away");
	note(91000, false, "{\"push\":{\"uptime\":1},\"store\":{\"uptime\":3}}");
	ok_events("3 other 3; 4 4409 1; 6  3; 0 tidings-stored 1; 3 other 1; 2 tidings-pushd 1; "
		  "1 tidings-stored 1; ",
		"one that was restarted, one that is back");
	for (int i = 0; i < 3 * HISTORY_EVENTS; i++)
		note(1000000 + 120000 * i, false, i % 2 ? "{\"store\":{\"uptime\":3}}" : "{}");
	tap_ok(history.next_event > 2 * HISTORY_EVENTS,
		"however many there are, the last are kept");
	history_release(&history);
}

int main(void)
{
	test_wait();
	test_rates();
	test_gauges();
	test_latency();
	test_events();
	return tap_done();
}
