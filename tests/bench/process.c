/* Starting and ending programs, see process.h. */
#include "tests/bench/process.h"

#include "lib/result.h"
#include "tests/bench/samples.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
	LISTEN_FD = 3, /* where systemd puts a socket, sd_listen_fds(3) */
	PATIENCE_MS = 60000,
	LOOK_MS = 5,
};

const char *process_built(const char *name, char path[static PATH_MAX])
{
	const char *build = getenv("top_builddir");

	snprintf(path, PATH_MAX, "%s/%s", build ? build : ".", name);
	return path;
}

static bool hand_over(int listen_fd)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0)
		return false;
	return listen_fd == LISTEN_FD ? fcntl(listen_fd, F_SETFD, 0) == 0
				      : dup2(listen_fd, LISTEN_FD) == LISTEN_FD;
}

/* What the new process does: it becomes the program, with the socket in its place. */
static void become(const char *const argv[], pid_t parent, int listen_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || (listen_fd >= 0 && !hand_over(listen_fd)))
		_exit(1);
	execv(argv[0], (char *const *)argv);
	perror(argv[0]);
	_exit(1);
}

pid_t process_start(const char *const argv[], int listen_fd)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become(argv, parent, listen_fd);
	return pid < 0 ? -errno : pid;
}

void process_end(pid_t pid, int signal)
{
	if (pid <= 0)
		return;
	kill(pid, signal);
	waitpid(pid, NULL, 0);
}

int64_t process_cpu_ns(pid_t pid)
{
	clockid_t clock;
	int r = -clock_getcpuclockid(pid, &clock);

	return r < 0 ? r : cpu_ns(clock);
}

int64_t process_memory(pid_t pid, const char *name, const char *entry)
{
	_cleanup_(closing_file) FILE *file = NULL;
	char path[64], line[256];
	size_t len = strlen(entry);

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, entry, len) == 0 && line[len] == ':')
			return strtoll(line + len + 1, NULL, 10) * 1024;
	return -ENODATA;
}

int64_t process_descriptors(pid_t pid)
{
	char path[64];
	DIR *directory;
	int64_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return -errno;
	for (const struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

int process_await_descriptors(pid_t pid, int64_t most)
{
	int64_t count = process_descriptors(pid);

	for (int waited = 0; count > most; waited += LOOK_MS) {
		if (waited > PATIENCE_MS)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
		count = process_descriptors(pid);
	}
	return count < 0 ? (int)count : 0;
}
