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

struct user {
	struct counts counts;
	struct uuid seen; /* the newest notification when the panel was last opened */
	uint32_t generation;
	unsigned bulk_count;
	struct bulk_operation bulk[BULK_MAX]; /* in the order of their generations */
};

/* The value of the row. Decoding returns 0 or -EBADMSG. */
void user_encode(struct buffer *to, const struct user *user);
int user_decode(struct slice value, struct user *ret_user);

enum { USER_BUSY = 1 };

/*
 * Adds a bulk operation; deleting all makes those before it meaningless and takes
 * their place. Returns 0, or USER_BUSY when the list is full.
 */
int user_add_bulk(struct user *user, enum bulk_kind kind, int64_t time, const struct uuid *upto);

/* Takes those up to this generation off the list. */
void user_drop_bulk(struct user *user, uint32_t generation);

/* Where a walk from the newest notification down may stop; NULL = nowhere. */
const struct uuid *user_deleted_upto(const struct user *user);
