/* What the files of the check share. */
#pragma once

#include "stored/report.h"
#include "stored/store_internal.h"

struct check {
	struct store *store; /* its tables, opened to be read */
	const char *data;    /* the directory of their files */
	struct report *report;
};

/*
 * A table that is walked along with others, all in the order of keys. What it has come to
 * lives until the next step.
 */
struct stream {
	struct check *check;
	const char *name;
	struct table *table;
	struct table_walk walk;
	struct slice key, value;
	int result; /* of the last step: 0, TABLE_NONE at the end, or -errno */
};

int stream_begin(struct check *check, struct table *table, const char *name,
	struct stream *ret_stream);
void stream_end(struct stream *stream);

void stream_next(struct stream *stream);

/* Whether it has come to a row. */
static inline bool stream_has(const struct stream *stream)
{
	return stream->result == 0;
}

/* The user at the front of the key, and the NUL behind the name; all of the key if there is none. */
struct slice stream_prefix(const struct stream *stream);

/* Whether it has come to a row of this user. */
bool stream_has_user(const struct stream *stream, struct slice prefix);

/* The identifier of the row; if the key is none with one, that is told, and -EBADMSG. */
int stream_id(const struct stream *stream, struct uuid *ret_id);

/* For messages: "(identifier)" */
struct id_text {
	char text[UUID_SIZE];
};

struct id_text id_text(const struct uuid *id);

/* Tells if an identifier is above the last one that was given out. */
void check_id(struct check *check, struct slice name, const char *what, const struct uuid *id);

/* ---- check_tables.c: what belongs to no user ---- */

/* These return 0 or -errno: the check cannot go on. */
int check_meta(struct check *check);
int check_broadcasts(struct check *check);
int check_broadcast_changes(struct check *check);
int check_due(struct check *check);
int check_attempts(struct check *check);
int check_revoked(struct check *check);

/* ---- check_users.c, check_inbox.c ---- */

/* All tables that are in the order of users, at one time. */
struct streams {
	struct stream users, notifications, unread, marks, changes, sweeps;
};

int check_users(struct check *check);

/* A user, and what the rows come to. */
struct inbox_check {
	struct check *check;
	struct streams *streams;
	struct slice prefix, name;
	const struct user *user; /* as the row has it */
	struct user counted;	 /* its counts are made of the rows */
};

int check_notifications(struct inbox_check *inbox);
void check_marks(struct inbox_check *inbox);
