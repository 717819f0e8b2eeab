/*
 * Entries as bytes, see entry.h. Integers are big endian:
 *
 *	u8 enum entry_kind, short user, then of
 *	BROADCAST, NOTIFICATION	uuid, and as notification_encode() writes it
 *	USER			uuid since, uuid seen
 *	MARK			uuid, u64 read (0 = unread), u8 deleted (0 or 1)
 */
#include "lib/entry.h"

#include "lib/timestamp.h"

void entry_encode(struct buffer *to, const struct entry *entry)
{
	encode_u8(to, (uint8_t)entry->kind);
	encode_short(to, entry->user);
	switch (entry->kind) {
	case ENTRY_USER:
		encode_uuid(to, &entry->since);
		encode_uuid(to, &entry->seen);
		break;
	case ENTRY_MARK:
		encode_uuid(to, &entry->notification.id);
		encode_u64(to, (uint64_t)entry->notification.read);
		encode_u8(to, entry->deleted);
		break;
	default:
		encode_uuid(to, &entry->notification.id);
		notification_encode(to, &entry->notification);
	}
}

static void decode_mark(struct decoder *from, struct entry *entry)
{
	uint64_t read;
	uint8_t deleted;

	entry->notification.id = decode_uuid(from);
	read = decode_u64(from);
	deleted = decode_u8(from);
	if (read > TIMESTAMP_MAX || deleted > 1)
		from->failed = true;
	entry->notification.read = (int64_t)read;
	entry->deleted = deleted == 1;
}

static void decode_notification(struct decoder *from, struct entry *entry)
{
	bool broadcast = entry->kind == ENTRY_BROADCAST;

	entry->notification.id = decode_uuid(from);
	notification_decode(from, &entry->notification);
	if (entry->notification.broadcast != broadcast || (broadcast && entry->notification.read))
		from->failed = true;
}

void entry_decode(struct decoder *from, struct entry *ret_entry)
{
	struct entry entry = { 0 };
	uint8_t kind = decode_u8(from);

	entry.user = decode_short(from);
	if (kind >= ENTRY_KINDS || (entry.user.len > 0) == (kind == ENTRY_BROADCAST) ||
	    (entry.user.len > 0 && !notification_user_valid(entry.user))) {
		from->failed = true;
		return;
	}
	entry.kind = kind;
	if (kind == ENTRY_USER) {
		entry.since = decode_uuid(from);
		entry.seen = decode_uuid(from);
	} else if (kind == ENTRY_MARK) {
		decode_mark(from, &entry);
	} else {
		decode_notification(from, &entry);
	}
	if (!from->failed)
		*ret_entry = entry;
}
