/*
 * tidings-pushd: pushes changes to connected clients, see tidings-pushd(8).
 */
#include "lib/config.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/startup.h"
#include "pushd/server.h"

#include <errno.h>
#include <systemd/sd-daemon.h>

/* What a unit calls the one that is not for clients: FileDescriptorName= */
#define CONTROL_NAME "control"

struct arguments {
	const char *config;
	struct option_list listen;
	const char *log_level;
};

static const struct option_spec options[] = {
	{ "config", 'c', "FILE", "read this configuration file", OPTION_STRING,
		offsetof(struct arguments, config), 0, 0 },
	{ "listen", 'l', "ADDRESS", "listen on PORT, ADDRESS:PORT or a path, instead of where "
		"the configuration says; may be given several times", OPTION_LIST,
		offsetof(struct arguments, listen), 0, 0 },
	{ "log-level", 0, "LEVEL", "log up to error, warning, info (default) or debug",
		OPTION_STRING, offsetof(struct arguments, log_level), 0, 0 },
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

static int run(const struct config *config, const struct arguments *arguments)
{
	_cleanup_(freeing_server_free) struct server *server = NULL;
	struct server_sockets sockets = { .control = -1 };
	int r;

	r = get_listeners(config, &arguments->listen, &sockets);
	if (r == 0)
		r = get_control(config, &sockets);
	if (r < 0)
		return r;
	r = server_new(config, &sockets, &server);
	return r < 0 ? r : server_run(server);
}

int main(int argc, char **argv)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	struct arguments arguments = { 0 };
	int operands, r;

	r = options_parse(&command, argc, argv, &arguments, &operands);
	if (r != 0)
		return r == OPTIONS_HELP ? 0 : 2;
	r = startup(command.name, arguments.log_level, arguments.config, &config);
	if (r != 0)
		return r;
	r = run(config, &arguments);
	if (r < 0)
		log_error("stopped: %s", strerror(-r));
	return r < 0 ? 1 : 0;
}
