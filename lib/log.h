/*
 * Logging, for programs only: a library reports by its result.
 *
 * One line a message on standard error: "NAME: sentence" on a terminal or in a
 * file; under systemd the line begins with the level as sd-daemon(3) has it, so
 * that the journal keeps it. A program with a sink (lib/journal.h) gives the journal
 * the message with its fields instead. Never anything of a token.
 */
#pragma once

#include "lib/log_event.h"
#include "lib/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

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

/* Each line of a text as a message of its own. */
void log_lines(enum log_level level, struct slice lines);

#define log_error(...)	 log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* What a message is about, for programs that search: a field of the journal. */
struct log_field {
	const char *name;  /* "TIDINGS_USER"; NULL ends a list */
	struct slice text; /* left out if it is empty … */
	uint64_t number;
	bool is_number; /* … unless it is this */
};

#define LOG_TEXT(name, text)	 ((struct log_field){ (name), (text), 0, false })
#define LOG_NUMBER(name, number) ((struct log_field){ (name), { 0 }, (uint64_t)(number), true })
#define LOG_FIELDS(...)		 ((const struct log_field[]){ __VA_ARGS__, { 0 } })

/*
 * A message about an event, with its fields (NULL = none). Whoever can cause it could flood the
 * log: of each kind there are at most LOG_EVENT_MAX lines in LOG_EVENT_PERIOD, and how many
 * were left out is told behind them, by log_settle() or with the next one.
 */
enum { LOG_EVENT_MAX = 10, LOG_EVENT_PERIOD = 10000 /* ms */ };

void log_event(enum log_level level, enum log_event event, const struct log_field *fields,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Tells what was left out, where the period is over; to be called now and then. */
void log_settle(void);

/* A message on its way to a sink. */
struct log_record {
	enum log_level level;
	const char *program;
	struct slice message;		/* one line, without what could steer a terminal */
	const char *message_id;		/* NULL = no event */
	const struct log_field *fields; /* NULL = none */
};

/* Takes every message from now on; one that it fails to take (< 0) goes to standard error. */
typedef int (*log_sink)(const struct log_record *record);
void log_set_sink(log_sink sink);

/* Whether standard error is the journal's: $JOURNAL_STREAM, systemd.exec(5). */
bool log_is_journal(void);
