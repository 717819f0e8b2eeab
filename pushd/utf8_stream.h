/* UTF-8 (RFC 3629) that comes in pieces, judged byte by byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a text stands. Zeroed at its beginning; inside a character while `more` is not 0. */
struct utf8_stream {
	uint8_t more; /* bytes to come … */
	uint8_t low;  /* … the next of them in this range */
	uint8_t high;
};

/* Goes on over some bytes; false at the first that cannot stand there. */
bool utf8_stream_feed(struct utf8_stream *stream, const uint8_t *data, size_t len);

/* Whether these bytes are a whole text. */
bool utf8_stream_valid(const uint8_t *data, size_t len);
