/* The last broadcast changes: which are kept, and which are gone. */
#include "pushd/broadcasts.h"
#include "tests/tap.h"

#define ID "01900000-0000-7000-8000-000000000001"

static void add(struct broadcasts *broadcasts, uint64_t number)
{
	struct change change = {
		.kind = number % 2 ? CHANGE_BROADCAST_CREATED : CHANGE_BROADCAST_WITHDRAWN,
		.counts.seq = number,
		.ids = SLICE(ID),
	};

	broadcasts_add(broadcasts, &change);
}

/* Whether those from `first` to `last` are there, whole, and their neighbours are not. */
static bool has_only(const struct broadcasts *broadcasts, uint64_t first, uint64_t last)
{
	struct change change;

	for (uint64_t number = first; number <= last; number++)
		if (!broadcasts_get(broadcasts, number, &change) || change.counts.seq != number ||
			change_is_broadcast(change.kind) == false || !slice_is(change.ids, ID))
			return false;
	return !broadcasts_get(broadcasts, first - 1, &change) &&
	       !broadcasts_get(broadcasts, last + 1, &change);
}

static void test_order(void)
{
	struct broadcasts broadcasts = { 0 };
	struct change change;

	tap_ok(!broadcasts_get(&broadcasts, 0, &change) && !broadcasts_get(&broadcasts, 1, &change),
		"at first there are none");
	add(&broadcasts, 41);
	tap_ok(has_only(&broadcasts, 41, 41), "the first may have any number");
	for (uint64_t number = 42; number < 41 + BROADCASTS_KEPT; number++)
		add(&broadcasts, number);
	tap_ok(has_only(&broadcasts, 41, 40 + BROADCASTS_KEPT), "as many as can be are kept");
	add(&broadcasts, 41 + BROADCASTS_KEPT);
	tap_ok(has_only(&broadcasts, 42, 41 + BROADCASTS_KEPT),
		"one more takes the oldest's place");
	ok_int_equal(broadcasts.newest, 41 + BROADCASTS_KEPT, "the newest is known");
	add(&broadcasts, 1000);
	tap_ok(has_only(&broadcasts, 1000, 1000), "where some are missing, those before are gone");
	add(&broadcasts, 7);
	tap_ok(has_only(&broadcasts, 7, 7), "so they are in another life of the store");
	broadcasts_release(&broadcasts);
	tap_ok(!broadcasts_get(&broadcasts, 7, &change) && broadcasts.newest == 0,
		"all are forgotten");
}

int main(void)
{
	test_order();
	return tap_done();
}
