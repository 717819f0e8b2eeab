/*
 * The row of a user: the counts, and the bulk operations that the
 * user's rows have yet to follow.
 *
 * Reading or deleting everything must not cost more for a large inbox than for a
 * small one. So it changes this row alone: counts that are kept, never counted,
 * and one more entry in a short list of bulk operations. A notification's row
 * says how many bulk operations it has seen (its generation); whoever reads it
 * applies the later ones (row_settle), and the sweep writes the outcome down in
 * small slices and then takes the entry off the list.
 *
 * A broadcast must not cost more for many users than for few. So it changes no
 * user's row: the row says how many broadcast changes its counts include, and
 * who reads it adds what has come since (store_load_user).
 */
#pragma once

#include "lib/change.h"
#include "lib/codec.h"

enum bulk_kind { BULK_READ_ALL, BULK_DELETE_ALL, BULK_DELETE_READ, BULK_KINDS };

struct bulk_operation {
	enum bulk_kind kind;
	uint32_t generation; /* counted from 1, for each user */
	int64_t time;	     /* milliseconds since the epoch */
	struct uuid upto;    /* the newest notification that there was */
};

enum { BULK_MAX = 16 /* pending at a time; more must wait for the sweep */ };

struct tally {
	uint64_t total;
	uint64_t unread;
	uint64_t unseen;
};

struct user {
	bool known;	      /* has a row; it is not kept in it */
	bool forgotten;	      /* the row is only there until the sweep is done */
	struct counts counts; /* all, with the broadcasts */
	struct tally broadcasts; /* how much of the counts they are */
	uint64_t settled;	 /* how many broadcast changes are in the counts and in their seq */
	uint64_t first_seq;	 /* when the user was first seen; nothing before concerns them */
	struct uuid since; /* the newest notification of all at that moment: the broadcasts after it */
	uint32_t marks;	   /* rows that say what the user has done with a broadcast */
	struct uuid seen;  /* the newest notification when the panel was last opened */
	struct uuid unread_upto; /* all of the user's own up to here are unread */
	uint32_t generation;
	unsigned bulk_count;
	struct bulk_operation bulk[BULK_MAX]; /* in the order of their generations */
};

/* The value of the row. Decoding returns 0 or -EBADMSG. */
void user_encode(struct buffer *to, const struct user *user);
int user_decode(struct slice value, struct user *ret_user);

/* What of the counts is the user's own notifications. */
struct tally user_own(const struct user *user);

/* Puts the broadcasts' share of the counts in the place of what it was. */
void user_set_broadcasts(struct user *user, const struct tally *broadcasts);

enum { USER_BUSY = 1 };

/*
 * Adds a bulk operation, which the counts follow at once; deleting all makes those before it
 * meaningless and takes their place. Returns 0, or USER_BUSY when the list is full.
 */
int user_add_bulk(struct user *user, enum bulk_kind kind, int64_t time, const struct uuid *upto);

/* Takes those up to this generation off the list. */
void user_drop_bulk(struct user *user, uint32_t generation);

/* Where a walk from the newest notification down may stop; NULL = nowhere. */
const struct uuid *user_deleted_upto(const struct user *user);
