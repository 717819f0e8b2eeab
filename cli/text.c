/*
 * Text for people, see text.h.
 *
 * What a publisher wrote must not be able to move the cursor, change colours,
 * or show words in another order than they are stored in. The C1 controls
 * (U+0080 to U+009F) count: many terminals obey them in UTF-8 too.
 *
 * Width is what wcwidth(3) says of each code point. Terminals differ on emoji
 * joined to one picture; such a column may stand a little off.
 */
#include "cli/text.h"

#include <locale.h>
#include <wchar.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS    "\xe2\x80\xa6"

enum { REPLACEMENT_CODE_POINT = 0xfffd };

void text_init(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

/* How many bytes the first byte of a sequence announces, and its own bits. */
static size_t sequence_length(uint8_t first, uint32_t *ret_bits)
{
	static const struct {
		uint8_t mask, value;
		size_t len;
	} forms[] = {
		{ 0x80, 0x00, 1 },
		{ 0xe0, 0xc0, 2 },
		{ 0xf0, 0xe0, 3 },
		{ 0xf8, 0xf0, 4 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
		if ((first & forms[i].mask) == forms[i].value) {
			*ret_bits = first & (uint8_t)~forms[i].mask;
			return forms[i].len;
		}
	}
	return 0;
}

/* Overlong forms, surrogates and what lies above Unicode. */
static bool is_valid(uint32_t code_point, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return code_point >= least[len] && code_point <= 0x10ffff &&
	       !(code_point >= 0xd800 && code_point <= 0xdfff);
}

/* Takes one code point off the front; a byte that begins none is U+FFFD. */
static uint32_t next_code_point(struct slice *text, struct slice *ret_bytes)
{
	uint32_t code_point = 0;
	size_t len = sequence_length((uint8_t)text->data[0], &code_point);
	bool valid = len > 0 && len <= text->len;

	for (size_t i = 1; valid && i < len; i++) {
		uint8_t byte = (uint8_t)text->data[i];

		valid = (byte & 0xc0) == 0x80;
		code_point = code_point << 6 | (byte & 0x3f);
	}
	if (!valid || !is_valid(code_point, len)) {
		len = 1;
		code_point = REPLACEMENT_CODE_POINT;
	}
	*ret_bytes = (struct slice){ .data = text->data, .len = len };
	text->data += len;
	text->len -= len;
	return code_point;
}

static bool is_harmful(uint32_t code_point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },	    /* C0 */
		{ 0x7f, 0x9f },	    /* delete and C1 */
		{ 0x2028, 0x202e }, /* line and paragraph separator, embedding and override */
		{ 0x2066, 0x2069 }, /* isolates */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++)
		if (code_point >= ranges[i].first && code_point <= ranges[i].last)
			return true;
	return false;
}

/* Takes the next code point and gives what to show for it. */
static struct slice next_printable(struct slice *text, size_t *ret_width)
{
	struct slice bytes;
	uint32_t code_point = next_code_point(text, &bytes);
	int width;

	*ret_width = 1;
	if (code_point == '\n' || code_point == '\t' || code_point == '\r')
		return SLICE(" ");
	if (code_point == REPLACEMENT_CODE_POINT || is_harmful(code_point))
		return SLICE(REPLACEMENT);
	width = wcwidth((wchar_t)code_point);
	if (width < 0)
		return SLICE(REPLACEMENT);
	*ret_width = (size_t)width;
	return bytes;
}

size_t text_width(struct slice text)
{
	size_t total = 0;
	size_t width;

	while (text.len > 0) {
		next_printable(&text, &width);
		total += width;
	}
	return total;
}

size_t text_append(struct buffer *to, struct slice text, size_t columns)
{
	bool cut = columns != TEXT_UNCUT && text_width(text) > columns;
	size_t room = cut && columns > 0 ? columns - 1 : columns;
	size_t used = 0;

	while (text.len > 0) {
		size_t width;
		struct slice bytes = next_printable(&text, &width);

		if (width > room - used)
			break;
		buffer_append_slice(to, bytes);
		used += width;
	}
	if (cut && columns > 0) {
		buffer_append_string(to, ELLIPSIS);
		used++;
	}
	return used;
}

void text_append_padded(struct buffer *to, struct slice text, size_t columns, bool right)
{
	size_t width = text_width(text);

	if (right && width < columns)
		buffer_print(to, "%*s", (int)(columns - width), "");
	width = text_append(to, text, columns);
	if (!right && width < columns)
		buffer_print(to, "%*s", (int)(columns - width), "");
}

void text_append_json(struct buffer *to, struct slice json)
{
	while (json.len > 0) {
		struct slice bytes;
		uint32_t code_point = next_code_point(&json, &bytes);

		if (is_harmful(code_point))
			buffer_print(to, "\\u%04x", code_point);
		else
			buffer_append_slice(to, bytes);
	}
}
