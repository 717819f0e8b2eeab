/* Starting and ending tidings-stored, see instance.h. */
#include "tests/bench/instance.h"

#include "stored/server.h"
#include "tests/bench/samples.h"
#include "tests/bench/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LISTEN_FD = 3 /* where systemd puts a socket, sd_listen_fds(3) */ };

struct instance {
	char directory[SCRATCH_PATH + 16];
	char config_path[SCRATCH_PATH + 32];
	struct config *config;
	pid_t pid; /* 0 = it does not run */
};

static int write_config(const struct instance *instance, enum config_durability durability)
{
	_cleanup_(closing_file) FILE *file = fopen(instance->config_path, "we");

	if (!file)
		return -errno;
	fprintf(file,
		"[store]\nhome = %s/home\nsocket = %s/socket\n"
		"durability = %s\nmax-per-user = 0\ndisk-reserve = 1M\n",
		instance->directory, instance->directory,
		durability == DURABILITY_SYNC ? "sync" : "write");
	return fflush(file) == 0 ? 0 : -errno;
}

static int read_config(struct instance *instance)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	int r = config_load(instance->config_path, &instance->config, &problems);

	if (r != 0 && buffer_string(&problems))
		fputs(problems.data, stderr);
	return r > 0 ? -EINVAL : r;
}

int instance_new(const char *parent, const char *name, enum config_durability durability,
	struct instance **ret_instance)
{
	_cleanup_(freeing_instance_free) struct instance *instance = calloc(1, sizeof(*instance));
	int r;

	if (!instance)
		return -ENOMEM;
	if (snprintf(instance->directory, sizeof(instance->directory), "%s/%s", parent, name) >=
		(int)sizeof(instance->directory))
		return -ENAMETOOLONG;
	snprintf(instance->config_path, sizeof(instance->config_path), "%s/tidings.conf",
		instance->directory);
	if (mkdir(instance->directory, 0700) < 0)
		return -errno;
	r = write_config(instance, durability);
	if (r == 0)
		r = read_config(instance);
	if (r < 0)
		return r;
	*ret_instance = take(instance);
	return 0;
}

struct instance *instance_free(struct instance *instance)
{
	if (!instance)
		return NULL;
	instance_kill(instance);
	scratch_remove(instance->directory);
	config_free(instance->config);
	free(instance);
	return NULL;
}

/* What the new process does: it becomes the program, with the socket in its place. */
static void become(const struct instance *instance, const char *program, pid_t parent,
	int listen_fd)
{
	char pid[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0)
		_exit(1);
	if (listen_fd == LISTEN_FD ? fcntl(listen_fd, F_SETFD, 0) < 0
				   : dup2(listen_fd, LISTEN_FD) < 0)
		_exit(1);
	execl(program, program, "--config", instance->config_path, "--log-level", "error", NULL);
	perror(program);
	_exit(1);
}

int instance_start(struct instance *instance)
{
	_cleanup_(closing_fd) int listen_fd = server_listen(instance->config->store.socket);
	const char *build = getenv("top_builddir");
	pid_t parent = getpid();
	char program[PATH_MAX];

	if (listen_fd < 0)
		return listen_fd;
	snprintf(program, sizeof(program), "%s/stored/tidings-stored", build ? build : ".");
	instance->pid = fork();
	if (instance->pid == 0)
		become(instance, program, parent, listen_fd);
	return instance->pid < 0 ? -errno : 0;
}

void instance_kill(struct instance *instance)
{
	pid_t pid = take(instance->pid);

	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

const struct config *instance_config(const struct instance *instance)
{
	return instance->config;
}

int64_t instance_cpu_ns(const struct instance *instance)
{
	clockid_t clock;
	int r = -clock_getcpuclockid(instance->pid, &clock);

	return r < 0 ? r : cpu_ns(clock);
}

int64_t instance_resident(const struct instance *instance)
{
	_cleanup_(closing_file) FILE *file = NULL;
	char path[64], line[256];
	long long kilobytes = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)instance->pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (kilobytes < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "VmRSS: %lld kB", &kilobytes);
	return kilobytes < 0 ? -ENODATA : kilobytes * 1024;
}
