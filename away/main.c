/*
 * tidings-away: hands over what nobody is there to read, see tidings-away(8).
 */
#include "away/away.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/startup.h"

#include <errno.h>
#include <string.h>

struct arguments {
	const char *config;
	const char *log_level;
};

static const struct option_spec options[] = {
	{ "config", 'c', "FILE", "read this configuration file", OPTION_STRING,
		offsetof(struct arguments, config), 0, 0 },
	{ "log-level", 0, "LEVEL", "log up to error, warning, info (default) or debug",
		OPTION_STRING, offsetof(struct arguments, log_level), 0, 0 },
	{ 0 },
};

static const struct command_spec command = {
	.name = "tidings-away",
	.operands = "",
	.purpose =
		"Hands notifications that nobody is there to read to a program or a web address.",
	.options = options,
};

static int run(const struct config *config, const char *path)
{
	_cleanup_(freeing_away_free) struct away *away = NULL;
	int r = away_new(config, path, &away);

	return r < 0 ? r : away_run(away);
}

int main(int argc, char **argv)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	struct arguments arguments = { 0 };
	int operands;
	int r = options_parse(&command, argc, argv, &arguments, &operands);

	if (r != 0)
		return r == OPTIONS_HELP ? 0 : 2;
	r = startup(command.name, arguments.log_level, arguments.config, &config);
	if (r != 0)
		return r;
	if (!config_has_away(config)) {
		log_error("neither run nor url is set in [away]: there is nothing to do");
		return 2;
	}
	r = run(config, config_path(arguments.config));
	if (r < 0)
		log_event(LOG_LEVEL_ERROR, LOG_STOPPED, NULL, "stopped: %s", strerror(-r));
	return r < 0 ? 1 : 0;
}
