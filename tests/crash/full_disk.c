/*
 * The disk fills up while clients write, and gets free again. While less is left
 * than the reserve, changes are refused with 507, and reads go on, also when the
 * store is killed and recovers at that time; nothing that was acknowledged is lost.
 *
 * A disk that somebody else fills to the last byte is beyond what the store
 * promises: it may fail then, even to start. But it must be well again, with all
 * that was acknowledged, as soon as there is space.
 */
#include "tests/crash/chance.h"
#include "tests/crash/disk.h"
#include "tests/crash/trial.h"
#include "tests/tap.h"

#include <errno.h>

enum {
	MEBIBYTE = 1 << 20,
	SIZE = 192 * MEBIBYTE,
	RESERVE = 64 * MEBIBYTE,  /* what disk-reserve is unless configured */
	ABOVE_MAX = 4 * MEBIBYTE, /* left above the reserve, for the clients to fill */
	ROOM = 48 * MEBIBYTE, /* above it; a store that leaves less is replaced by an empty one */
	PHASE_US = 500000,
	PATIENCE_US = 30 * 1000000,
	LATEST_MS = 10000,
};

struct full_disk {
	struct disk disk;
	struct trial trial;
	unsigned rounds, stores;
	unsigned restarts;	 /* of a store that was killed below its reserve … */
	unsigned empty_restarts; /* … and where nothing at all was left … */
	unsigned failures;	 /* … and could not start, or failed */
	unsigned never;		 /* waited in vain for what must happen */
	size_t changed;		 /* answers to changes that should have been refused */
	size_t unavailable;	 /* answers 503 where reads must go on */
	int64_t slowest_heal, slowest_recovery; /* microseconds */
};

/* Runs until one of the tally's counts has grown. Returns how long that took, or -errno. */
static int64_t run_until(struct trial *trial, const size_t *count)
{
	int64_t begin = monotonic_us();
	size_t before = *count;

	while (*count == before) {
		int r = trial_run(trial, monotonic_us() + 1000);

		if (r < 0)
			return r;
		if (monotonic_us() - begin > PATIENCE_US)
			return -ETIMEDOUT;
	}
	return monotonic_us() - begin;
}

/* The same; what never happens is counted, and *slowest is the longest time. */
static int expect(struct full_disk *test, const size_t *count, int64_t *slowest)
{
	int64_t took = run_until(&test->trial, count);

	if (took == -ETIMEDOUT) {
		test->never++;
		return 0;
	}
	if (slowest && took > *slowest)
		*slowest = took;
	return took < 0 ? (int)took : 0;
}

static int run_for(struct full_disk *test, int64_t duration)
{
	return trial_run(&test->trial, monotonic_us() + duration);
}

/* The clients fill the disk to the reserve, or nearly so, and somebody else the rest. */
static int fill(struct full_disk *test)
{
	const struct tally *tally = &test->trial.load.tally;
	int r = disk_leave(&test->disk, RESERVE + pick(ABOVE_MAX));

	if (r == 0)
		r = expect(test, &tally->full, NULL);
	return r < 0 ? r : disk_leave(&test->disk, RESERVE / 2);
}

/* Less is left than the reserve: reads are answered, changes are not done. */
static int stay_full(struct full_disk *test)
{
	const struct tally *tally = &test->trial.load.tally;
	size_t changed, unavailable = tally->unavailable;
	int r = run_for(test, PHASE_US / 2); /* until the last that were under way are answered */

	changed = tally->changed;
	if (r == 0)
		r = run_for(test, PHASE_US);
	test->changed += tally->changed - changed;
	test->unavailable += tally->unavailable - unavailable;
	if (r == 0)
		r = expect(test, &tally->looked, NULL);
	return r < 0 ? r : expect(test, &tally->full, NULL);
}

static int restart(struct full_disk *test, unsigned *count, int64_t *slowest)
{
	struct trial *trial = &test->trial;
	int r;

	(*count)++;
	programs_kill(&trial->programs, STORED);
	r = programs_start(&trial->programs, STORED);
	return r < 0 || !slowest ? r : expect(test, &trial->load.tally.looked, slowest);
}

static int heal(struct full_disk *test)
{
	int r = disk_clear(&test->disk);

	return r < 0 ? r : expect(test, &test->trial.load.tally.changed, &test->slowest_heal);
}

/* Nothing is left. What happens now is only counted, but all must be well afterwards. */
static int be_empty(struct full_disk *test)
{
	struct programs *programs = &test->trial.programs;
	unsigned ended = programs->ended[STORED];
	int r = disk_leave(&test->disk, 0);

	if (r == 0)
		r = run_for(test, PHASE_US);
	if (r == 0)
		r = restart(test, &test->empty_restarts, NULL);
	if (r == 0)
		r = run_for(test, PHASE_US);
	if (r == 0)
		r = heal(test);
	test->failures += programs->ended[STORED] - ended;
	programs->ended[STORED] = ended;
	return r;
}

static int renew(struct full_disk *test)
{
	int r = trial_clear(&test->trial);

	test->stores++;
	return r < 0 ? r : trial_start(&test->trial);
}

static int run_round(struct full_disk *test)
{
	int r = 0;

	test->rounds++;
	if (disk_free(&test->disk) < RESERVE + ROOM)
		r = renew(test);
	if (r == 0)
		r = run_for(test, PHASE_US);
	if (r == 0)
		r = fill(test);
	if (r == 0)
		r = stay_full(test);
	if (r == 0 && test->rounds % 2 == 0)
		r = restart(test, &test->restarts, &test->slowest_recovery);
	if (r == 0)
		r = stay_full(test);
	if (r == 0)
		r = heal(test);
	return r == 0 && test->rounds % 3 == 0 ? be_empty(test) : r;
}

static int run(struct full_disk *test)
{
	int64_t end = monotonic_us() + trial_duration();
	int r = 0;

	while (r == 0 && (monotonic_us() < end || test->rounds < 3))
		r = run_round(test);
	return r < 0 ? r : trial_finish(&test->trial);
}

static void check_rounds(const struct full_disk *test)
{
	tap_note("filled %u times to the reserve, %u of them with the store killed there: the "
		 "first read after %lld ms at the latest; healed within %lld ms; %u stores",
		test->rounds, test->restarts, (long long)test->slowest_recovery / 1000,
		(long long)test->slowest_heal / 1000, test->stores + 1);
	tap_note("filled %u times to the last byte, and the store killed there, which then failed "
		 "%u times",
		test->empty_restarts, test->failures);
	ok_int_equal(test->never, 0, "refused when it is full, well when it is not");
	ok_int_equal(test->changed, 0, "nothing is changed below the reserve");
	ok_int_equal(test->unavailable, 0, "and nothing else refused");
	tap_ok(test->trial.load.tally.full > 0, "answers were 507");
}

int main(void)
{
	static struct full_disk test;
	struct trial *trial = &test.trial;
	int r = trial_set_up(trial, "64M"); /* RESERVE */

	trial->ledger.everlasting = true; /* what expires does not while the disk is full */
	if (r == 0)
		r = disk_set_up(&test.disk, trial->setting.disk, SIZE);
	if (r == DISK_NOT_PERMITTED) {
		tap_skip("no file system can be mounted here");
		return trial_end(trial);
	}
	if (r == 0)
		r = trial_start(trial);
	if (r == 0)
		r = run(&test);
	check_rounds(&test);
	trial_conclude(trial, r, LATEST_MS);
	disk_tear_down(&test.disk);
	return trial_end(trial);
}
