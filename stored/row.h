/* The row of one notification. Its key is the user and the identifier. */
#pragma once

#include "lib/notification.h"
#include "stored/user.h"

struct row {
	struct notification notification;
	uint32_t generation; /* of the user, when this row was last written */
};

void row_encode(struct buffer *to, const struct row *row);

/* Slices of the row point into the value. Returns 0 or -EBADMSG. */
int row_decode(struct slice value, const struct uuid *id, struct row *ret_row);

enum { ROW_DELETED = 1 };

/*
 * Applies the user's bulk operations that this row has not seen. Returns 0, or
 * ROW_DELETED if one of them took the notification away.
 */
int row_settle(struct row *row, const struct user *user);

/* Whether it counts as unseen: unread, and newer than what was last seen. */
bool row_unseen(const struct row *row, const struct user *user);
