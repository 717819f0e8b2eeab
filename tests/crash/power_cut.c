/*
 * Power cuts at random instants, many of them, with durability=sync: nothing that
 * was acknowledged is lost, and the store begins a new life. Now and then the
 * store is killed first, and the cut comes while it recovers.
 */
#include "tests/crash/chance.h"
#include "tests/crash/power.h"
#include "tests/tap.h"

enum {
	ROUND_US = 1200000,   /* at most, between two cuts */
	RECOVERY_US = 150000, /* at most, between a kill and a cut */
	NOTIFICATIONS = 6000, /* of one store: each round reads all of them */
	ENOUGH_CUTS = 100,    /* by then one must have come while something was not flushed */
	LATEST_MS = 10000,
};

struct rounds {
	struct power power;
	struct trial *trial;
	struct findings findings; /* of all rounds */
	unsigned same_epoch, unreadable, stores, killed;
};

static int run_for(struct trial *trial, unsigned at_most)
{
	return trial_run(trial, monotonic_us() + pick(at_most));
}

static int kill_before(struct rounds *rounds)
{
	struct trial *trial = rounds->trial;
	int r;

	rounds->killed++;
	programs_kill(&trial->programs, STORED);
	r = programs_start(&trial->programs, STORED);
	return r < 0 ? r : run_for(trial, RECOVERY_US);
}

/* One cut, and what it has left. */
static int run_round(struct rounds *rounds)
{
	struct trial *trial = rounds->trial;
	int r = run_for(trial, ROUND_US);

	if (r == 0 && by_chance(1, 3))
		r = kill_before(rounds);
	if (r == 0)
		r = power_cut(&rounds->power, by_chance(1, 2));
	if (r < 0)
		return r;
	rounds->same_epoch += !power_has_new_epoch(&rounds->power);
	r = recount(&trial->ledger, &trial->setting, &rounds->findings);
	rounds->unreadable += r < 0;
	return r;
}

/* Goes on with an empty store. */
static int renew(struct rounds *rounds)
{
	struct trial *trial = rounds->trial;
	int r = trial_clear(trial);

	rounds->stores++;
	if (r == 0)
		r = power_renew(&rounds->power);
	if (r == 0)
		r = trial_start(trial);
	if (r == 0)
		power_has_new_epoch(&rounds->power);
	return r;
}

/* No cut has come yet while something was written and not flushed. */
static bool is_untried(const struct rounds *rounds)
{
	return rounds->power.taken == 0 && rounds->power.cuts < ENOUGH_CUTS;
}

static int run(struct rounds *rounds)
{
	int64_t end = monotonic_us() + trial_duration();
	int r = 0;

	power_has_new_epoch(&rounds->power);
	while (r == 0 && (monotonic_us() < end || is_untried(rounds))) {
		r = run_round(rounds);
		if (r == 0 && rounds->trial->ledger.count > NOTIFICATIONS)
			r = renew(rounds);
	}
	return r < 0 ? r : trial_finish(rounds->trial);
}

static void check_rounds(const struct rounds *rounds)
{
	const struct findings *findings = &rounds->findings;

	tap_note("%u power cuts, %u of them torn, %u soon after a kill; %u stores",
		rounds->power.cuts, rounds->power.torn, rounds->killed, rounds->stores + 1);
	tap_note("of what was not flushed %zu blocks were lost, %zu kept", rounds->power.taken,
		rounds->power.kept);
	tap_ok(rounds->power.taken > 0, "cuts take away what was not flushed");
	ok_int_equal(rounds->power.damaged, 0, "after each cut the store is whole");
	ok_int_equal(rounds->unreadable, 0, "after each cut every list can be read");
	ok_int_equal(rounds->same_epoch, 0, "after each the store begins a new epoch");
	ok_int_equal(findings->lost, 0, "no acknowledged notification is lost by any");
	ok_int_equal(findings->doubled, 0, "none is doubled");
	ok_int_equal(findings->uninvited, 0, "none appears that nobody asked for");
	ok_int_equal(findings->revived, 0, "nothing that was deleted comes back");
	ok_int_equal(findings->misread, 0, "every mark is kept");
	ok_int_equal(findings->partial, 0, "nothing is half done");
	ok_int_equal(findings->miscounted, 0, "the counts are those of the lists");
}

int main(void)
{
	struct trial trial;
	struct rounds rounds = { .trial = &trial };
	int r = trial_set_up(&trial, "1M");

	trial.ledger.everlasting = true; /* the lists are read at any time */
	if (r == 0)
		r = power_set_up(&rounds.power, &trial);
	if (r == 0)
		r = trial_start(&trial);
	if (r == 0)
		r = run(&rounds);
	check_rounds(&rounds);
	trial_conclude(&trial, r, LATEST_MS);
	return trial_end(&trial);
}
