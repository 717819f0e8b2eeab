/* The row of a user and its bytes, see user.h. */
#include "stored/user.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { USER_VERSION = 1 };

static void encode_bulk(struct buffer *to, const struct bulk_operation *bulk)
{
	encode_u8(to, (uint8_t)bulk->kind);
	encode_u32(to, bulk->generation);
	encode_u64(to, (uint64_t)bulk->time);
	buffer_append(to, bulk->upto.bytes, UUID_BYTES);
}

static void decode_uuid(struct decoder *from, struct uuid *ret_uuid)
{
	struct slice bytes = decode_bytes(from, UUID_BYTES);

	if (!from->failed)
		memcpy(ret_uuid->bytes, bytes.data, UUID_BYTES);
}

static void decode_bulk(struct decoder *from, struct bulk_operation *ret_bulk)
{
	ret_bulk->kind = decode_u8(from);
	ret_bulk->generation = decode_u32(from);
	ret_bulk->time = (int64_t)decode_u64(from);
	decode_uuid(from, &ret_bulk->upto);
	if (ret_bulk->kind >= BULK_KINDS || ret_bulk->time < 0 || ret_bulk->time > TIMESTAMP_MAX)
		from->failed = true;
}

void user_encode(struct buffer *to, const struct user *user)
{
	encode_u8(to, USER_VERSION);
	encode_u64(to, user->counts.seq);
	encode_u64(to, user->counts.total);
	encode_u64(to, user->counts.unread);
	encode_u64(to, user->counts.unseen);
	buffer_append(to, user->seen.bytes, UUID_BYTES);
	encode_u32(to, user->generation);
	encode_u8(to, (uint8_t)user->bulk_count);
	for (unsigned i = 0; i < user->bulk_count; i++)
		encode_bulk(to, &user->bulk[i]);
}

int user_decode(struct slice value, struct user *ret_user)
{
	struct decoder from = decoder_of(value.data, value.len);
	struct user user = { 0 };

	if (decode_u8(&from) != USER_VERSION)
		return -EBADMSG;
	user.counts.seq = decode_u64(&from);
	user.counts.total = decode_u64(&from);
	user.counts.unread = decode_u64(&from);
	user.counts.unseen = decode_u64(&from);
	decode_uuid(&from, &user.seen);
	user.generation = decode_u32(&from);
	user.bulk_count = decode_u8(&from);
	if (user.bulk_count > BULK_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < user.bulk_count; i++)
		decode_bulk(&from, &user.bulk[i]);
	if (decoder_finish(&from) < 0)
		return -EBADMSG;
	*ret_user = user;
	return 0;
}

int user_add_bulk(struct user *user, enum bulk_kind kind, int64_t time, const struct uuid *upto)
{
	if (kind == BULK_DELETE_ALL)
		user->bulk_count = 0;
	if (user->bulk_count == BULK_MAX)
		return USER_BUSY;
	user->bulk[user->bulk_count++] = (struct bulk_operation){
		.kind = kind,
		.generation = ++user->generation,
		.time = time,
		.upto = *upto,
	};
	return 0;
}

void user_drop_bulk(struct user *user, uint32_t generation)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < user->bulk_count; i++)
		if (user->bulk[i].generation > generation)
			user->bulk[kept++] = user->bulk[i];
	user->bulk_count = kept;
}

const struct uuid *user_deleted_upto(const struct user *user)
{
	bool deletes = user->bulk_count > 0 && user->bulk[0].kind == BULK_DELETE_ALL;

	return deletes ? &user->bulk[0].upto : NULL;
}
