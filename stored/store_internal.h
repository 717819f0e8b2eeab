/* What the files of the store share: its tables, and the steps of an operation. */
#pragma once

#include "stored/counters.h"
#include "stored/environment.h"
#include "stored/row.h"
#include "stored/store.h"
#include "stored/table.h"

/* The version of the tables as this program writes them; the meta table has it as text. */
#define STORE_SCHEMA "2"
enum { STORE_SCHEMA_NUMBER = 2 };

enum { RING_LENGTH = 100 /* changes kept for those who come back */ };

/*
 * The live broadcasts, oldest first, and how many broadcast changes there ever were.
 * Remembered from the tables, so that who reads a user's row finds out at once what it
 * does not include yet.
 */
struct live {
	uint64_t changes;
	size_t count;
	struct uuid ids[INBOX_BROADCASTS_MAX];
};

/* The walk over all users that removes what is too old or too many, see retention.c. */
struct retention {
	int64_t max_age; /* milliseconds; 0 = no limit */
	uint64_t max_count; /* of a user's own; 0 = no limit */
	int64_t next; /* when the next walk begins */
	bool walking;
	bool may_go_on; /* one step at a time, now and then */
	struct table_key at; /* the user it has come to */
	uint64_t crowded_out; /* removed for max_count since that was last logged … */
	int64_t logged; /* … which was then */
};

struct store {
	struct environment *environment;
	unsigned schema; /* that the store had when it was opened; 0 = it is new */
	struct table *notifications; /* (user, id) to row */
	struct table *unread;	     /* (user, id) to nothing: the unread ones again */
	struct table *users;	     /* user to struct user */
	struct table *changes;	     /* (user, seq modulo RING_LENGTH) to the change record */
	struct table *sweeps;	     /* user with bulk operations pending, to how far the sweep is */
	struct table *broadcasts;    /* ("", id) to row: the live ones */
	struct table *marks;	     /* (user, id) to what the user did with a broadcast */
	struct table *due;	     /* (time, kind, key) to nothing: what ends by itself */
	struct table *attempts;	     /* (caller, digest) to the answer that was given */
	struct table *revoked;	     /* user to the time before which no token counts */
	struct table *meta;	     /* name to value */
	DB_TXN *txn;		     /* NULL outside a transaction */
	char epoch[UUID_SIZE];
	struct uuid last_id;	/* of all notifications */
	struct uuid durable_id; /* what the meta table says of it */
	struct buffer value;	/* for encoding what is put */
	struct buffer record;	/* for encoding a change */
	struct buffer json;
	struct buffer ids;
	/* Remembered from the tables; read again if a transaction that changed it fails: */
	struct live live;
	uint64_t seq_floor; /* where users begin: nobody who was forgotten has been above */
	bool has_revoked;   /* there are rows in `revoked` */
	bool ahead;	    /* this transaction has changed one of these */
	/* What is to do when nothing is asked: */
	bool sweeping;	  /* there may be users in `sweeps` */
	int64_t next_due; /* nothing is due before */
	struct retention retention;
	struct counters counters;
};

/* ---- store.c: the list of tables ---- */

/* The name of a table, counted from 0; NULL behind the last. And where the store has it. */
const char *store_table_name(size_t i);
struct table **store_table(struct store *store, size_t i);

/* ---- meta.c: what the store knows of itself ---- */

/* Checks the schema, or writes it into a new store; migrates an older one. 0 or -errno. */
int meta_check_schema(struct store *store);

/* Notes that the store has the present schema. */
int meta_put_schema(struct store *store);

/* The last identifier and the epoch; a new one if the last life did not end well. */
int meta_load(struct store *store);
int meta_save_last_id(struct store *store);

/* Reads what is remembered of the tables (anew). */
int meta_remember(struct store *store);

int meta_get_number(struct store *store, const char *name, uint64_t *ret_number);
int meta_put_number(struct store *store, const char *name, uint64_t number);

/* ---- migrate.c ---- */

/*
 * Finds out which schema the store has. Returns 0 or -errno; a store that has other tables
 * but not the one that says it is damaged: -ENOENT.
 */
int store_find_schema(struct store *store);

/* Copies a store of version 1, before anything in it is changed. 0 or -errno. */
int store_keep_old(struct store *store);

/* Brings a store of version 1 to the present schema, within the transaction. 0 or -errno. */
int store_migrate(struct store *store);

/* ---- users.c ---- */

/*
 * Reads a user's row, with all broadcasts up to now in the counts. One who was never heard
 * of, or was forgotten, has zeros and is not known. Return 0 or -errno.
 */
int store_load_user(struct store *store, struct slice name, struct user *ret_user);
int store_save_user(struct store *store, struct slice name, const struct user *user);

/* Makes the broadcasts' share of the counts anew. */
int store_settle_user(struct store *store, struct slice name, struct user *user);

/* Makes one who is not known a user from this moment on. To be saved. */
void store_introduce(struct store *store, struct user *user);

/* ---- rows.c ---- */

/*
 * Reads a notification, the user's own or a broadcast, as it is after the user's bulk
 * operations. Slices of the row live until the next read of its table. Returns 0,
 * INBOX_NOT_FOUND or -errno.
 */
int store_load_row(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row);

/* The same, but as it was written: before those operations, and even if it is deleted. */
int store_read_row(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row);

/* Loads a broadcast; it is INBOX_NOT_FOUND for who was first seen after it, too. */
int store_load_broadcast(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row);

/* Writes it down, with the index of the unread; not the counts. *user may change: save it. */
int store_save_row(struct store *store, struct slice name, struct user *user, struct row *row);

/* Takes it out of the user's inbox, with all that refers to it; not out of the counts. */
int store_remove_row(struct store *store, struct slice name, struct user *user, struct row *row);

