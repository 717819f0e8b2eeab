/* UTF-8 as RFC 3629, section 4, spells it out byte by byte. */
#include "lib/utf8.h"

#include "lib/result.h"

/*
 * What may follow a first byte: how many bytes, and in which range the first of
 * them lies. That range is what keeps out overlong forms (after E0 and F0),
 * surrogates (after ED) and code points above U+10FFFF (after F4).
 */
struct lead {
	unsigned char first, last; /* range of the first byte */
	unsigned char following;
	unsigned char low, high; /* range of the second byte */
};

static const struct lead leads[] = {
	{ 0xC2, 0xDF, 1, 0x80, 0xBF },
	{ 0xE0, 0xE0, 2, 0xA0, 0xBF },
	{ 0xE1, 0xEC, 2, 0x80, 0xBF },
	{ 0xED, 0xED, 2, 0x80, 0x9F },
	{ 0xEE, 0xEF, 2, 0x80, 0xBF },
	{ 0xF0, 0xF0, 3, 0x90, 0xBF },
	{ 0xF1, 0xF3, 3, 0x80, 0xBF },
	{ 0xF4, 0xF4, 3, 0x80, 0x8F },
};

static const struct lead *find_lead(unsigned char byte)
{
	for (size_t i = 0; i < ARRAY_LENGTH(leads); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

/* The bytes of the character of several bytes that begins here; 0 if there is none. */
static size_t character_bytes(const unsigned char *at, size_t left)
{
	const struct lead *lead = find_lead(at[0]);

	if (!lead || left <= lead->following || at[1] < lead->low || at[1] > lead->high)
		return 0;
	for (size_t i = 2; i <= lead->following; i++)
		if (at[i] < 0x80 || at[i] > 0xBF)
			return 0;
	return (size_t)lead->following + 1;
}

long utf8_length(struct slice text)
{
	const unsigned char *bytes = (const unsigned char *)text.data;
	long count = 0;

	for (size_t i = 0; i < text.len; count++) {
		size_t n = bytes[i] < 0x80 ? 1 : character_bytes(bytes + i, text.len - i);

		if (n == 0)
			return UTF8_INVALID;
		i += n;
	}
	return count;
}

bool utf8_has_control(struct slice text, const char *except)
{
	const unsigned char *bytes = (const unsigned char *)text.data;

	for (size_t i = 0; i < text.len; i++) {
		bool c0 = bytes[i] < 0x20 || bytes[i] == 0x7F;
		bool c1 = bytes[i] == 0xC2 && i + 1 < text.len && bytes[i + 1] < 0xA0;

		if (c1 || (c0 && (bytes[i] == '\0' || !strchr(except, bytes[i]))))
			return true;
	}
	return false;
}
