/* Changes that wait for the end of their transaction. */
#include "pushd/transaction.h"

#include "tests/tap.h"

#include <errno.h>

/* Adds the one message of a change with this number. */
static void add(struct transaction *transaction, uint32_t id, unsigned number)
{
	_cleanup_(buffer_release) struct buffer message = { 0 };

	buffer_print(&message, "tidings1 1/1 seen %u 0 0 0 0 1:u -", number);
	transaction_add(transaction, id, buffer_slice(&message));
}

static void add_text(struct transaction *transaction, uint32_t id, const char *text)
{
	transaction_add(transaction, id, slice_of(text));
}

/* Checks that the next changes are numbers `first` to `last`, and then what follows. */
static void check_given(struct transaction *transaction, unsigned first, unsigned last,
	int expected, const char *name)
{
	struct change change;
	int r;

	while ((r = transaction_next(transaction, &change)) == 0) {
		if (change.counts.seq != first)
			tap_ok(false, "%s: change %ju instead of %u", name,
				(uintmax_t)change.counts.seq, first);
		first++;
	}
	ok_int_equal(r, expected, "%s", name);
	ok_int_equal(first, last + 1, "%s: as many as there are", name);
}

static void test_ends(struct transaction *t)
{
	tap_ok(!transaction_is_pending(t), "nothing is pending at first");
	check_given(t, 1, 0, TRANSACTION_EMPTY, "nothing at first");
	add(t, 7, 1);
	add(t, 7, 2);
	tap_ok(transaction_is_pending(t), "two are pending");
	check_given(t, 1, 0, TRANSACTION_EMPTY, "nothing before the commit");
	transaction_commit(t, 8);
	check_given(t, 1, 0, TRANSACTION_EMPTY, "nothing at the commit of another");
	transaction_commit(t, 7);
	tap_ok(transaction_is_pending(t), "still pending, to be handed out");
	check_given(t, 1, 2, TRANSACTION_EMPTY, "both after the commit");
	tap_ok(!transaction_is_pending(t), "nothing is pending any more");
	transaction_commit(t, 7);
	check_given(t, 1, 0, TRANSACTION_EMPTY, "nothing twice");

	add(t, 9, 1);
	add(t, 10, 2);
	transaction_commit(t, 9);
	check_given(t, 1, 0, TRANSACTION_EMPTY, "another one drops the first");
	transaction_commit(t, 10);
	check_given(t, 2, 2, TRANSACTION_EMPTY, "and has its own");

	add(t, 11, 1);
	transaction_reset(t);
	transaction_commit(t, 11);
	check_given(t, 1, 0, TRANSACTION_EMPTY, "a reset drops all");
}

static void test_damage(struct transaction *t)
{
	add_text(t, 1, "tidings1 1/2 seen 1 0 0 ");
	transaction_commit(t, 1);
	check_given(t, 1, 0, -EBADMSG, "an unfinished change");
	check_given(t, 1, 0, -EBADMSG, "it stays so");
	transaction_reset(t);

	add_text(t, 2, "tidings1 2/2 seen 1 0 0 ");
	add(t, 2, 1);
	check_given(t, 1, 0, TRANSACTION_EMPTY, "a damaged one before its end");
	transaction_commit(t, 2);
	check_given(t, 1, 0, -EBADMSG, "a change without a beginning");
	transaction_reset(t);

	add_text(t, 3, "tidings9 1/1 x");
	add(t, 4, 1);
	transaction_commit(t, 4);
	check_given(t, 1, 1, TRANSACTION_EMPTY, "a damaged one that did not commit");

	add(t, 5, 1);
	add_text(t, 5, "tidings1 1/1 no record");
	transaction_commit(t, 5);
	check_given(t, 1, 1, -EBADMSG, "a change that cannot be read");
	transaction_reset(t);

	add_text(t, 6, "tidings9 1/1 x");
	add_text(t, 6, "tidings1 2/2 x");
	transaction_commit(t, 6);
	check_given(t, 1, 0, -EPROTONOSUPPORT, "the first fault counts");
	transaction_reset(t);

	add(t, 7, 1);
	transaction_commit(t, 7);
	check_given(t, 1, 1, TRANSACTION_EMPTY, "a good one after all that");
}

/* Fills it with records of this length, which are no changes, until it holds so many bytes. */
static void fill(struct transaction *t, uint32_t id, size_t record_len, size_t bytes)
{
	_cleanup_(buffer_release) struct buffer message = { 0 };

	buffer_append_string(&message, "tidings1 1/1 ");
	while (message.len < record_len + 13)
		buffer_append(&message, "x", 1);
	for (size_t at = 0; at + record_len + 4 <= bytes; at += record_len + 4)
		transaction_add(t, id, buffer_slice(&message));
}

static void test_bound(struct transaction *t)
{
	const size_t RECORD = 1020; /* with its length 1,024 bytes: a divisor of the bound */
	struct change change;

	fill(t, 1, RECORD, TRANSACTION_MAX);
	ok_int_equal((intmax_t)t->changes.len, TRANSACTION_MAX, "as much as may be");
	transaction_commit(t, 1);
	ok_int_equal(transaction_next(t, &change), -EBADMSG, "is kept, though it is no change");
	transaction_reset(t);
	tap_ok(t->changes.size < TRANSACTION_MAX / 8, "its memory is given back");

	fill(t, 2, RECORD, TRANSACTION_MAX);
	add(t, 2, 1);
	transaction_commit(t, 2);
	ok_int_equal(transaction_next(t, &change), -ENOBUFS, "more is not handed out");
	transaction_reset(t);

	fill(t, 3, RECORD, TRANSACTION_MAX);
	add(t, 3, 1);
	add(t, 4, 5);
	transaction_commit(t, 4);
	check_given(t, 5, 5, TRANSACTION_EMPTY, "the next one has room again");
}

int main(void)
{
	struct transaction transaction;

	transaction_init(&transaction);
	test_ends(&transaction);
	test_damage(&transaction);
	test_bound(&transaction);
	transaction_release(&transaction);
	return tap_done();
}
