/*
 * The agenda against a plain list that knows the same: users come, are taken, come back and go,
 * and the one who is due first is always the one that comes first.
 */
#include "away/agenda.h"
#include "tests/tap.h"

#include <stdio.h>

enum { USERS = 300, STEPS = 20000 };

static const char *name_of(unsigned i)
{
	static char name[16];

	snprintf(name, sizeof(name), "user-%u", i);
	return name;
}

static void test_one(void)
{
	struct agenda agenda = { 0 };
	struct waiting *waiting, *again;

	tap_ok(!agenda_first(&agenda), "an empty agenda has nobody");
	ok_int_equal(agenda_get(&agenda, SLICE("alice"), 5, &waiting), 0, "a user is added");
	tap_ok(waiting_is_empty(waiting) && !waiting_has_delivery(waiting),
		"of whom nothing is due");
	ok_int_equal(agenda_get(&agenda, SLICE("alice"), 9, &again), 0, "and found");
	tap_ok(again == waiting && waiting->due == 5, "as it was");
	ok_int_equal(agenda.users, 1, "there is one");
	ok_string_equal(agenda_first(&agenda)->user, "alice", "who comes first");
	agenda_take(&agenda, waiting);
	tap_ok(!agenda_first(&agenda), "but not while taken");
	agenda_return(&agenda, waiting);
	agenda_take(&agenda, agenda_first(&agenda));
	agenda_remove(&agenda, waiting);
	ok_int_equal(agenda.users, 0, "removed");
	ok_int_equal(agenda.removed.len, 0, "and nobody need remember that it never was saved");
	agenda_release(&agenda);
}

static void test_saving(void)
{
	struct agenda agenda = { 0 };
	struct waiting *a, *b;

	agenda_get(&agenda, SLICE("a"), 1, &a);
	agenda_get(&agenda, SLICE("b"), 2, &b);
	agenda_touch(&agenda, a);
	agenda_touch(&agenda, a);
	agenda_touch(&agenda, b);
	tap_ok(agenda.changed == b && b->next_changed == a && !a->next_changed,
		"what has changed is listed once");
	agenda_saved(&agenda);
	tap_ok(!agenda.changed && a->saved && b->saved, "until it is saved");
	agenda_touch(&agenda, b);
	agenda_touch(&agenda, a);
	agenda_take(&agenda, b);
	agenda_remove(&agenda, b);
	tap_ok(agenda.changed == a && !a->next_changed, "one that goes leaves the list");
	ok_bytes_equal(agenda.removed.data, agenda.removed.len, "b", 2, "and its name is kept");
	agenda_saved(&agenda);
	ok_int_equal(agenda.removed.len, 0, "until that is saved");
	agenda_release(&agenda);
}

/* Who is due when, as the agenda must know it; -1 = not there. */
static int64_t model[USERS];

static bool first_is_right(const struct agenda *agenda)
{
	const struct waiting *first = agenda_first(agenda);
	int64_t lowest = INT64_MAX;

	for (unsigned i = 0; i < USERS; i++)
		if (model[i] >= 0 && model[i] < lowest)
			lowest = model[i];
	return first ? first->due == lowest : lowest == INT64_MAX;
}

/* Adds one, or takes the first and moves or removes it. */
static void step(struct agenda *agenda)
{
	unsigned i = (unsigned)rand() % USERS;
	struct waiting *waiting;

	if (model[i] < 0) {
		model[i] = rand() % 1000;
		agenda_get(agenda, slice_of(name_of(i)), model[i], &waiting);
		return;
	}
	agenda_get(agenda, slice_of(name_of(i)), 0, &waiting);
	agenda_take(agenda, waiting);
	if (rand() % 3 == 0) {
		agenda_remove(agenda, waiting);
		model[i] = -1;
		return;
	}
	waiting->due = model[i] = rand() % 1000;
	agenda_return(agenda, waiting);
}

static void test_model(void)
{
	struct agenda agenda = { 0 };
	unsigned wrong = 0;

	srand(1);
	for (unsigned i = 0; i < USERS; i++)
		model[i] = -1;
	for (unsigned i = 0; i < STEPS; i++) {
		step(&agenda);
		wrong += !first_is_right(&agenda);
	}
	ok_int_equal(wrong, 0, "the first is always the one who is due first");
	agenda_release(&agenda);
}

int main(void)
{
	test_one();
	test_saving();
	test_model();
	return tap_done();
}
