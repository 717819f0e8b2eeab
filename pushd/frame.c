/*
 * The header of a client's frame, see frame.h. frame_parse() judges as much as
 * the bytes show and depends on nothing else, so that it makes no difference how
 * the input was cut.
 */
#include "pushd/frame.h"

#include <string.h>

enum {
	BEGINNING = 2,	 /* bytes that every header has */
	FINAL = 0x80,	 /* in the first byte */
	RESERVED = 0x70, /* in the first byte */
	OPCODE = 0x0f,	 /* in the first byte */
	MASKED = 0x80,	 /* in the second byte */
	LENGTH = 0x7f,	 /* in the second byte */
	LENGTH_16 = 126, /* two bytes of length follow */
	LENGTH_64 = 127, /* eight bytes of length follow */
};

static int check_control(uint8_t first, uint8_t second)
{
	if (!(first & FINAL))
		return FRAME_CONTROL_IN_FRAGMENTS;
	return (second & LENGTH) > WEBSOCKET_CONTROL_MAX ? FRAME_CONTROL_TOO_LONG : 0;
}

/* The rules that the first two bytes can break. */
static int check_beginning(uint8_t first, uint8_t second, bool continues)
{
	if (first & RESERVED)
		return FRAME_RESERVED_BITS;
	if (!(second & MASKED))
		return FRAME_NOT_MASKED;
	switch (first & OPCODE) {
	case WEBSOCKET_NOTHING:
		return continues ? 0 : FRAME_NOTHING_TO_CONTINUE;
	case WEBSOCKET_TEXT:
	case WEBSOCKET_BINARY:
		return continues ? FRAME_NOT_CONTINUED : 0;
	case WEBSOCKET_CLOSE:
	case WEBSOCKET_PING:
	case WEBSOCKET_PONG:
		return check_control(first, second);
	default:
		return FRAME_RESERVED_OPCODE;
	}
}

/* Reads the length that begins in the second byte; *ret_end is what lies behind it. */
static int read_length(const uint8_t *bytes, size_t len, uint64_t *ret_length, size_t *ret_end)
{
	uint8_t length = bytes[1] & LENGTH;
	size_t more = length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
	uint64_t value = more ? 0 : length;

	if (len < BEGINNING + more)
		return FRAME_INCOMPLETE;
	for (size_t i = 0; i < more; i++)
		value = value << 8 | bytes[BEGINNING + i];
	if (value > INT64_MAX)
		return FRAME_LENGTH_NEGATIVE;
	if ((more == 2 && value < LENGTH_16) || (more == 8 && value <= UINT16_MAX))
		return FRAME_LENGTH_NOT_SHORTEST;
	*ret_length = value;
	*ret_end = BEGINNING + more;
	return 0;
}

int frame_parse(const uint8_t *bytes, size_t len, struct frame_context context,
	struct frame *ret_frame)
{
	struct frame frame;
	size_t end;
	int r;

	if (len < BEGINNING)
		return FRAME_INCOMPLETE;
	r = check_beginning(bytes[0], bytes[1], context.continues);
	if (r)
		return r;
	r = read_length(bytes, len, &frame.len, &end);
	if (r)
		return r;
	frame.kind = bytes[0] & OPCODE;
	frame.final = bytes[0] & FINAL;
	if (!frame_is_control(frame.kind) && frame.len > context.room)
		return FRAME_TOO_BIG;
	if (len < end + FRAME_MASK)
		return FRAME_INCOMPLETE;
	memcpy(frame.mask, bytes + end, FRAME_MASK);
	frame.header_len = end + FRAME_MASK;
	*ret_frame = frame;
	return 0;
}

void frame_unmask(uint8_t *data, size_t len, const uint8_t mask[static FRAME_MASK], uint64_t offset)
{
	uint8_t key[sizeof(uint64_t)];
	uint64_t word, key_word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(key); k++)
		key[k] = mask[(offset + k) % FRAME_MASK];
	memcpy(&key_word, key, sizeof(key_word));
	for (; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		word ^= key_word;
		memcpy(data + i, &word, sizeof(word));
	}
	for (; i < len; i++)
		data[i] ^= key[i % sizeof(key)];
}
