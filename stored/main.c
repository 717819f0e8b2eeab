/*
 * tidings-stored: the owner of the store, see tidings-stored(8).
 */
#include "lib/config.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/startup.h"
#include "stored/check.h"
#include "stored/server.h"
#include "stored/store.h"

#include <errno.h>
#include <systemd/sd-daemon.h>

struct arguments {
	const char *config;
	const char *listen;
	const char *log_level;
	const char *check;
	bool json;
};

static const struct option_spec options[] = {
	{ "config", 'c', "FILE", "read this configuration file", OPTION_STRING,
		offsetof(struct arguments, config), 0, 0 },
	{ "listen", 'l', "PATH", "make this socket, instead of the configured one", OPTION_STRING,
		offsetof(struct arguments, listen), 0, 0 },
	{ "log-level", 0, "LEVEL", "log up to error, warning, info (default) or debug",
		OPTION_STRING, offsetof(struct arguments, log_level), 0, 0 },
	{ "check", 0, "HOME", "check the store in this directory, which nobody has open, and exit",
		OPTION_STRING, offsetof(struct arguments, check), 0, 0 },
	{ "json", 0, NULL, "print the outcome of --check as JSON", OPTION_FLAG,
		offsetof(struct arguments, json), 0, 0 },
	{ 0 },
};

static const struct command_spec command = {
	.name = "tidings-stored",
	.operands = "",
	.purpose = "Keeps the notifications of all users, and answers the other programs.",
	.options = options,
};

/* The socket that systemd hands over, or one made here. */
static int get_listener(const struct config *config, const char *option)
{
	const char *path = option ? option : config->store.socket;
	int n = sd_listen_fds(1);
	int fd;

	if (n > 0)
		return n == 1 ? SD_LISTEN_FDS_START : -E2BIG;
	fd = server_listen(path);
	if (fd < 0)
		log_error("cannot listen on %s: %s", path, strerror(-fd));
	return fd;
}

DEFINE_CLEANUP(struct store *, store_close)

static void reload(void *context)
{
	startup_reload_level(context);
}

static int serve(struct server *server, const struct config *config,
	const struct arguments *arguments)
{
	struct level_reload reloading = { .path = config_path(arguments->config),
		.started_with = config };
	int r;

	server_on_hangup(server, reload, &reloading);
	log_event(LOG_LEVEL_INFO, LOG_STORE_SERVING, NULL, "serving %s", config->store.home);
	r = server_run(server);
	config_free(reloading.latest);
	return r;
}

static int run(const struct config *config, const struct arguments *arguments)
{
	_cleanup_(freeing_store_close) struct store *store = NULL;
	_cleanup_(freeing_server_free) struct server *server = NULL;
	int fd, r;

	r = store_open(config, &store);
	if (r < 0)
		return r;
	fd = get_listener(config, arguments->listen);
	if (fd < 0)
		return fd;
	r = server_new(config, store, &fd, 1, &server);
	if (r < 0)
		return r;
	return serve(server, config, arguments);
}

/* Needs no configuration: a copy can be checked on any machine. */
static int run_check(const struct arguments *arguments)
{
	int r;

	log_open(command.name, LOG_LEVEL_INFO);
	r = check_store(arguments->check, stdout, arguments->json);
	return r != 0 || fflush(stdout) != 0 || ferror(stdout);
}

int main(int argc, char **argv)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	struct arguments arguments = { 0 };
	int operands, r;

	r = options_parse(&command, argc, argv, &arguments, &operands);
	if (r != 0)
		return r == OPTIONS_HELP ? 0 : 2;
	if (arguments.check)
		return run_check(&arguments);
	if (arguments.json) {
		fprintf(stderr, "%s: --json goes with --check\n", command.name);
		return 2;
	}
	r = startup(command.name, arguments.log_level, arguments.config, &config);
	if (r != 0)
		return r;
	r = run(config, &arguments);
	if (r < 0)
		log_event(LOG_LEVEL_ERROR, LOG_STOPPED, NULL, "stopped: %s", strerror(-r));
	return r < 0 ? 1 : 0;
}
