/*
 * The programs under test, see programs.h.
 *
 * Workers are children of notifications.fcgi. When that dies they finish their
 * request and end; until then they are children of this process, which therefore
 * declares itself the reaper of its descendants.
 */
#include "tests/crash/programs.h"

#include "lib/result.h"
#include "tests/crash/chance.h"
#include "tests/crash/spawn.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

enum {
	STOP_MS = 15000,
	PAUSE_MS = 100, /* before a program that ended by itself is started … */
	ENDS_TOLD = 3,	/* … and so many of its ends are told */
};

static const char *const paths[PROGRAMS] = {
	[STORED] = "stored/tidings-stored",
	[API] = "cgi/notifications.fcgi",
	[PUSHD] = "pushd/tidings-pushd",
};

static int open_notify(struct programs *programs)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(programs->notify, sizeof(programs->notify), "%s/notify.sock",
		programs->setting->directory);
	strcpy(address.sun_path, programs->notify);
	programs->notify_fd = fd;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

int programs_set_up(struct programs *programs, const struct setting *setting)
{
	sigset_t signals;

	*programs = (struct programs){ .setting = setting, .notify_fd = -1, .signal_fd = -1 };
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	programs->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return programs->signal_fd < 0 ? -errno : open_notify(programs);
}

void programs_log(const struct setting *setting, enum program which, char path[static 80])
{
	snprintf(path, 80, "%s/%s.log", setting->directory, program_names[which]);
}

static void choose_arguments(const struct programs *programs, enum program which,
	const char *arguments[static 8])
{
	const struct setting *setting = programs->setting;
	bool fast = which == STORED && programs->mixed && by_chance(1, 2);
	size_t n = 0;

	arguments[n++] = paths[which];
	arguments[n++] = "--config";
	arguments[n++] = fast ? setting->fast_config_file : setting->config_file;
	arguments[n++] = "--log-level";
	arguments[n++] = "warning";
	if (which == API) {
		arguments[n++] = "--workers";
		arguments[n++] = "4";
	}
	arguments[n] = NULL;
}

int programs_start(struct programs *programs, enum program which)
{
	const char *arguments[8];
	char log[80];
	struct spawn how = {
		.arguments = arguments,
		.log = log,
		.output_fd = -1,
		.listen_fd = programs->setting->listen_fds[which],
	};
	pid_t pid;

	programs_log(programs->setting, which, log);
	choose_arguments(programs, which, arguments);
	if (which == STORED) {
		how.notify = programs->notify;
		how.preload = programs->preload;
		programs->serving = false;
		programs->stored_started = monotonic_us();
	}
	pid = spawn(&how);
	if (pid < 0)
		return pid;
	programs->pids[which] = pid;
	programs->starts[which]++;
	return 0;
}

int programs_start_all(struct programs *programs)
{
	int r = 0;

	for (enum program i = 0; r == 0 && i < PROGRAMS; i++)
		r = programs_start(programs, i);
	return r;
}

void programs_kill(struct programs *programs, enum program which)
{
	if (programs->pids[which] == 0)
		return;
	kill(programs->pids[which], SIGKILL);
	waitpid(programs->pids[which], NULL, 0);
	programs->pids[which] = 0;
	programs_read_notes(programs);
}

/* The parent of a process; 0 if there is no such process. */
static pid_t parent_of(pid_t pid)
{
	_cleanup_(closing_file) FILE *file = NULL;
	char path[32], state;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	/* A name with a parenthesis in it is not one of ours */
	if (!file || fscanf(file, "%*d (%*[^)]) %c %d", &state, &parent) != 2 || state == 'Z')
		return 0;
	return parent;
}

static void freeing_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static unsigned find_children(pid_t parent, pid_t children[static WORKERS_MAX])
{
	_cleanup_(freeing_directory) DIR *directory = opendir("/proc");
	const struct dirent *entry;
	unsigned count = 0;

	while (directory && count < WORKERS_MAX && (entry = readdir(directory))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && parent_of(pid) == parent)
			children[count++] = pid;
	}
	return count;
}

