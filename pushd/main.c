/*
 * tidings-pushd: pushes changes to connected clients, see tidings-pushd(8).
 */
#include "lib/config.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/startup.h"
#include "pushd/server.h"
#include "pushd/upgrade.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

/* What a unit calls the one that is not for clients: FileDescriptorName= */
#define CONTROL_NAME "control"

struct arguments {
	const char *config;
	struct option_list listen;
	const char *log_level;
	long take_over, check_state; /* descriptors; -1 = none */
};

static const struct option_spec options[] = {
	{ "config", 'c', "FILE", "read this configuration file", OPTION_STRING,
		offsetof(struct arguments, config), 0, 0 },
	{ "listen", 'l', "ADDRESS", "listen on PORT, ADDRESS:PORT or a path, instead of where "
		"the configuration says; may be given several times", OPTION_LIST,
		offsetof(struct arguments, listen), 0, 0 },
	{ "log-level", 0, "LEVEL", "log up to error, warning, info (default) or debug",
		OPTION_STRING, offsetof(struct arguments, log_level), 0, 0 },
	{ UPGRADE_TAKE_OVER, 0, "FD", "go on with the clients that this descriptor tells of; "
		"for the program itself, on SIGUSR2", OPTION_NUMBER,
		offsetof(struct arguments, take_over), 0, INT_MAX },
	{ UPGRADE_CHECK, 0, "FD", "only check whether that could be done", OPTION_NUMBER,
		offsetof(struct arguments, check_state), 0, INT_MAX },
	{ 0 },
};

static const struct command_spec command = {
	.name = "tidings-pushd",
	.operands = "",
	.purpose = "Pushes every change to its user's clients, by WebSocket or server-sent events.",
	.options = options,
};

/* Opens one socket and puts it behind those that are open. */
static int add_listener(struct server_sockets *sockets, const char *where)
{
	int fd = sockets->count < SERVER_LISTEN_MAX ? server_listen(where) : -E2BIG;

	if (fd < 0) {
		log_error("cannot listen on %s: %s", where, strerror(-fd));
		return fd;
	}
	sockets->clients[sockets->count++] = fd;
	return 0;
}

/* The sockets that systemd hands over. Returns 0 or -errno. */
static int take_listeners(struct server_sockets *sockets)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);
	int r = count > SERVER_LISTEN_MAX ? -E2BIG : count < 0 ? count : 0;

	for (int i = 0; r == 0 && i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (strcmp(names[i], CONTROL_NAME) != 0)
			sockets->clients[sockets->count++] = fd;
		else if (sockets->control < 0)
			sockets->control = fd;
		else
			r = -EEXIST;
	}
	for (int i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
	if (r < 0)
		log_error("the sockets that systemd hands over cannot be taken: %s", strerror(-r));
	return r;
}

/* The sockets that systemd hands over; else those of the options; else the configured ones. */
static int get_listeners(const struct config *config, const struct option_list *options_given,
	struct server_sockets *sockets)
{
	int r = take_listeners(sockets);

	if (sockets->count > 0)
		; /* these and no others */
	else if (options_given->count > 0)
		for (size_t i = 0; r == 0 && i < options_given->count; i++)
			r = add_listener(sockets, options_given->values[i]);
	else
		for (char **where = config->push.listen; r == 0 && *where; where++)
			r = add_listener(sockets, *where);
	if (r == 0 && sockets->count == 0) {
		log_error("nothing to listen on: set listen in [push], or use socket activation");
		return -EINVAL;
	}
	return r;
}

/* Everybody may connect: the kernel says who it is. */
static int get_control(const struct config *config, struct server_sockets *sockets)
{
	const char *path = config->push.control;
	int fd;

	if (sockets->control >= 0 || !*path)
		return 0;
	fd = server_listen_unix(path, 0666);
	if (fd == -EADDRINUSE)
		log_error("another one listens on the control socket %s: each needs its own, set by "
			  "control in [push]", path);
	else if (fd < 0)
		log_error("cannot make the control socket %s: %s; another place can be set by "
			  "control in [push], and none by an empty one", path, strerror(-fd));
	if (fd < 0)
		return fd;
	sockets->control = fd;
	sockets->control_path = path;
	return 0;
}

static int run(struct config *config, const struct program *program,
	const struct arguments *arguments)
{
	_cleanup_(freeing_config_free) struct config *owned = config;
	_cleanup_(freeing_server_free) struct server *server = NULL;
	struct server_setup setup = {
		.config_path = config_path(arguments->config),
		.program = program,
		.sockets.control = -1,
		.state_fd = (int)arguments->take_over,
	};
	int r = 0;

	if (arguments->check_state >= 0)
		return server_check(config, (int)arguments->check_state);
	if (setup.state_fd < 0)
		r = get_listeners(config, &arguments->listen, &setup.sockets);
	if (r == 0 && setup.state_fd < 0)
		r = get_control(config, &setup.sockets);
	if (r < 0)
		return r;
	setup.config = take(owned);
	r = server_new(&setup, &server);
	return r < 0 ? r : server_run(server);
}

int main(int argc, char **argv)
{
	_cleanup_(program_release) struct program program = { 0 };
	struct arguments arguments = { .take_over = -1, .check_state = -1 };
	struct config *config;
	int operands, r;

	signal(SIGUSR2, SIG_IGN); /* until it can be done */
	r = program_init(&program, argv);
	if (r == 0)
		r = options_parse(&command, argc, argv, &arguments, &operands);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", command.name, strerror(-r));
	if (r != 0)
		return r < 0 ? 1 : r == OPTIONS_HELP ? 0 : 2;
	r = startup(command.name, arguments.log_level, arguments.config, &config);
	if (r != 0)
		return r;
	r = run(config, &program, &arguments);
	if (r < 0)
		log_event(LOG_LEVEL_ERROR, LOG_STOPPED, NULL, "stopped: %s", strerror(-r));
	return r < 0 ? 1 : 0;
}
