/* Whom the push daemon has turned away: one entry a user, so many in all, the oldest goes. */
#include "pushd/hub.h"
#include "tests/tap.h"

static struct refusals refusals;

static const char *code_of(uint32_t user)
{
	const struct refusal *refusal = refusals_find(&refusals, user);

	return refusal ? refusal->code : NULL;
}

static void test_entries(void)
{
	tap_ok(!code_of(0), "nobody was refused, not even who has the number 0");
	refusals_note(&refusals, 0, "first", 10);
	ok_string_equal(code_of(0), "first", "one was");
	refusals_note(&refusals, 0, "second", 20);
	ok_string_equal(code_of(0), "second", "the last refusal counts");
	ok_int_equal(refusals_find(&refusals, 0)->when, 20, "with its time");
	tap_ok(!refusals.list[1].code, "a user has one entry");
	tap_ok(!code_of(1), "others have none");
}

static void test_bound(void)
{
	for (uint32_t i = 1; i < REFUSALS_MAX; i++)
		refusals_note(&refusals, i, "many", 100 + i);
	ok_string_equal(code_of(0), "second", "all have a place");
	refusals_note(&refusals, 5000, "new", 1000);
	tap_ok(!code_of(0), "one more takes that of the oldest");
	ok_string_equal(code_of(5000), "new", "… and is known");
	ok_string_equal(code_of(1), "many", "the others stay");
	refusals_note(&refusals, 1, "again", 1001);
	refusals_note(&refusals, 5001, "newer", 1002);
	ok_string_equal(code_of(1), "again", "who was refused again is not the oldest");
	tap_ok(!code_of(2), "but the next one is");
}

int main(void)
{
	test_entries();
	test_bound();
	ok_string_equal(refusals_word(CLOSE_TOO_MANY_CONNECTIONS), "too_many_connections",
		"a close code has a word");
	tap_ok(!refusals_word(WEBSOCKET_GOING_AWAY), "one that refuses nobody has none");
	return tap_done();
}
