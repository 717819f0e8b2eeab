/*
 * Logging, for programs only: a library reports by its result.
 *
 * One line a message on standard error: "NAME: sentence" on a terminal or in a
 * file; under systemd the line begins with the level as sd-daemon(3) has it, so
 * that the journal keeps it. Never anything of a token.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* "error", "warning", "info" or "debug". Returns 0 or -EINVAL. */
int log_level_parse(const char *name, enum log_level *ret_level);

/* The word for it. */
const char *log_level_name(enum log_level level);

/* name must live for ever. Messages above `level` are dropped; INFO until this is called. */
void log_open(const char *name, enum log_level level);

/* The level from then on, and the one as of now. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Whether messages of this level are written: what makes one can be saved otherwise. */
bool log_takes(enum log_level level);

void log_message(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
