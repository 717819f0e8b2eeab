/* Starting a child process, see spawn.h. */
#include "tests/crash/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FIRST_LISTEN_FD = 3, EXIT_NOT_STARTED = 127 };

void built_path(const char *name, char *path, size_t size)
{
	const char *directory = getenv("top_builddir");

	snprintf(path, size, "%s/%s", directory ? directory : ".", name);
}

/* The child's end comes with its parent's, even if that came before this. */
static void tie_to(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NOT_STARTED);
}

static void redirect(const struct spawn *spawn)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log_fd = open(spawn->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (null_fd < 0 || log_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
		dup2(log_fd, STDERR_FILENO) < 0 ||
		dup2(spawn->output_fd >= 0 ? spawn->output_fd : log_fd, STDOUT_FILENO) < 0)
		_exit(EXIT_NOT_STARTED);
}

/* What sd_listen_fds(3) expects. */
static void hand_over(int listen_fd)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (listen_fd == FIRST_LISTEN_FD)
		fcntl(listen_fd, F_SETFD, 0);
	else if (dup2(listen_fd, FIRST_LISTEN_FD) < 0)
		_exit(EXIT_NOT_STARTED);
}

static void become(const struct spawn *spawn)
{
	sigset_t none;
	char path[512];

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	redirect(spawn);
	if (spawn->listen_fd >= 0)
		hand_over(spawn->listen_fd);
	if (spawn->notify)
		setenv("NOTIFY_SOCKET", spawn->notify, 1);
	if (spawn->preload)
		setenv("LD_PRELOAD", spawn->preload, 1);
	built_path(spawn->arguments[0], path, sizeof(path));
	execv(path, (char *const *)spawn->arguments);
	perror(path);
	_exit(EXIT_NOT_STARTED);
}

pid_t spawn(const struct spawn *spawn)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		tie_to(parent);
		become(spawn);
	}
	return pid;
}
