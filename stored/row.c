/* The row of one notification, see row.h. */
#include "stored/row.h"

void row_encode(struct buffer *to, const struct row *row)
{
	encode_u32(to, row->generation);
	notification_encode(to, &row->notification);
}

int row_decode(struct slice value, const struct uuid *id, struct row *ret_row)
{
	struct decoder from = decoder_of(value.data, value.len);
	struct row row = { 0 };
	int r;

	row.generation = decode_u32(&from);
	notification_decode(&from, &row.notification);
	r = decoder_finish(&from);
	if (r < 0)
		return r;
	row.notification.id = *id;
	*ret_row = row;
	return 0;
}

int row_settle(struct row *row, const struct user *user)
{
	struct notification *notification = &row->notification;

	for (unsigned i = 0; i < user->bulk_count; i++) {
		const struct bulk_operation *bulk = &user->bulk[i];

		if (bulk->generation <= row->generation)
			continue;
		if (bulk->kind == BULK_DELETE_ALL ||
		    (bulk->kind == BULK_DELETE_READ && notification->read))
			return ROW_DELETED;
		if (bulk->kind == BULK_READ_ALL && !notification->read)
			notification->read = bulk->time;
	}
	row->generation = user->generation;
	return 0;
}

bool row_unseen(const struct row *row, const struct user *user)
{
	return !row->notification.read && uuid_compare(&row->notification.id, &user->seen) > 0;
}
