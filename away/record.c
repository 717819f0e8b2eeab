/* The codec of what is remembered, see record.h. */
#include "away/record.h"

#include "lib/codec.h"
#include "lib/digest.h"
#include "lib/notification.h"

#include <errno.h>

enum { FRAME_BYTES = 8 };

static uint32_t sum_of(struct slice bytes)
{
	uint8_t digest[DIGEST_BYTES] = { 0 };
	struct decoder decoder = decoder_of(digest, sizeof(digest));

	(void)digest_of(bytes, digest); /* out of memory: a sum that is wrong, and so no record */
	return decode_u32(&decoder);
}

void record_seal(struct buffer *to, struct slice payload)
{
	encode_u32(to, (uint32_t)payload.len);
	encode_u32(to, sum_of(payload));
	buffer_append_slice(to, payload);
}

static void seal(struct buffer *to, const struct buffer *payload)
{
	if (buffer_status(payload) < 0)
		to->failed = to->failed ? to->failed : buffer_status(payload);
	else
		record_seal(to, buffer_slice(payload));
}

void record_encode_read(struct buffer *to, uint32_t file, const struct uuid *seen)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };

	encode_u8(&payload, RECORD_READ);
	encode_u32(&payload, file);
	encode_uuid(&payload, seen);
	seal(to, &payload);
}

void record_encode_waiting(struct buffer *to, const struct waiting *waiting)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };

	encode_u8(&payload, RECORD_WAITING);
	encode_short(&payload, slice_of(waiting->user));
	encode_uuid(&payload, &waiting->from);
	encode_uuid(&payload, &waiting->upto);
	encode_uuid(&payload, &waiting->delivery);
	encode_uuid(&payload, &waiting->last);
	encode_u32(&payload, waiting->tries);
	encode_u64(&payload, (uint64_t)waiting->due);
	seal(to, &payload);
}

void record_encode_gone(struct buffer *to, struct slice user)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };

	encode_u8(&payload, RECORD_GONE);
	encode_short(&payload, user);
	seal(to, &payload);
}

static void decode_waiting(struct decoder *from, struct waiting *waiting)
{
	waiting->from = decode_uuid(from);
	waiting->upto = decode_uuid(from);
	waiting->delivery = decode_uuid(from);
	waiting->last = decode_uuid(from);
	waiting->tries = decode_u32(from);
	waiting->due = (int64_t)decode_u64(from);
}

static int decode(struct slice payload, struct record *record)
{
	struct decoder from = decoder_of(payload.data, payload.len);

	record->kind = decode_u8(&from);
	switch (record->kind) {
	case RECORD_READ:
		record->file = decode_u32(&from);
		record->seen = decode_uuid(&from);
		return decoder_finish(&from);
	case RECORD_WAITING:
		record->user = decode_short(&from);
		decode_waiting(&from, &record->waiting);
		break;
	case RECORD_GONE:
		record->user = decode_short(&from);
		break;
	default:
		return -EBADMSG;
	}
	if (!notification_user_valid(record->user) || record->waiting.due < 0)
		return -EBADMSG;
	return decoder_finish(&from);
}

int record_take(struct slice *bytes, struct record *ret_record)
{
	struct decoder from = decoder_of(bytes->data, bytes->len);
	uint32_t len = decode_u32(&from), sum = decode_u32(&from);
	struct record record = { 0 };
	struct slice payload;

	if (bytes->len == 0)
		return -ENODATA;
	if (from.failed || len > RECORD_MAX)
		return -EBADMSG;
	payload = decode_bytes(&from, len);
	if (from.failed || sum_of(payload) != sum || decode(payload, &record) < 0)
		return -EBADMSG;
	bytes->data += FRAME_BYTES + len;
	bytes->len -= FRAME_BYTES + len;
	*ret_record = record;
	return 0;
}
