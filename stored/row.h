/*
 * What is kept of one notification of one user: its row, or, of a broadcast, the user's
 * mark on it. Both become a struct row, so that whoever works with it need not ask
 * which it is.
 */
#pragma once

#include "lib/notification.h"
#include "stored/user.h"

struct row {
	struct notification notification;
	uint32_t generation; /* of the user, when this row was last written */
	bool marked;	     /* a broadcast: the user has a mark on it … */
	bool deleted;	     /* … or has deleted it */
};

void row_encode(struct buffer *to, const struct row *row);

/* Slices of the row point into the value. Returns 0 or -EBADMSG. */
int row_decode(struct slice value, const struct uuid *id, struct row *ret_row);

/* The mark on a broadcast: what the row has that the broadcast itself has not. */
void row_encode_mark(struct buffer *to, const struct row *row);

/* Puts the mark on the row of the broadcast. Returns 0 or -EBADMSG. */
int row_apply_mark(struct row *row, struct slice value);

enum { ROW_DELETED = 1 };

/*
 * Applies the user's bulk operations that this row has not seen. Returns 0, or
 * ROW_DELETED if one of them took the notification away, or the user has.
 */
int row_settle(struct row *row, const struct user *user);

/* Adds the row to the user's counts, or takes it off them. */
void row_count(const struct row *row, struct user *user);
void row_discount(const struct row *row, struct user *user);
