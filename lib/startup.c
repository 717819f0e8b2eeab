/* The beginning of a daemon, see startup.h. */
#include "lib/startup.h"

#include "lib/journal.h"
#include "lib/log.h"

#include <signal.h>

int startup(const char *name, const char *level, const char *file, struct config **ret_config)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	enum log_level limit = LOG_LEVEL_INFO;
	int r;

	if (level && log_level_parse(level, &limit) < 0) {
		fprintf(stderr, "%s: --log-level: %s is not a level\n", name, level);
		return 2;
	}
	log_open(name, limit);
	journal_open();
	signal(SIGHUP, SIG_IGN);
	r = config_load(config_path(file), ret_config, &problems);
	if (problems.len > 0 && buffer_string(&problems))
		fputs(problems.data, stderr);
	if (r == 0)
		startup_set_level(level, *ret_config);
	return r != 0;
}

void startup_set_level(const char *option, const struct config *config)
{
	enum log_level level;

	if (!option && log_level_parse(config->log.level, &level) == 0)
		log_set_level(level);
}

void startup_reload_level(struct level_reload *reload)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	struct config *fresh;

	if (config_load(reload->path, &fresh, &problems) != 0) {
		log_event(LOG_LEVEL_ERROR, LOG_RELOAD_FAILED, NULL, "not reloaded: %s",
			problems.len > 0 && buffer_string(&problems) ? problems.data
								     : reload->path);
		return;
	}
	startup_follow_level(reload->latest ? reload->latest : reload->started_with, fresh);
	config_free(reload->latest);
	reload->latest = fresh;
	log_event(LOG_LEVEL_INFO, LOG_RELOADED, NULL,
		"reloaded: the level of the log was read anew");
}

void startup_follow_level(const struct config *before, const struct config *fresh)
{
	if (strcmp(before->log.level, fresh->log.level) != 0)
		startup_set_level(NULL, fresh);
}