unsigned programs_find_workers(const struct programs *programs, pid_t workers[static WORKERS_MAX])
{
	return programs->pids[API] == 0 ? 0 : find_children(programs->pids[API], workers);
}

void programs_kill_all(struct programs *programs)
{
	pid_t left[WORKERS_MAX];
	unsigned count;

	for (enum program i = 0; i < PROGRAMS; i++)
		programs_kill(programs, i);
	while ((count = find_children(getpid(), left)) > 0)
		for (unsigned i = 0; i < count; i++) {
			kill(left[i], SIGKILL);
			waitpid(left[i], NULL, 0);
		}
}

/* The descriptor is taken first: what it stands for cannot become another process. */
bool programs_kill_worker(const struct programs *programs, pid_t worker)
{
	_cleanup_(closing_fd) int fd = (int)syscall(SYS_pidfd_open, worker, 0);

	if (fd < 0 || programs->pids[API] == 0 || parent_of(worker) != programs->pids[API])
		return false;
	return syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

/* What a life that is over has said does not count for the next. */
void programs_read_notes(struct programs *programs)
{
	char text[4096];
	ssize_t n;

	while ((n = recv(programs->notify_fd, text, sizeof(text) - 1, 0)) >= 0) {
		int64_t took = monotonic_us() - programs->stored_started;

		text[n] = '\0';
		if (programs->pids[STORED] == 0 || strncmp(text, "READY=1", 7) != 0)
			continue;
		programs->serving = true;
		if (took > programs->slowest_start)
			programs->slowest_start = took;
	}
}

/* Which of the programs this was; PROGRAMS = none. */
static enum program program_of(const struct programs *programs, pid_t pid)
{
	enum program which = 0;

	while (which < PROGRAMS && programs->pids[which] != pid)
		which++;
	return which;
}

/* What became of it, and the last that it said. */
static void tell_end(const struct setting *setting, enum program which, int status)
{
	_cleanup_(closing_file) FILE *file = NULL;
	char path[80], line[256], last[256] = "";

	programs_log(setting, which, path);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		strcpy(last, line);
	last[strcspn(last, "\n")] = '\0';
	tap_note("%s ended with status %x; its last words: %s", program_names[which],
		(unsigned)status, last);
}

int programs_reap(struct programs *programs, child_ended *ended, void *context)
{
	struct signalfd_siginfo info;
	int status, r = 0;
	pid_t pid;

	while (read(programs->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			return -EINTR;
	while (r == 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		enum program which = program_of(programs, pid);

		if (which == PROGRAMS) {
			ended(context, pid, status);
			continue;
		}
		if (programs->ended[which]++ < ENDS_TOLD)
			tell_end(programs->setting, which, status);
		poll(NULL, 0, PAUSE_MS);
		r = programs_start(programs, which);
	}
	return r;
}

/* Waits for the end of one that was told to. Returns whether it came in time, and well. */
static bool wait_for(struct programs *programs, enum program which)
{
	int64_t deadline = monotonic_us() + (int64_t)STOP_MS * 1000;
	pid_t pid = programs->pids[which];
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (monotonic_us() > deadline) {
			tap_note("%s does not stop", program_names[which]);
			return false;
		}
		poll(NULL, 0, 5);
	}
	programs->pids[which] = 0;
	if (status != 0)
		tap_note("%s ended with status %x", program_names[which], (unsigned)status);
	return status == 0;
}

bool programs_stop(struct programs *programs)
{
	static const enum program order[PROGRAMS] = { API, PUSHD, STORED };
	bool well = true;

	for (unsigned i = 0; i < PROGRAMS; i++) {
		if (programs->pids[order[i]] == 0)
			continue;
		kill(programs->pids[order[i]], SIGTERM);
		well &= wait_for(programs, order[i]);
	}
	return well;
}

void programs_tear_down(struct programs *programs)
{
	programs_kill_all(programs);
	if (programs->notify_fd >= 0)
		close(programs->notify_fd);
	if (programs->signal_fd >= 0)
		close(programs->signal_fd);
}
