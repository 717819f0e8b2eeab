/*
 * A store with something of everything in it, that nobody has open; and what it takes to
 * damage it and to undo that.
 */
#pragma once

#include "stored/environment.h"
#include "stored/store_internal.h"
#include "tests/unit/store_fixture.h"

/* Of bob rows have yet to follow a bulk operation; so has all of dora, who was forgotten. */
extern struct good_store {
	struct fixture fixture;
	struct uuid anna[4], bob[3], broadcasts[3];
	struct uuid strange; /* above all that was given out */
	int64_t expires;     /* anna[1] and broadcasts[1] do */
	struct inbox_once once;
} good;

/* Makes it. The fixture is closed by fixture_close(). */
void good_store_make(void);

/* What the check says, as text to be freed, and what it returns. */
char *good_store_outcome(int *ret_result);

/* Checks that it tells these lines, and no others. */
void good_store_tells(const char *lines, const char *what);

/* A table of the store that is opened alone, in a transaction. */
struct alone {
	struct environment *environment;
	DB_TXN *txn;
	struct table *table;
};

struct alone alone_open(const char *name);
void alone_close(struct alone *alone);

/* Changes, adds or removes one row. */
void damage_put(const char *table, struct table_key key, struct slice value);
void damage_drop(const char *table, struct table_key key);

/* Checks that these lines are told, in which each % stands for an identifier, and undoes it. */
void damage_told(const char *what, const char *lines, const struct uuid *id);
