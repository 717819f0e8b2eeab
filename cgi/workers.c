/*
 * The parent of the workers.
 *
 * A worker that dies is replaced at once, but not without end: each replacement
 * takes one of a limited number of restarts, which come back with time. So the
 * death of many at a time is mended at once, while workers that die as soon as
 * they start cost a bounded share of the machine. Workers end with their parent.
 */
#include "cgi/workers.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/result.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum {
	RESTARTS_MAX = 40,	/* at once … */
	RESTARTS_RATE = 20,	/* … and this many a second */
	STOP_TIMEOUT_MS = 5000, /* for the request at hand, when all is to end */
};

struct place {
	pid_t pid;     /* 0 = none runs in this place */
	bool expected; /* was told to end */
};

struct parent {
	const struct workers *workers;
	pid_t pid;
	struct place *places;
	double restarts; /* how many may be made now */
	int64_t counted; /* when that was last brought up to date: monotonic milliseconds */
	int64_t pulse;	 /* milliseconds between two signs of life to systemd; negative = none */
	sigset_t signals;
};

static void handled_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGHUP);
	sigaddset(ret_signals, SIGCHLD);
}

void workers_block_signals(void)
{
	sigset_t signals;

	handled_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Whether a replacement may be made now; if so it counts. */
static bool take_restart(struct parent *parent)
{
	int64_t now = clock_ms();

	parent->restarts += (double)(now - parent->counted) * RESTARTS_RATE / 1000;
	parent->counted = now;
	if (parent->restarts > RESTARTS_MAX)
		parent->restarts = RESTARTS_MAX;
	if (parent->restarts < 1)
		return false;
	parent->restarts -= 1;
	return true;
}

static int start_worker(struct parent *parent, unsigned place)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent->pid)
			_exit(0); /* the parent died before it could be tied to */
		_exit(parent->workers->work(parent->workers->context));
	}
	parent->places[place].pid = pid;
	parent->places[place].expected = false;
	return 0;
}

/* Fills the empty places; true if one must stay empty for now. */
static bool start_workers(struct parent *parent)
{
	for (unsigned i = 0; i < parent->workers->count; i++) {
		int r;

		if (parent->places[i].pid)
			continue;
		if (!take_restart(parent))
			return true;
		r = start_worker(parent, i);
		if (r < 0) {
			log_error("no further worker can be started: %s", strerror(-r));
			return true;
		}
	}
	return false;
}

static void log_end(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_event(LOG_LEVEL_WARNING, LOG_WORKER_ENDED, NULL,
			"worker %d was ended by signal %d (%s) and is replaced", (int)pid,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		log_event(LOG_LEVEL_WARNING, LOG_WORKER_ENDED, NULL,
			"worker %d failed with status %d and is replaced", (int)pid,
			WEXITSTATUS(status));
}

static void reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < parent->workers->count; i++) {
			if (parent->places[i].pid != pid)
				continue;
			parent->places[i].pid = 0;
			if (parent->places[i].expected)
				parent->restarts += 1; /* it did not die by itself */
			else
				log_end(pid, status);
		}
	}
}

static void signal_workers(struct parent *parent, int signal_number)
{
	for (unsigned i = 0; i < parent->workers->count; i++) {
		if (!parent->places[i].pid)
			continue;
		parent->places[i].expected = true;
		kill(parent->places[i].pid, signal_number);
	}
}

static bool any_left(const struct parent *parent)
{
	for (unsigned i = 0; i < parent->workers->count; i++)
		if (parent->places[i].pid)
			return true;
	return false;
}

/* Half of the time after which systemd would take the parent for dead */
static int64_t find_pulse(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 2000) : -1;
}

/* The next signal, or 0 after so many milliseconds; negative = wait without end. */
static int wait_signal(struct parent *parent, int64_t timeout)
{
	struct timespec limit = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000 };
	int number = sigtimedwait(&parent->signals, NULL, timeout < 0 ? NULL : &limit);

	return number < 0 ? 0 : number;
}

static void tell_ready(const struct parent *parent)
{
	sd_notifyf(0, "READY=1\nSTATUS=Answering with %u workers", parent->workers->count);
}

static void reload(struct parent *parent)
{
	sd_notify(0, "RELOADING=1");
	if (parent->workers->reload(parent->workers->context) == 0) {
		log_event(LOG_LEVEL_INFO, LOG_RELOADED, NULL, "read the configuration again");
		signal_workers(parent, SIGTERM);
	} else {
		log_event(LOG_LEVEL_ERROR, LOG_RELOAD_FAILED, NULL,
			"the configuration stays as it was");
	}
	tell_ready(parent);
}

static void run_until_stopped(struct parent *parent)
{
	for (;;) {
		bool short_of_workers = start_workers(parent);
		int64_t patience = short_of_workers ? 1000 / RESTARTS_RATE : parent->pulse;

		if (parent->pulse >= 0)
			sd_notify(0, "WATCHDOG=1");
		log_settle();
		switch (wait_signal(parent, patience)) {
		case SIGCHLD:
			reap(parent);
			break;
		case SIGHUP:
			reload(parent);
			break;
		case SIGTERM:
		case SIGINT:
			return;
		default:
			break;
		}
	}
}

static void stop(struct parent *parent)
{
	int64_t deadline = clock_ms() + STOP_TIMEOUT_MS;
	int64_t left = STOP_TIMEOUT_MS;

	sd_notify(0, "STOPPING=1");
	signal_workers(parent, SIGTERM);
	for (; any_left(parent) && left > 0; left = deadline - clock_ms())
		if (wait_signal(parent, left) == SIGCHLD)
			reap(parent);
	if (!any_left(parent))
		return;
	log_warning("workers that did not finish their request in time are ended");
	signal_workers(parent, SIGKILL);
}

int workers_run(const struct workers *workers)
{
	_cleanup_(freeing_memory) struct place *places = calloc(workers->count, sizeof(*places));
	struct parent parent = {
		.workers = workers,
		.pid = getpid(),
		.places = places,
		.restarts = RESTARTS_MAX,
		.counted = clock_ms(),
		.pulse = find_pulse(),
	};

	if (!places)
		return -ENOMEM;
	handled_signals(&parent.signals);
	for (unsigned i = 0; i < workers->count; i++) {
		int r = start_worker(&parent, i);

		if (r < 0) {
			stop(&parent);
			return r;
		}
	}
	log_info("ready, with %u workers", workers->count);
	tell_ready(&parent);
	run_until_stopped(&parent);
	stop(&parent);
	return 0;
}
