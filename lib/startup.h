/*
 * What main() of a daemon does first, for programs only: the log is opened, SIGHUP
 * ignored, the configuration read, and what is wrong said on standard error.
 */
#pragma once

#include "lib/config.h"

/*
 * `level` is the text of --log-level, `file` that of --config; either may be NULL. Returns
 * 0 and a configuration to config_free(), or the status to exit with: 1 for a
 * configuration that cannot be used, 2 for a level that is none.
 */
int startup(const char *name, const char *level, const char *file, struct config **ret_config);

/* The level of --log-level if that was given, else the configuration's. */
void startup_set_level(const char *option, const struct config *config);

/*
 * The level that a fresh configuration asks for, where it differs from that of the one before:
 * what --log-level or a command has set otherwise stays.
 */
void startup_follow_level(const struct config *before, const struct config *fresh);

/* For a program that reads all but the log's level at its start alone. */
struct level_reload {
	const char *path;
	const struct config *started_with;
	struct config *latest; /* read since, to config_free(); NULL = none */
};

/* Reads the configuration again; of it only the level takes effect. Logs the outcome. */
void startup_reload_level(struct level_reload *reload);
