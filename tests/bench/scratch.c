/*
 * The scratch directory, see scratch.h.
 *
 * Who removes it is a process that does nothing else: so it is removed too when
 * the work crashes, or when a signal comes at a moment that suits nobody. Children
 * of the worker end with it, and are waited for here, because they may still write.
 */
#include "tests/bench/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REMOVE_FDS = 16, SIGNALLED = 128 /* added to a signal's number, as shells do */ };

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void scratch_remove(const char *directory)
{
	nftw(directory, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS);
}

static int scratch_make(const char *name, char ret_directory[static SCRATCH_PATH])
{
	const char *parent = getenv("TMPDIR");
	int n = snprintf(ret_directory, SCRATCH_PATH, "%s/tidings-%s.XXXXXX",
		parent && *parent ? parent : "/tmp", name);

	if (n >= SCRATCH_PATH)
		return -ENAMETOOLONG;
	return mkdtemp(ret_directory) ? 0 : -errno;
}

/* Waits for the child's end, which any signal but its own brings about. */
static int await(pid_t child, const sigset_t *signals)
{
	int status = 0;

	while (waitpid(child, &status, WNOHANG) != child) {
		int signal = sigwaitinfo(signals, NULL);

		if (signal > 0 && signal != SIGCHLD)
			kill(child, SIGKILL);
	}
	while (wait(NULL) > 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

int scratch_begin(const char *name, char ret_directory[static SCRATCH_PATH], int *ret_status)
{
	pid_t guard = getpid(), child;
	sigset_t signals, before;
	int r = scratch_make(name, ret_directory);

	if (r < 0)
		return r;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = fork();
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return getppid() == guard ? 0 : -ESRCH;
	}
	r = child < 0 ? -errno : SCRATCH_OVER;
	if (child > 0)
		*ret_status = await(child, &signals);
	scratch_remove(ret_directory);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
