/*
 * The programs under test as children of this one: started, killed, started
 * again.
 */
#pragma once

#include "tests/crash/setting.h"

#include <stdint.h>
#include <sys/types.h>

enum { WORKERS = 4, WORKERS_MAX = 32 };

struct programs {
	const struct setting *setting;
	bool mixed;	      /* of two lives of tidings-stored one has durability=write */
	const char *preload;  /* LD_PRELOAD of tidings-stored; NULL = none */
	pid_t pids[PROGRAMS]; /* 0 = does not run */
	unsigned starts[PROGRAMS];
	unsigned ended[PROGRAMS]; /* how often it ended though nobody had killed it */
	char notify[64];
	int notify_fd; /* where tidings-stored says that it is ready */
	int signal_fd; /* readable when a child has ended, or this test is to end */
	bool serving;  /* tidings-stored has said so … */
	int64_t stored_started;
	int64_t slowest_start; /* … this many microseconds after it was started */
};

/* Starts nothing, but blocks SIGCHLD, SIGINT and SIGTERM. Returns 0 or -errno. */
int programs_set_up(struct programs *programs, const struct setting *setting);

/* Return 0 or -errno. */
int programs_start(struct programs *programs, enum program which);
int programs_start_all(struct programs *programs);

/* The file that it logs to. */
void programs_log(const struct setting *setting, enum program which, char path[static 80]);

/* SIGKILL: it is gone when this returns. */
void programs_kill(struct programs *programs, enum program which);

/* The same for all of them, and for workers that have lost their parent. */
void programs_kill_all(struct programs *programs);

/* The workers of notifications.fcgi at this moment. Returns how many there are. */
unsigned programs_find_workers(const struct programs *programs, pid_t workers[static WORKERS_MAX]);

/* SIGKILL to one of those. Returns whether it still was one. */
bool programs_kill_worker(const struct programs *programs, pid_t worker);

/* Reads what tidings-stored has said. */
void programs_read_notes(struct programs *programs);

/* Called for a child that is none of the programs. */
typedef void child_ended(void *context, pid_t pid, int status);

/*
 * Takes note of children that have ended. A program that has is started again, and
 * counted. Returns 0 or -errno; -EINTR if this test is to end.
 */
int programs_reap(struct programs *programs, child_ended *ended, void *context);

/* SIGTERM to all. Returns whether each ended by itself, with success. */
bool programs_stop(struct programs *programs);

/* Kills what is left, and closes. */
void programs_tear_down(struct programs *programs);