/* The encoding of a value: store_value() begins it, store_put() ends it. */
struct buffer *store_value(struct store *store);
int store_put(struct store *store, struct table *table, const struct table_key *key);

/* ---- changes.c ---- */

/*
 * Ends a change: raises the user's seq, saves the user, and writes the change to
 * the ring and to the log. row is the notification that changed, NULL for none.
 */
int store_change(struct store *store, struct slice name, struct user *user, enum change_kind kind,
	int64_t now, const struct row *row);

/* The same for several: ids as a change record has them. */
int store_change_many(struct store *store, struct slice name, struct user *user,
	enum change_kind kind, int64_t now, struct slice ids);

/* A change of a broadcast, for everybody; row is needed for a created one only. */
int store_change_broadcast(struct store *store, enum change_kind kind, int64_t now,
	const struct uuid *id, const struct row *row);

/* Tells the push daemon something that is no change of the inbox. */
int store_tell(struct store *store, struct slice name, const struct user *user,
	enum change_kind kind, int64_t now);

/* Removes the changes that were kept for this user. */
int store_forget_changes(struct store *store, struct slice name);

/* Logs a change record. */
int store_log(struct store *store, struct slice record);

/* Appends an identifier to what store_change_many() takes. */
void store_add_id(struct buffer *ids, const struct uuid *id);

/* ---- broadcast.c ---- */

/* The place of the oldest live broadcast above this identifier; live.count if there is none. */
size_t live_above(const struct live *live, const struct uuid *id);

/* Whether it is live. */
bool live_has(const struct live *live, const struct uuid *id);

/* Reads them all from the table. */
int live_load(struct store *store);

/*
 * Makes a row a broadcast. Only a fresh one is new to everybody who is known, so only its
 * change tells of it in full: then each reader has one more unread and unseen.
 */
int store_begin_broadcast(struct store *store, struct row *row, int64_t now, bool fresh);

/* Ends a broadcast; INBOX_NOT_FOUND if it is not live. */
int store_end_broadcast(struct store *store, const struct uuid *id, enum change_kind kind);

/* ---- due.c: what ends by itself ---- */

enum due_kind { DUE_NOTIFICATION, DUE_BROADCAST, DUE_ATTEMPT };

int due_add(struct store *store, int64_t time, enum due_kind kind, const struct table_key *key);

/* It ended otherwise. */
int due_remove(struct store *store, int64_t time, enum due_kind kind, const struct table_key *key);

/* Whether something is due, as far as is known without a look at the table. */
bool due_now(const struct store *store);

/* Ends a few things that are due; within a transaction. */
int due_slice(struct store *store);

/* ---- attempt.c: a second attempt gives the answer of the first ---- */

/*
 * Looks for an earlier attempt of a CREATE or BROADCAST. Returns 0 if there is none (or
 * INBOX_NOT_FOUND, if only a repeat may be answered), ATTEMPT_FOUND with the answer in
 * *reply, INBOX_CONFLICT, or -errno.
 */
enum { ATTEMPT_FOUND = 1000 };
int attempt_find(struct store *store, const struct inbox_request *request, struct store_reply *reply);

/* Keeps the answer for later attempts. */
int attempt_keep(struct store *store, const struct inbox_request *request,
	const struct store_reply *reply);

/* When the attempt with this value is due to be let go of. Returns 0 or -EBADMSG. */
int attempt_end(struct slice value, int64_t *ret_time);

/*
 * Lets go of some of a caller's attempts that were made up to this notification. Returns how
 * many, 0 = there are no more, or -errno.
 */
int attempt_remove_some(struct store *store, struct slice caller, const struct uuid *upto);

/* ---- forget.c ---- */

/* In seconds since the epoch: no token of this user that was issued before counts; 0 = all do. */
int store_tokens_valid_from(struct store *store, struct slice name, int64_t *ret_time);

/* ---- retention.c ---- */

void retention_init(struct retention *retention, const struct config *config);

/* Removes the user's own notifications above the number that is allowed, as a change. */
int retention_trim(struct store *store, struct slice name, struct user *user, int64_t now);

/* The user has read this row: it goes before what is unread. */
void retention_note_read(struct user *user, const struct row *row);

/* Lets the walk over all users begin or go on; says what it has done. Called now and then. */
void retention_tick(struct store *store);

/* Whether the walk has a step to do; does one, within a transaction. */
bool retention_due(const struct store *store);
int retention_slice(struct store *store);

/* ---- sweep.c ---- */

/* Lets the rows of this user follow; in the transaction that adds the bulk operation. */
int sweep_start(struct store *store, struct slice name);

/* Whether rows may have to follow; lets some, within a transaction. */
bool sweep_due(const struct store *store);
int sweep_slice(struct store *store);

/* ---- the operations ---- */

/*
 * What all operations look like. `user` is the row of request->user as it is now, or zeros
 * if the request names none; its counts are in the answer unless the operation says others.
 */
typedef int store_operation(struct store *store, const struct inbox_request *request,
	struct user *user, struct store_reply *reply);

void store_reply_notification(struct store_reply *reply, const struct notification *notification);

store_operation store_count, store_get, store_list;	 /* read.c */
store_operation store_changes;				 /* changes.c */
store_operation store_create;				 /* create.c */
store_operation store_mark_read, store_mark_unread, store_read_all, store_seen, store_delete,
	store_delete_all, store_delete_read, store_withdraw; /* write.c */
store_operation store_broadcast, store_withdraw_broadcast; /* broadcast.c */
store_operation store_forget, store_revoke;		 /* forget.c */
store_operation store_export, store_import;		 /* export.c, import.c */
store_operation store_statistics;			 /* statistics.c */
