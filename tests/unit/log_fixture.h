/*
 * Real logs for the tests of what reads them: a Berkeley DB environment opened
 * the way the store's daemon opens its own, and transactions that log changes.
 *
 * All of it ends the test program if the database refuses.
 */
#pragma once

#include "lib/change.h"
#include "lib/config.h"
#include "pushd/feed.h"

#include <db.h>

struct log_fixture {
	char home[64];
	struct config config; /* for feed_new(): nothing but the home */
	DB_ENV *env;
	DB *db;
	uint32_t size_max; /* of a log file; 0 = the default */
};

/* Makes a temporary home and opens it; the inverse removes it. */
void fixture_make(struct log_fixture *fixture, uint32_t size_max);
void fixture_remove(struct log_fixture *fixture);

/* A start (with recovery), a clean stop, and a second home with a copy of the files. */
void fixture_open(struct log_fixture *fixture);
void fixture_close(struct log_fixture *fixture);
void fixture_copy(const struct log_fixture *fixture, struct log_fixture *ret_copy);

/* A transaction that also writes a row, as the store's do. */
DB_TXN *fixture_begin(struct log_fixture *fixture);
void fixture_commit(DB_TXN *txn);
void fixture_abort(DB_TXN *txn);

/* Logs a change made of its number: the user, the counts and `padding` bytes of JSON. */
void fixture_log(struct log_fixture *fixture, DB_TXN *txn, unsigned number, size_t padding);
void fixture_log_text(struct log_fixture *fixture, DB_TXN *txn, const char *text);

/* Logs and commits one change without padding. */
void fixture_change(struct log_fixture *fixture, unsigned number);

/* Where the next record will be; all before it is in the file. */
struct feed_position fixture_end(struct log_fixture *fixture);

/* Whether this is exactly the change of that number. */
bool fixture_is_change(const struct change *change, unsigned number, size_t padding);

/* The path of a log file, in a static buffer. */
const char *fixture_log_path(const struct log_fixture *fixture, uint32_t number);

/* A feed of it that begins there. */
struct feed *fixture_feed(const struct log_fixture *fixture, struct feed_position position);

/*
 * Reads changes from number *next on for as long as they come; *next is then the next one.
 * Returns what the feed said at the end, -EILSEQ for another change than the next one.
 */
int fixture_read(struct feed *feed, unsigned *next, size_t padding);

/* Whether the feed gives exactly the changes from *next to `last`, and then has nothing more. */
bool fixture_gives(struct feed *feed, unsigned *next, unsigned last);

#define ok_changes(feed, next, last, ...) \
	tap_ok(fixture_gives((feed), &(next), (last)), __VA_ARGS__)
