/*
 * Values inside a request: a query's parameters, cookies, and the media types of Accept, see
 * handshake.h. What is asked for here are tokens, numbers and names, so a decoded value holds
 * printable ASCII and nothing else.
 */
#include "pushd/handshake.h"

#include <errno.h>
#include <strings.h>

/* Takes what stands before the next such byte, or all of it; false at the end. */
static bool next_piece(struct slice *rest, char separator, struct slice *ret_piece)
{
	const char *found;
	size_t len;

	if (rest->len == 0)
		return false;
	found = memchr(rest->data, separator, rest->len);
	len = found ? (size_t)(found - rest->data) : rest->len;
	*ret_piece = (struct slice){ .data = rest->data, .len = len };
	len += found != NULL;
	*rest = (struct slice){ .data = rest->data + len, .len = rest->len - len };
	return true;
}

/* The value in NAME=VALUE, or behind NAME alone; absent if the name is another. */
static struct slice value_of(struct slice pair, const char *name)
{
	size_t len = strlen(name);

	if (pair.len < len || memcmp(pair.data, name, len) != 0)
		return (struct slice){ 0 };
	if (pair.len > len && pair.data[len] != '=')
		return (struct slice){ 0 };
	len += pair.len > len;
	return (struct slice){ .data = pair.data + len, .len = pair.len - len };
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes the character at the front; returns how many bytes it takes, 0 if it is none. */
static size_t decode_character(struct slice text, char *ret_character)
{
	int c = (unsigned char)text.data[0];
	size_t len = 1;

	if (c == '+') {
		c = ' ';
	} else if (c == '%') {
		int high = text.len >= 3 ? hex_digit(text.data[1]) : -1;
		int low = text.len >= 3 ? hex_digit(text.data[2]) : -1;

		if (high < 0 || low < 0)
			return 0;
		c = high << 4 | low;
		len = 3;
	}
	if (c < ' ' || c > '~')
		return 0;
	*ret_character = (char)c;
	return len;
}

static int decode(struct slice text, struct buffer *to)
{
	size_t before = to->len;

	while (text.len > 0) {
		char c;
		size_t len = decode_character(text, &c);

		if (len == 0) {
			to->len = before;
			return -EBADMSG;
		}
		buffer_append(to, &c, 1);
		text = (struct slice){ .data = text.data + len, .len = text.len - len };
	}
	return 0;
}

int handshake_query(struct slice query, const char *name, struct buffer *to)
{
	struct slice value = { 0 };
	struct slice pair, found;

	while (next_piece(&query, '&', &pair)) {
		found = value_of(pair, name);
		if (found.data && value.data)
			return -EBADMSG;
		if (found.data)
			value = found;
	}
	return value.data ? decode(value, to) : HANDSHAKE_ABSENT;
}

/* RFC 6265, section 4.2.1: pairs with "; " between them, a value perhaps in double quotes. */
struct slice handshake_cookie(struct slice cookies, const char *name)
{
	struct slice pair, value;

	while (next_piece(&cookies, ';', &pair)) {
		value = value_of(slice_trim(pair), name);
		if (!value.data)
			continue;
		if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
			value = (struct slice){ .data = value.data + 1, .len = value.len - 2 };
		return value;
	}
	return (struct slice){ 0 };
}

/* How closely a media range names the type: 3 exactly, 2 all of its kind, 1 any, 0 not. */
static unsigned closeness(struct slice range, const char *type)
{
	size_t kind = (size_t)(strchr(type, '/') + 1 - type);

	if (slice_is_ignoring_case(range, type))
		return 3;
	if (range.len == kind + 1 && strncasecmp(range.data, type, kind) == 0 &&
		range.data[kind] == '*')
		return 2;
	return slice_is(range, "*/*");
}

static bool all_of(struct slice text, const char *characters)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\0' || !strchr(characters, text.data[i]))
			return false;
	return true;
}

/* Whether one of a media range's parameters is the weight zero: "q=0", "q=0.000". */
static bool is_unwanted(struct slice parameters)
{
	struct slice pair, weight;

	while (next_piece(&parameters, ';', &pair)) {
		pair = slice_trim(pair);
		weight = value_of(pair, "q");
		if (!weight.data)
			weight = value_of(pair, "Q");
		if (weight.len > 0 && all_of(weight, "0."))
			return true;
	}
	return false;
}

bool handshake_accepts(struct slice accept, const char *type)
{
	bool accepts = accept.len == 0;
	struct slice element, range;
	unsigned closest = 0;

	while (next_piece(&accept, ',', &element)) {
		unsigned close;

		if (!next_piece(&element, ';', &range))
			continue;
		close = closeness(slice_trim(range), type);
		if (close > closest) {
			closest = close;
			accepts = !is_unwanted(element);
		}
	}
	return accepts;
}
