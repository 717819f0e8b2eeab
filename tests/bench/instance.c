/* Starting and ending tidings-stored, see instance.h. */
#include "tests/bench/instance.h"

#include "stored/server.h"
#include "tests/bench/process.h"
#include "tests/bench/scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

struct instance {
	char directory[SCRATCH_PATH + 16];
	char config_path[SCRATCH_PATH + 32];
	struct config *config;
	pid_t pid; /* 0 = it does not run */
};

static int write_config(const struct instance *instance, enum config_durability durability,
	const char *more)
{
	_cleanup_(closing_file) FILE *file = fopen(instance->config_path, "we");

	if (!file)
		return -errno;
	fprintf(file,
		"[store]\nhome = %s/home\nsocket = %s/socket\n"
		"durability = %s\nmax-per-user = 0\ndisk-reserve = 1M\napi-users =\n%s",
		instance->directory, instance->directory,
		durability == DURABILITY_SYNC ? "sync" : "write", more);
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
	return instance_new_with(parent, name, durability, "", ret_instance);
}

int instance_new_with(const char *parent, const char *name, enum config_durability durability,
	const char *more, struct instance **ret_instance)
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
	r = write_config(instance, durability, more);
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

int instance_start(struct instance *instance)
{
	_cleanup_(closing_fd) int listen_fd = server_listen(instance->config->store.socket);
	char program[PATH_MAX];
	const char *const command[] = { process_built("stored/tidings-stored", program), "--config",
		instance->config_path, "--log-level", "error", NULL };
	pid_t pid;

	if (listen_fd < 0)
		return listen_fd;
	pid = process_start(command, listen_fd);
	if (pid < 0)
		return pid;
	instance->pid = pid;
	return 0;
}

void instance_kill(struct instance *instance)
{
	process_end(take(instance->pid), SIGKILL);
}

const struct config *instance_config(const struct instance *instance)
{
	return instance->config;
}

const char *instance_config_path(const struct instance *instance)
{
	return instance->config_path;
}

int64_t instance_cpu_ns(const struct instance *instance)
{
	return process_cpu_ns(instance->pid);
}

int64_t instance_resident(const struct instance *instance)
{
	return process_memory(instance->pid, "status", "VmRSS");
}
