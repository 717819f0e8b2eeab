/* The row of one notification, see row.h. */
#include "stored/row.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { MARK_VERSION = 1 };

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

void row_encode_mark(struct buffer *to, const struct row *row)
{
	encode_u8(to, MARK_VERSION);
	encode_u32(to, row->generation);
	encode_u64(to, (uint64_t)row->notification.read);
	encode_u8(to, row->deleted);
}

int row_apply_mark(struct row *row, struct slice value)
{
	struct decoder from = decoder_of(value.data, value.len);
	uint8_t version = decode_u8(&from);
	uint32_t generation = decode_u32(&from);
	uint64_t read = decode_u64(&from);
	uint8_t deleted = decode_u8(&from);

	if (decoder_finish(&from) < 0 || version != MARK_VERSION || read > TIMESTAMP_MAX ||
	    deleted > 1)
		return -EBADMSG;
	row->generation = generation;
	row->notification.read = (int64_t)read;
	row->marked = true;
	row->deleted = deleted == 1;
	return 0;
}

/* A broadcast without a mark has seen none, so what is newer than the operation is left alone. */
static bool concerns(const struct bulk_operation *bulk, const struct row *row)
{
	return bulk->generation > row->generation &&
	       uuid_compare(&row->notification.id, &bulk->upto) <= 0;
}

int row_settle(struct row *row, const struct user *user)
{
	struct notification *notification = &row->notification;

	for (unsigned i = 0; i < user->bulk_count && !row->deleted; i++) {
		const struct bulk_operation *bulk = &user->bulk[i];

		if (!concerns(bulk, row))
			continue;
		if (bulk->kind == BULK_READ_ALL && !notification->read)
			notification->read = bulk->time;
		row->deleted = bulk->kind == BULK_DELETE_ALL ||
			       (bulk->kind == BULK_DELETE_READ && notification->read);
	}
	row->generation = user->generation;
	return row->deleted ? ROW_DELETED : 0;
}

static bool is_unseen(const struct row *row, const struct user *user)
{
	return !row->notification.read && uuid_compare(&row->notification.id, &user->seen) > 0;
}

void row_count(const struct row *row, struct user *user)
{
	bool unread = !row->notification.read, unseen = is_unseen(row, user);

	user->counts.total++;
	user->counts.unread += unread;
	user->counts.unseen += unseen;
	if (row->notification.broadcast) {
		user->broadcasts.total++;
		user->broadcasts.unread += unread;
		user->broadcasts.unseen += unseen;
	}
}

void row_discount(const struct row *row, struct user *user)
{
	bool unread = !row->notification.read, unseen = is_unseen(row, user);

	user->counts.total--;
	user->counts.unread -= unread;
	user->counts.unseen -= unseen;
	if (row->notification.broadcast) {
		user->broadcasts.total--;
		user->broadcasts.unread -= unread;
		user->broadcasts.unseen -= unseen;
	}
}
