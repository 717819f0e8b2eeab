/*
 * UTF-8 in pieces, see utf8_stream.h. After its first byte a character allows one
 * range for the second and 80 to BF for the others, so the place in a text
 * is three bytes. Overlong forms, surrogates and what lies above U+10FFFF are kept
 * out by the ranges of the second byte.
 */
#include "pushd/utf8_stream.h"

#include "lib/result.h"

#include <string.h>

/* What may begin a character beyond ASCII, and what must follow. */
static const struct {
	uint8_t first;
	uint8_t last;
	struct utf8_stream next;
} beginnings[] = {
	{ 0xc2, 0xdf, { 1, 0x80, 0xbf } },
	{ 0xe0, 0xe0, { 2, 0xa0, 0xbf } },
	{ 0xe1, 0xec, { 2, 0x80, 0xbf } },
	{ 0xed, 0xed, { 2, 0x80, 0x9f } },
	{ 0xee, 0xef, { 2, 0x80, 0xbf } },
	{ 0xf0, 0xf0, { 3, 0x90, 0xbf } },
	{ 0xf1, 0xf3, { 3, 0x80, 0xbf } },
	{ 0xf4, 0xf4, { 3, 0x80, 0x8f } },
};

static bool begin_character(struct utf8_stream *stream, uint8_t byte)
{
	for (size_t i = 0; i < ARRAY_LENGTH(beginnings); i++) {
		if (byte >= beginnings[i].first && byte <= beginnings[i].last) {
			*stream = beginnings[i].next;
			return true;
		}
	}
	return false;
}

static bool step(struct utf8_stream *stream, uint8_t byte)
{
	if (stream->more == 0)
		return byte < 0x80 || begin_character(stream, byte);
	if (byte < stream->low || byte > stream->high)
		return false;
	*stream = (struct utf8_stream){ (uint8_t)(stream->more - 1), 0x80, 0xbf };
	return true;
}

bool utf8_stream_feed(struct utf8_stream *stream, const uint8_t *data, size_t len)
{
	static const uint64_t high_bits = 0x8080808080808080;
	uint64_t word;
	size_t i = 0;

	while (i < len) {
		if (stream->more == 0 && len - i >= sizeof(word)) {
			memcpy(&word, data + i, sizeof(word));
			if ((word & high_bits) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		if (!step(stream, data[i++]))
			return false;
	}
	return true;
}

bool utf8_stream_valid(const uint8_t *data, size_t len)
{
	struct utf8_stream stream = { 0 };

	return utf8_stream_feed(&stream, data, len) && stream.more == 0;
}
