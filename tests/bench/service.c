/* A store and a push daemon, see service.h. */
#include "tests/bench/service.h"

#include "tests/bench/loopback.h"
#include "tests/bench/process.h"
#include "tests/bench/scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

enum { PATIENCE = 60 /* seconds for a first answer */ };

static void key_path(const char *directory, char path[static SCRATCH_PATH + 16])
{
	snprintf(path, SCRATCH_PATH + 16, "%s/jwt.key", directory);
}

int service_write_key(const char *directory)
{
	_cleanup_(closing_file) FILE *file = NULL;
	char path[SCRATCH_PATH + 16];

	key_path(directory, path);
	file = fopen(path, "we");
	if (!file || fputs("a key for benchmarks, of 32 bytes or more\n", file) < 0 ||
		fflush(file) != 0)
		return -errno;
	return 0;
}

/* Nothing is to end a client while something else is measured. */
static int make_store(struct service *service, const char *parent, const char *name,
	enum config_durability durability)
{
	char key[SCRATCH_PATH + 16], more[256];

	key_path(parent, key);
	snprintf(more, sizeof(more),
		"[auth]\nkey-file = %s\npublisher-keys =\n"
		"[push]\ncontrol =\nstall-timeout = 3600\n",
		key);
	return instance_new_with(parent, name, durability, more, &service->store);
}

int service_begin(struct service *service, const char *parent, const char *name,
	enum config_durability durability)
{
	int r = make_store(service, parent, name, durability);

	if (r == 0)
		r = instance_start(service->store);
	if (r < 0)
		return r;
	r = loopback_listen(&service->address);
	if (r < 0)
		return r;
	service->listen_fd = r;
	return 0;
}

int service_start_pushd(struct service *service)
{
	char program[PATH_MAX];
	const char *const command[] = { process_built("pushd/tidings-pushd", program), "--config",
		instance_config_path(service->store), "--log-level", "error", NULL };
	pid_t pid = process_start(command, service->listen_fd);

	if (pid < 0)
		return pid;
	service->pushd = pid;
	return 0;
}

int service_await_pushd(const struct service *service, struct slice head)
{
	static const char let_in[] = "HTTP/1.1 101 ";
	_cleanup_(closing_fd) int fd = loopback_connect(&service->address, 0, false);
	struct timeval patience = { .tv_sec = PATIENCE };
	char answer[sizeof(let_in) - 1];
	ssize_t n;

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
		send(fd, head.data, head.len, MSG_NOSIGNAL) < 0)
		return -errno;
	n = recv(fd, answer, sizeof(answer), MSG_WAITALL);
	if (n < 0)
		return -errno;
	return n == sizeof(answer) && memcmp(answer, let_in, sizeof(answer)) == 0 ? 0 : -EPROTO;
}

void service_kill_pushd(struct service *service)
{
	process_end(take(service->pushd), SIGKILL);
}

void service_release(struct service *service)
{
	service_kill_pushd(service);
	if (service->listen_fd > 0)
		close(take(service->listen_fd));
	service->store = instance_free(service->store);
}
