/*
 * One file of Berkeley DB's log, read while the database may be writing to it.
 *
 * A record is given out only if it is all there and its checksum is right. What
 * is not there yet, is half written, or is damaged looks alike: nothing, for now.
 * The same place is read afresh from the file the next time.
 */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

struct logfile;

enum {
	LOGFILE_NAME_SIZE = sizeof("log.0000000001"),
	LOGFILE_HEADER_SIZE = 28, /* bytes of the record that each file begins with */
};

/* Writes the name of log file number so-and-so, and a NUL. */
void logfile_name(uint32_t number, char name[static LOGFILE_NAME_SIZE]);

/* The number of a file of this name; 0 if it is no log file's. */
uint32_t logfile_number(const char *name);

enum {
	LOGFILE_NOTHING = 1, /* no valid record here, as of now */
	LOGFILE_SHORT,	     /* the file ends before the place at which to read */
};

/*
 * Opens a log file and stands at its first record behind the header. Returns 0,
 * LOGFILE_NOTHING (the header is not written yet), -errno from the system, or
 * -EPROTONOSUPPORT: a log of another version or another byte order.
 */
int logfile_open(int directory_fd, uint32_t number, struct logfile **ret_file);

struct logfile *logfile_free(struct logfile *file);

enum log_kind {
	LOG_OTHER,
	LOG_MESSAGE, /* text logged by DB_ENV->log_printf() */
	LOG_COMMIT,
	LOG_ABORT,
	LOG_RECYCLE, /* transaction identifiers are used anew from here on */
};

struct log_record {
	enum log_kind kind;
	uint32_t offset;      /* where it begins */
	uint32_t transaction; /* 0 = in none */
	struct slice message; /* only of LOG_MESSAGE; lives until the next call */
};

/*
 * Reads the next record and steps behind it. Returns 0, LOGFILE_NOTHING,
 * LOGFILE_SHORT, -errno, or -EPROTONOSUPPORT for a valid record that is not laid
 * out as it should be.
 */
int logfile_next(struct logfile *file, struct log_record *ret_record);

/* Goes to the beginning of a record, or to where one will be. */
void logfile_seek(struct logfile *file, uint32_t offset);

uint32_t logfile_offset(const struct logfile *file);

/* Whether `next` says of itself that it goes on from where `file` stands. */
bool logfile_continues(const struct logfile *next, const struct logfile *file);

/* Whether the directory still has this very file under its name. */
bool logfile_is_linked(const struct logfile *file, int directory_fd);

/* The bytes that seem to be written behind the place at which to read; no checksums are made. */
uint64_t logfile_unread(const struct logfile *file);

/* Whether nothing is written at the place at which to read. */
bool logfile_is_blank(const struct logfile *file);

/*
 * Whether a record lies beyond that names one at the place at which to read as the one before
 * it. Where logfile_next() finds no valid record, that one is damaged then, and not just not
 * written yet. Reads the rest of the file. Returns 0 or -errno.
 */
int logfile_goes_on(const struct logfile *file, bool *ret_goes_on);
