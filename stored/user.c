/* The row of a user and its bytes, see user.h. */
#include "stored/user.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { USER_VERSION = 2, USER_FORGOTTEN = 1 };

static void encode_bulk(struct buffer *to, const struct bulk_operation *bulk)
{
	encode_u8(to, (uint8_t)bulk->kind);
	encode_u32(to, bulk->generation);
	encode_u64(to, (uint64_t)bulk->time);
	encode_uuid(to, &bulk->upto);
}

static void decode_bulk(struct decoder *from, struct bulk_operation *ret_bulk)
{
	ret_bulk->kind = decode_u8(from);
	ret_bulk->generation = decode_u32(from);
	ret_bulk->time = (int64_t)decode_u64(from);
	ret_bulk->upto = decode_uuid(from);
	if (ret_bulk->kind >= BULK_KINDS || ret_bulk->time < 0 || ret_bulk->time > TIMESTAMP_MAX)
		from->failed = true;
}

static void encode_tally(struct buffer *to, const struct tally *tally)
{
	encode_u64(to, tally->total);
	encode_u64(to, tally->unread);
	encode_u64(to, tally->unseen);
}

static void decode_tally(struct decoder *from, struct tally *ret_tally)
{
	ret_tally->total = decode_u64(from);
	ret_tally->unread = decode_u64(from);
	ret_tally->unseen = decode_u64(from);
}

void user_encode(struct buffer *to, const struct user *user)
{
	encode_u8(to, USER_VERSION);
	encode_u64(to, user->counts.seq);
	encode_u64(to, user->counts.total);
	encode_u64(to, user->counts.unread);
	encode_u64(to, user->counts.unseen);
	encode_uuid(to, &user->seen);
	encode_u32(to, user->generation);
	encode_u8(to, user->forgotten ? USER_FORGOTTEN : 0);
	encode_tally(to, &user->broadcasts);
	encode_u64(to, user->settled);
	encode_u64(to, user->first_seq);
	encode_uuid(to, &user->since);
	encode_u32(to, user->marks);
	encode_uuid(to, &user->unread_upto);
	encode_u8(to, (uint8_t)user->bulk_count);
	for (unsigned i = 0; i < user->bulk_count; i++)
		encode_bulk(to, &user->bulk[i]);
}

/* What version 1 did not know: there were no broadcasts, so zeros say it. */
static void decode_broadcasts(struct decoder *from, struct user *user)
{
	uint8_t flags = decode_u8(from);

	if (flags > USER_FORGOTTEN)
		from->failed = true;
	user->forgotten = flags & USER_FORGOTTEN;
	decode_tally(from, &user->broadcasts);
	user->settled = decode_u64(from);
	user->first_seq = decode_u64(from);
	user->since = decode_uuid(from);
	user->marks = decode_u32(from);
	user->unread_upto = decode_uuid(from);
}

int user_decode(struct slice value, struct user *ret_user)
{
	struct decoder from = decoder_of(value.data, value.len);
	struct user user = { .known = true };
	uint8_t version = decode_u8(&from);

	if (version < 1 || version > USER_VERSION)
		return -EBADMSG;
	user.counts.seq = decode_u64(&from);
	user.counts.total = decode_u64(&from);
	user.counts.unread = decode_u64(&from);
	user.counts.unseen = decode_u64(&from);
	user.seen = decode_uuid(&from);
	user.generation = decode_u32(&from);
	if (version > 1)
		decode_broadcasts(&from, &user);
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

struct tally user_own(const struct user *user)
{
	return (struct tally){
		.total = user->counts.total - user->broadcasts.total,
		.unread = user->counts.unread - user->broadcasts.unread,
		.unseen = user->counts.unseen - user->broadcasts.unseen,
	};
}

void user_set_broadcasts(struct user *user, const struct tally *broadcasts)
{
	struct tally own = user_own(user);

	user->counts.total = own.total + broadcasts->total;
	user->counts.unread = own.unread + broadcasts->unread;
	user->counts.unseen = own.unseen + broadcasts->unseen;
	user->broadcasts = *broadcasts;
}

/* What it leaves of a count of notifications. */
static void tally_after(struct tally *tally, enum bulk_kind kind)
{
	if (kind == BULK_DELETE_ALL)
		*tally = (struct tally){ 0 };
	else if (kind == BULK_DELETE_READ)
		tally->total = tally->unread;
	else
		tally->unread = tally->unseen = 0;
}

static void count_bulk(struct user *user, enum bulk_kind kind)
{
	struct tally own = user_own(user), broadcasts = user->broadcasts;

	tally_after(&own, kind);
	tally_after(&broadcasts, kind);
	user->broadcasts = broadcasts;
	user->counts.total = own.total + broadcasts.total;
	user->counts.unread = own.unread + broadcasts.unread;
	user->counts.unseen = own.unseen + broadcasts.unseen;
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
	count_bulk(user, kind);
	user->unread_upto = (struct uuid){ 0 };
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
