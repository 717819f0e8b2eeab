/*
 * The Berkeley DB environment and its one owner.
 *
 * Opening takes an exclusive lock on the home directory itself (not on a file in
 * it, which somebody could remove), recovers what a killed owner left, and
 * decides whether a new epoch must begin: it must after the machine went down
 * with the store open, for then committed changes that were not yet flushed may
 * be gone although somebody has seen them.
 */
#pragma once

#include "lib/config.h"
#include "lib/inbox.h"
#include "stored/counters.h"

#include <db.h>

struct environment;

/*
 * Creates the home directory's content where it is missing. Returns 0, or -errno after
 * logging what to do: -EBUSY (another owner), -EINPROGRESS (a restore was broken off),
 * -ENOTRECOVERABLE (damaged).
 */
int environment_open(const struct config *config, struct environment **ret_environment);

/* Writes a checkpoint, closes, and says that the stop was clean. Returns NULL. */
struct environment *environment_close(struct environment *environment);

DB_ENV *environment_handle(const struct environment *environment);

/* Its home directory, as a path and open; both are its own. */
const char *environment_home(const struct environment *environment);
int environment_home_fd(const struct environment *environment);

/* Whether a file of the directory "data" is a table's, by its name. */
bool environment_is_table(const char *file);

/* Whether it holds no table file yet. */
bool environment_is_new(const struct environment *environment);

/* The machine went down since the store was last open, or this is a copy of a store. */
bool environment_went_down(const struct environment *environment);

/* Tells later starts that the store is open; call it once the epoch is durable. 0 or -errno. */
int environment_mark_running(struct environment *environment);

/* Transactions are serial: at most one at a time. Return 0 or -errno. */
int environment_begin(struct environment *environment, DB_TXN **ret_txn);

/* Written to the log file, but not flushed. The transaction is over whatever is returned. */
int environment_commit(struct environment *environment, DB_TXN *txn);
void environment_abort(DB_TXN *txn);

/* Writes one message to the log, as part of the transaction. */
int environment_log(struct environment *environment, DB_TXN *txn, const char *message);

/* Makes everything that was committed before the call durable. May run in another thread. */
int environment_flush(struct environment *environment);

struct log_end {
	uint32_t file, offset;
};

/* Where the log ends, in its file or in memory only. May run in another thread. 0 or -errno. */
int environment_end(const struct environment *environment, struct log_end *ret_end);

/*
 * The end of the log, between two transactions. All before it is in the log's files: so it
 * is where a record ends even if this process is killed now and another recovers.
 */
int environment_position(struct environment *environment, uint32_t *ret_file, uint32_t *ret_offset);

/* Names a file of the directory "data" whose pages are to be written back. 0 or -errno. */
int environment_add_file(struct environment *environment, const char *file);

/*
 * To be called between two transactions: writes a few pages, or a checkpoint if the log has
 * grown enough since the last. 0 or -errno.
 */
int environment_write_back(struct environment *environment);

/* How long checkpoints took. */
struct timing environment_checkpoints(const struct environment *environment);

/* Removes old logs, when there may be any. 0 or -errno. */
int environment_keep_house(struct environment *environment);

/* Whether checkpoints and the removal of logs wait, for a copy that is made meanwhile. */
void environment_hold(struct environment *environment, bool held);

/* The free space on the disk, and the part of it that is reserved: 0 or -errno; any thread. */
int environment_disk(const struct environment *environment, uint64_t *ret_free,
	uint64_t *ret_reserve);

/* Whether so many bytes more would leave the configured reserve on the disk; any thread. */
bool environment_has_room(const struct environment *environment, uint64_t bytes);

/* Whether the disk has no more than the reserve left; asked often, it looks now and then. */
bool environment_disk_full(struct environment *environment);

/*
 * The only place that turns Berkeley DB's results (positive errno, negative
 * DB_…) into ours: -ENOENT for DB_NOTFOUND, -EEXIST for DB_KEYEXIST,
 * -ENOTRECOVERABLE for DB_RUNRECOVERY, -EIO for what has no name.
 */
int environment_error(int result);
