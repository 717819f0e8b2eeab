/*
 * A trial: an installation, its programs, the clients, the tools, and one loop for
 * all of them. What befalls the programs is the business of each test.
 */
#pragma once

#include "tests/crash/load.h"
#include "tests/crash/programs.h"
#include "tests/crash/recount.h"
#include "tests/crash/tools.h"

struct trial {
	struct setting setting;
	struct ledger ledger;
	struct programs programs;
	struct load load;
	struct tools tools;
	size_t orphans_wrong; /* workers that ended neither well nor by SIGKILL */
	size_t acknowledged;  /* notifications, and what recounts of whole stores have found */
	struct findings findings;
};

/*
 * Makes all, with this disk-reserve, and starts nothing. Returns 0 or -errno;
 * trial_end() is due in any case.
 */
int trial_set_up(struct trial *trial, const char *disk_reserve);

/*
 * Starts the programs on an empty store, and lets each user be seen: a broadcast is
 * only for those who were seen before it. Returns 0 or -errno.
 */
int trial_start(struct trial *trial);

/* How long a test is to run: $CRASH_SECONDS, or ten seconds. In microseconds. */
int64_t trial_duration(void);

/* Runs everything until that time. Returns 0 or -errno. */
int trial_run(struct trial *trial, int64_t until);

/* Runs until nothing is under way any more, and lets nothing begin. Returns 0 or -errno. */
int trial_finish(struct trial *trial);

/*
 * Finishes, compares the lists with the ledger, kills all and forgets the store, so
 * that trial_start() can begin with an empty one. Returns 0 or -errno.
 */
int trial_clear(struct trial *trial);

/*
 * What all tests end with: notes of the counts; and if the run was no failure itself,
 * the lists are compared with the ledger and the programs stopped. `latest_ms` is
 * how long there may be no answer.
 */
void trial_conclude(struct trial *trial, int result, unsigned latest_ms);

/* Kills what is left and removes everything. Returns the exit status. */
int trial_end(struct trial *trial);
