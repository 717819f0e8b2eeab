/* Bounded big-endian encoding, see codec.h. */
#include "lib/codec.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>

void encode_u8(struct buffer *to, uint8_t value)
{
	buffer_append(to, &value, sizeof(value));
}

void encode_u16(struct buffer *to, uint16_t value)
{
	value = htobe16(value);
	buffer_append(to, &value, sizeof(value));
}

void encode_u32(struct buffer *to, uint32_t value)
{
	value = htobe32(value);
	buffer_append(to, &value, sizeof(value));
}

void encode_u64(struct buffer *to, uint64_t value)
{
	value = htobe64(value);
	buffer_append(to, &value, sizeof(value));
}

void encode_short(struct buffer *to, struct slice slice)
{
	assert(slice.len <= UINT8_MAX);
	encode_u8(to, (uint8_t)slice.len);
	buffer_append_slice(to, slice);
}

void encode_long(struct buffer *to, struct slice slice)
{
	assert(slice.len <= UINT32_MAX);
	encode_u32(to, (uint32_t)slice.len);
	buffer_append_slice(to, slice);
}

void encode_uuid(struct buffer *to, const struct uuid *uuid)
{
	buffer_append(to, uuid->bytes, UUID_BYTES);
}

struct decoder decoder_of(const void *data, size_t len)
{
	/* C has no arithmetic on NULL, not even by zero */
	const uint8_t *at = data ? data : (const uint8_t *)"";

	return (struct decoder){ .at = at, .end = at + len };
}

static uint64_t decode_integer(struct decoder *from, size_t bytes)
{
	uint64_t value = 0;

	if (from->failed || (size_t)(from->end - from->at) < bytes) {
		from->failed = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | *from->at++;
	return value;
}

uint8_t decode_u8(struct decoder *from)
{
	return (uint8_t)decode_integer(from, 1);
}

uint16_t decode_u16(struct decoder *from)
{
	return (uint16_t)decode_integer(from, 2);
}

uint32_t decode_u32(struct decoder *from)
{
	return (uint32_t)decode_integer(from, 4);
}

uint64_t decode_u64(struct decoder *from)
{
	return decode_integer(from, 8);
}

struct slice decode_bytes(struct decoder *from, size_t n)
{
	struct slice slice = { .data = (const char *)from->at, .len = n };

	if (from->failed || (size_t)(from->end - from->at) < n) {
		from->failed = true;
		return (struct slice){ 0 };
	}
	from->at += n;
	return slice;
}

struct slice decode_short(struct decoder *from)
{
	return decode_bytes(from, decode_u8(from));
}

struct slice decode_long(struct decoder *from)
{
	return decode_bytes(from, decode_u32(from));
}

struct slice decode_rest(struct decoder *from)
{
	return decode_bytes(from, (size_t)(from->end - from->at));
}

struct uuid decode_uuid(struct decoder *from)
{
	struct slice bytes = decode_bytes(from, UUID_BYTES);
	struct uuid uuid = { 0 };

	if (bytes.len == UUID_BYTES)
		memcpy(uuid.bytes, bytes.data, UUID_BYTES);
	return uuid;
}

int decoder_finish(const struct decoder *from)
{
	return from->failed || from->at != from->end ? -EBADMSG : 0;
}
