/*
 * All processes are killed at random instants while clients write, and are started
 * again at once. What was acknowledged must be there afterwards, each once.
 *
 * Each life of tidings-stored has the one durability or the other, by chance: what
 * was written but not flushed survives the death of a process.
 */
#include "tests/crash/kills.h"

#include "tests/crash/chance.h"
#include "tests/crash/killer.h"
#include "tests/crash/trial.h"
#include "tests/tap.h"

enum { EXPIRED_US = 5000000 /* what expires has done so by then */ };

static int run_until(struct trial *trial, struct killer *killer, int64_t end)
{
	int r = 0;

	while (r == 0 && monotonic_us() < end) {
		int64_t due = killer_due(killer);

		r = trial_run(trial, due < end ? due : end);
		if (r == 0)
			r = killer_act(killer);
	}
	return r;
}

static int run(struct trial *trial, struct killer *killer)
{
	int64_t end = monotonic_us() + trial_duration();
	int r = run_until(trial, killer, end - EXPIRED_US);

	trial->ledger.everlasting = true;
	if (r == 0)
		r = run_until(trial, killer, end);
	return r < 0 ? r : trial_finish(trial);
}

int kills_main(unsigned interval_ms, unsigned latest_ms)
{
	struct trial trial;
	struct killer killer;
	int r = trial_set_up(&trial, "1M");

	trial.programs.mixed = true;
	if (r == 0)
		r = trial_start(&trial);
	killer_set_up(&killer, &trial.programs, (int64_t)interval_ms * 1000);
	if (r == 0)
		r = run(&trial, &killer);
	killer_note(&killer);
	trial_conclude(&trial, r, latest_ms);
	return trial_end(&trial);
}
