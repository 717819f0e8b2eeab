/* Delivering what a feed gives: a piece at a time, and all of it in the end. */
#include "pushd/delivery.h"

#include "tests/tap.h"
#include "tests/unit/log_fixture.h"

enum { CHANGES = 300, LONG = 60 * 1000 * 1000 /* microseconds */ };

static const struct feed_position START = { 1, 0 };

/* Nobody is connected: a change costs a look-up, and what counts is how far the feed comes. */
static void test_pieces(void)
{
	struct log_fixture fixture;
	struct hub hub = { 0 };
	unsigned pieces = 0;
	int r;

	fixture_make(&fixture, 0);
	for (unsigned i = 1; i <= CHANGES; i++)
		fixture_change(&fixture, i);
	hub.feed = fixture_feed(&fixture, START);
	tap_ok(registry_init(&hub.registry) == 0, "a hub");

	while ((r = delivery_pump(&hub, 0)) == DELIVERY_MORE)
		pieces++;
	ok_int_equal(r, 0, "there is an end");
	ok_int_equal(pieces, CHANGES, "without time one change is delivered at once");
	ok_int_equal(feed_lag(hub.feed), 0, "and all in the end");

	fixture_change(&fixture, CHANGES + 1);
	ok_int_equal(delivery_pump(&hub, 0), DELIVERY_MORE, "one more");
	ok_int_equal(delivery_pump(&hub, 0), 0, "and its end");
	feed_begin(hub.feed, START);
	ok_int_equal(delivery_pump(&hub, LONG), 0, "with time all at once");

	feed_free(hub.feed);
	registry_release(&hub.registry);
	fixture_remove(&fixture);
}

int main(void)
{
	test_pieces();
	return tap_done();
}
