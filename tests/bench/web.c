/* The web server of a service, see web.h. */
#include "tests/bench/web.h"

#include "lib/token.h"
#include "stored/server.h"
#include "tests/bench/loopback.h"
#include "tests/bench/process.h"
#include "tests/bench/scratch.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum { TOKEN_LIFE = 3600 /* seconds */, PATH_SIZE = SCRATCH_PATH + 32 };

/* The path of lighttpd, which a user's PATH often does not reach; NULL = there is none. */
static const char *lighttpd(void)
{
	static const char *const paths[] = { "/usr/sbin/lighttpd", "/usr/local/sbin/lighttpd",
		"/usr/bin/lighttpd" };

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

bool web_is_possible(void)
{
	return lighttpd();
}

static int write_config(const char *path, const char *parent)
{
	_cleanup_(closing_file) FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fprintf(file,
		"server.modules = (\"mod_fastcgi\")\n"
		"server.systemd-socket-activation = \"enable\"\n"
		"server.document-root = \"%s\"\n"
		"server.errorlog = \"%s/lighttpd.log\"\n"
		"fastcgi.server = (\n"
		"\"/api/notifications\" => ((\"socket\" => \"%s/api.sock\","
		" \"check-local\" => \"disable\", \"disable-time\" => 0)),\n"
		"\"/reader\" => ((\"socket\" => \"%s/reader.sock\","
		" \"check-local\" => \"disable\", \"disable-time\" => 0)))\n",
		parent, parent, parent, parent);
	return fflush(file) == 0 ? 0 : -errno;
}

/* Starts a program that is handed a unix socket at this path. */
static int start_behind(const char *const command[], const char *parent, const char *name,
	pid_t *ret_pid)
{
	_cleanup_(closing_fd) int listen_fd = -1;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s.sock", parent, name);
	unlink(path);
	listen_fd = server_listen(path);
	if (listen_fd < 0)
		return listen_fd;
	*ret_pid = process_start(command, listen_fd);
	return *ret_pid < 0 ? (int)take(*ret_pid) : 0;
}

static int start_programs(struct web *web, const struct service *service, const char *parent)
{
	char api_path[PATH_MAX], reader_path[PATH_MAX], workers[16];
	const char *const api[] = { process_built("cgi/notifications.fcgi", api_path), "--config",
		instance_config_path(service->store), "--log-level", "error", NULL };
	const char *const reader[] = { process_built("tests/bench/reader", reader_path), workers,
		NULL };
	int r;

	snprintf(workers, sizeof(workers), "%u", instance_config(service->store)->web.workers);
	r = start_behind(api, parent, "api", &web->api);
	return r == 0 ? start_behind(reader, parent, "reader", &web->reader) : r;
}

static int start_lighttpd(struct web *web, const char *parent)
{
	_cleanup_(closing_fd) int listen_fd = loopback_listen(&web->address);
	char path[PATH_SIZE];
	const char *const command[] = { lighttpd(), "-D", "-f", path, NULL };
	int r = listen_fd < 0 ? listen_fd : 0;

	snprintf(path, sizeof(path), "%s/lighttpd.conf", parent);
	if (r == 0)
		r = write_config(path, parent);
	if (r < 0)
		return r;
	web->server = process_start(command, listen_fd);
	return web->server < 0 ? (int)take(web->server) : 0;
}

static int sign(struct web *web, const struct config *config)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	struct token_claims claims = { .user = "bench", .role = "service" };
	int r;

	claims.issued = (int64_t)time(NULL);
	claims.expires = claims.issued + TOKEN_LIFE;
	r = token_sign(config, &claims, &web->token, &problem);
	if (problem)
		fprintf(stderr, "%s\n", problem);
	return r;
}

int web_begin(struct web *web, const struct service *service, const char *parent)
{
	int r = sign(web, instance_config(service->store));

	if (r == 0)
		r = start_programs(web, service, parent);
	return r == 0 ? start_lighttpd(web, parent) : r;
}

/* The web server first; programs with workers wait for them. */
void web_release(struct web *web)
{
	process_end(take(web->server), SIGTERM);
	process_end(take(web->reader), SIGTERM);
	process_end(take(web->api), SIGTERM);
	free(take(web->token));
}
