/* The feed, on logs that Berkeley DB writes: what is given, in which order, from where. */
#include "pushd/feed.h"

#include "tests/tap.h"
#include "tests/unit/log_fixture.h"

#include <errno.h>

enum { SMALL_LOG = 32 * 1024 };

static const struct feed_position START = { 1, 0 };

static void test_transactions(void)
{
	struct log_fixture fixture;
	unsigned next = 1;
	struct feed *feed;
	DB_TXN *txn;

	fixture_make(&fixture, 0);
	feed = fixture_feed(&fixture, START);
	ok_changes(feed, next, 0, "a log without changes");

	fixture_change(&fixture, 1);
	ok_changes(feed, next, 1, "one committed change");
	ok_changes(feed, next, 1, "it is given once");

	txn = fixture_begin(&fixture);
	fixture_log(&fixture, txn, 2, 0);
	fixture_end(&fixture);
	ok_changes(feed, next, 1, "in the file, not committed");
	fixture_commit(txn);
	ok_changes(feed, next, 2, "now committed");

	txn = fixture_begin(&fixture);
	fixture_log(&fixture, txn, 99, 0);
	fixture_end(&fixture);
	ok_changes(feed, next, 2, "in the file, to be aborted");
	fixture_abort(txn);
	ok_changes(feed, next, 2, "an aborted change is not given");
	txn = fixture_begin(&fixture);
	fixture_commit(txn);
	ok_changes(feed, next, 2, "nor when a transaction without changes commits");
	fixture_change(&fixture, 3);
	ok_changes(feed, next, 3, "nor with the next one");

	txn = fixture_begin(&fixture);
	for (unsigned i = 4; i < 3004; i++)
		fixture_log(&fixture, txn, i, 0);
	fixture_commit(txn);
	ok_changes(feed, next, 3003, "3,000 changes in one transaction");

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "a message of somebody else");
	fixture_log(&fixture, txn, 3004, 0);
	fixture_log_text(&fixture, txn, "tidings");
	fixture_log(&fixture, NULL, 98, 0);
	fixture_log(&fixture, txn, 3005, 0);
	fixture_commit(txn);
	ok_changes(feed, next, 3005, "foreign messages, and one in no transaction");

	for (unsigned i = 3006; i < 3016; i++) {
		txn = fixture_begin(&fixture);
		fixture_log(&fixture, txn, i, 0);
		fixture.env->txn_checkpoint(fixture.env, 0, 0, DB_FORCE);
		fixture_commit(txn);
		fixture.env->txn_checkpoint(fixture.env, 0, 0, DB_FORCE);
	}
	ok_changes(feed, next, 3015, "checkpoints amid and between transactions");

	fixture_close(&fixture);
	fixture_open(&fixture);
	ok_changes(feed, next, 3015, "a restart changes nothing");
	fixture_change(&fixture, 3016);
	ok_changes(feed, next, 3016, "the first change after a restart");

	feed_free(feed);
	feed = fixture_feed(&fixture, START);
	next = 1;
	ok_changes(feed, next, 3016, "all of it at once");
	ok_int_equal((intmax_t)feed_lag(feed), 0, "no lag at the end");
	feed_free(feed);
	fixture_remove(&fixture);
}

static void test_messages(void)
{
	struct log_fixture fixture;
	struct feed_position end;
	unsigned next = 1, last = 0;
	struct feed *feed;
	bool all = true;
	DB_TXN *txn;

	fixture_make(&fixture, 0);
	end = fixture_end(&fixture);
	feed = fixture_feed(&fixture, end);
	for (size_t padding = 1; padding < 121500; padding += padding < 8000 ? 157 : 1905) {
		fixture_log(&fixture, txn = fixture_begin(&fixture), ++last, padding);
		fixture_commit(txn);
		all &= fixture_read(feed, &next, padding) == FEED_NOTHING && next == last + 1;
	}
	tap_ok(all, "changes of one to 64 messages, %u lengths", last);

	txn = fixture_begin(&fixture);
	for (unsigned i = 1; i <= 20; i++)
		fixture_log(&fixture, txn, last + i, 100000);
	fixture_commit(txn);
	ok_int_equal(fixture_read(feed, &next, 100000), FEED_NOTHING, "20 long ones at once");
	ok_int_equal(next, last + 21, "all of them");

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 1/2 created 1 1 1 1 1 1:u ");
	fixture_commit(txn);
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "a change without its last message");
	feed_begin(feed, fixture_end(&fixture));

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 2/2 -");
	fixture_log(&fixture, txn, 1, 0);
	fixture_commit(txn);
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "a change without its first message");
	feed_begin(feed, fixture_end(&fixture));

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 1/1 invented 1 1 1 1 1 1:u -");
	fixture_abort(txn);
	fixture_change(&fixture, next = 500);
	ok_changes(feed, next, 500, "an unknown kind of change, aborted");

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 1/1 invented 1 1 1 1 1 1:u -");
	fixture_commit(txn);
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "an unknown kind of change");
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "the feed stays lost");
	feed_begin(feed, fixture_end(&fixture));

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings2 whatever");
	fixture_commit(txn);
	ok_int_equal(fixture_read(feed, &next, 0), -EPROTONOSUPPORT, "a later version's change");

	feed_begin(feed, fixture_end(&fixture));
	fixture_change(&fixture, next);
	ok_changes(feed, next, 501, "it goes on when begun anew");
	feed_free(feed);
	fixture_remove(&fixture);
}

