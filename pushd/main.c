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

enum { LISTEN_MAX = 64 };

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
static int add_listener(const char *where, int *fds, size_t *count)
{
	int fd = *count < LISTEN_MAX ? server_listen(where) : -E2BIG;

	if (fd < 0) {
		log_error("cannot listen on %s: %s", where, strerror(-fd));
		return fd;
	}
	fds[(*count)++] = fd;
	return 0;
}

/* The sockets that systemd hands over; else those of the options; else the configured ones. */
static int get_listeners(const struct config *config, const struct option_list *options_given,
	int *fds, size_t *ret_count)
{
	int r = sd_listen_fds(1);
	size_t count = 0;

	if (r > LISTEN_MAX)
		return -E2BIG;
	for (; (int)count < r; count++)
		fds[count] = SD_LISTEN_FDS_START + (int)count;
	if (r > 0)
		r = 0;
	else if (options_given->count > 0)
		for (size_t i = 0; r == 0 && i < options_given->count; i++)
			r = add_listener(options_given->values[i], fds, &count);
	else
		for (char **where = config->push.listen; r == 0 && *where; where++)
			r = add_listener(*where, fds, &count);
	if (r == 0 && count == 0) {
		log_error("nothing to listen on: set listen in [push], or use socket activation");
		return -EINVAL;
	}
	*ret_count = count;
	return r;
}

static int run(const struct config *config, const struct arguments *arguments)
{
	_cleanup_(freeing_server_free) struct server *server = NULL;
	int fds[LISTEN_MAX];
	size_t count = 0;
	int r;

	r = get_listeners(config, &arguments->listen, fds, &count);
	if (r < 0)
		return r;
	r = server_new(config, fds, count, &server);
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
