/* Base64url, strictly, see base64url.h. */
#include "lib/base64url.h"

#include <errno.h>
#include <stdint.h>

/* The six bits of a character, -1 for a foreign one. */
static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

void base64url_encode(struct slice bytes, char *to)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned pending = 0; /* how many of the low bits are still to be written */

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | (uint8_t)bytes.data[i];
		for (pending += 8; pending >= 6; pending -= 6)
			*to++ = alphabet[bits >> (pending - 6) & 63];
	}
	if (pending > 0)
		*to = alphabet[bits << (6 - pending) & 63];
}

int base64url_decode(struct slice text, char *to, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned pending = 0; /* how many of the low bits are still to be written */
	size_t len = 0;

	if (text.len % 4 == 1)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i++) {
		int value = sextet(text.data[i]);

		if (value < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)value;
		pending += 6;
		if (pending >= 8) {
			pending -= 8;
			to[len++] = (char)(bits >> pending);
		}
	}
	if (bits & ((1U << pending) - 1))
		return -EBADMSG;
	*ret_len = len;
	return 0;
}