/* From wherever a feed says it stands, another one gives the rest. */
static void test_position(void)
{
	struct log_fixture fixture;
	struct feed_position position;
	unsigned last = 0, failures = 0;
	struct feed *feed, *other;
	struct change change;

	fixture_make(&fixture, SMALL_LOG);
	while (last < 300) {
		DB_TXN *txn = fixture_begin(&fixture);

		for (unsigned i = 0; i < 3; i++)
			fixture_log(&fixture, txn, ++last, 200);
		fixture_commit(txn);
	}
	fixture_end(&fixture);
	feed = fixture_feed(&fixture, START);
	other = fixture_feed(&fixture, START);
	for (unsigned given = 1; given <= last; given++) {
		/* The changes of one transaction are given again until all of them were given. */
		unsigned next = given - (given % 3) + 1;

		failures +=
			feed_next(feed, &change) != 0 || !fixture_is_change(&change, given, 200);
		position = feed_position(feed);
		feed_begin(other, position);
		failures += fixture_read(other, &next, 200) != FEED_NOTHING || next != last + 1;
	}
	ok_int_equal(failures, 0, "%u positions", last);
	ok_int_equal(feed_next(feed, &change), FEED_NOTHING, "the end");
	tap_ok(feed_position(feed).file > 3, "in several files");
	feed_free(feed);
	feed_free(other);
	fixture_remove(&fixture);
}

static void test_roll_over(void)
{
	struct log_fixture fixture;
	struct feed_position end;
	struct feed *feed, *late;
	unsigned next = 1, late_next = 1, failures = 0;
	uint64_t lag;
	DB_TXN *txn;

	fixture_make(&fixture, SMALL_LOG);
	feed = fixture_feed(&fixture, START);
	late = fixture_feed(&fixture, START);
	failures += fixture_read(late, &late_next, 0) != FEED_NOTHING;
	for (unsigned i = 1; i <= 2000; i++) {
		fixture_change(&fixture, i);
		failures += fixture_read(feed, &next, 0) != FEED_NOTHING || next != i + 1;
	}
	ok_int_equal(failures, 0, "2,000 changes, each read when it was committed");
	end = fixture_end(&fixture);
	tap_ok(end.file > 10, "they roll over many times (%u files)", end.file);
	lag = feed_lag(late);
	tap_ok(lag > 11 * (uint64_t)SMALL_LOG * 9 / 10 && lag < end.file * (uint64_t)SMALL_LOG,
		"the lag counts all files (%ju bytes)", (uintmax_t)lag);
	ok_changes(late, late_next, 2000, "all files at once");
	ok_int_equal((intmax_t)feed_lag(late), 0, "no lag any more");
	ok_int_equal(feed_position(late).file, end.file, "the position is the end: file");
	ok_int_equal(feed_position(late).offset, end.offset, "the position is the end: offset");

	txn = fixture_begin(&fixture);
	for (unsigned i = 2001; i <= 3000; i++)
		fixture_log(&fixture, txn, i, 0);
	fixture_end(&fixture);
	ok_changes(feed, next, 2000, "a transaction over several files, not committed");
	fixture_commit(txn);
	ok_changes(feed, next, 3000, "now committed");

	/* Every position at a record's beginning, in particular the last of each file. */
	fixture_close(&fixture);
	feed_begin(late, START);
	late_next = 1;
	ok_changes(late, late_next, 3000, "the same from the start, after the end of the writer");
	feed_free(late);
	feed_free(feed);
	fixture_remove(&fixture);
}

/* Positions at which no record is yet: the next one goes to a new file. */
static void test_end_of_each_file(void)
{
	struct log_fixture fixture;
	struct feed_position before, after;
	unsigned number = 0, rolled = 0, failures = 0;
	struct feed *feed;

	fixture_make(&fixture, SMALL_LOG);
	feed = fixture_feed(&fixture, START);
	for (after = fixture_end(&fixture); rolled < 5 && number < 5000;) {
		unsigned next = ++number;

		before = after;
		feed_begin(feed, before);
		failures += fixture_read(feed, &next, 0) != FEED_NOTHING || next != number;
		fixture_change(&fixture, number);
		failures += fixture_read(feed, &next, 0) != FEED_NOTHING || next != number + 1;
		after = fixture_end(&fixture);
		rolled += after.file != before.file;
	}
	feed_free(feed);
	ok_int_equal(failures, 0, "begun at the end of the log before each of %u changes", number);
	ok_int_equal(rolled, 5, "among them the last ones of five files");
	fixture_remove(&fixture);
}

int main(void)
{
	test_transactions();
	test_messages();
	test_position();
	test_roll_over();
	test_end_of_each_file();
	return tap_done();
}
