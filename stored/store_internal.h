/* What the files of the store share: its tables, and the steps of an operation. */
#pragma once

#include "stored/environment.h"
#include "stored/row.h"
#include "stored/store.h"
#include "stored/table.h"

enum { RING_LENGTH = 100 /* changes kept for those who come back */ };

struct store {
	struct environment *environment;
	struct table *notifications; /* (user, id) to row */
	struct table *unread;	     /* (user, id) to nothing: the unread ones again */
	struct table *users;	     /* user to struct user */
	struct table *changes;	     /* (user, seq modulo RING_LENGTH) to the change record */
	struct table *sweeps;	     /* user with bulk operations pending, to how far the sweep is */
	struct table *meta;	     /* name to value */
	DB_TXN *txn;		     /* NULL outside a transaction */
	char epoch[UUID_SIZE];
	struct uuid last_id;	/* of all notifications */
	struct uuid durable_id; /* what the meta table says of it */
	struct buffer value;	/* for encoding what is put */
	struct buffer record;	/* for encoding a change */
	struct buffer json;
	bool sweeping; /* there may be users in `sweeps` */
};

/* One who was never heard of has a row of zeros. Return 0 or -errno. */
int store_load_user(struct store *store, struct slice name, struct user *ret_user);
int store_save_user(struct store *store, struct slice name, const struct user *user);

/* Puts the row as it is, without a look at counts or indexes. */
int store_save_row(struct store *store, struct slice user, const struct row *row);

/*
 * Reads a row as it is after the user's bulk operations. Slices of the row live
 * until the next read of that table. Returns 0, INBOX_NOT_FOUND or -errno.
 */
int store_load_row(struct store *store, struct slice name, const struct user *user,
	const struct uuid *id, struct row *ret_row);

/*
 * Ends a change: raises the user's seq, saves the user, and writes the change to
 * the ring and to the log. row is the notification that changed, NULL for all.
 */
int store_change(struct store *store, struct slice name, struct user *user, enum change_kind kind,
	int64_t now, const struct row *row);

/* Logs a change record. */
int store_log(struct store *store, struct slice record);

void store_reply_counts(struct store_reply *reply, const struct user *user);
void store_reply_notification(struct store_reply *reply, const struct notification *notification);

/* The operations: read.c and write.c. */
typedef int store_operation(struct store *store, const struct inbox_request *request,
	struct store_reply *reply);

store_operation store_count, store_get, store_list, store_changes;
store_operation store_create, store_mark_read, store_mark_unread, store_read_all, store_seen,
	store_delete, store_delete_all, store_delete_read;

/* Lets the rows of this user follow; in the transaction that adds the bulk operation. */
int store_start_sweep(struct store *store, struct slice name);
