/*
 * A recogniser of the JSON grammar, RFC 8259, see json_scan.h. It recurses once
 * a level, as deep as its caller allows, and keeps nothing but its place.
 */
#include "lib/json_scan.h"

#include "lib/utf8.h"

#include <errno.h>
#include <limits.h>

struct scan {
	const char *at;
	const char *end;
	unsigned depth, max_depth;
	size_t members; /* of the outermost object */
};

static int scan_value(struct scan *scan);

/* The depth of a text that was accepted before is as it may be. */
static struct scan scan_of(struct slice text)
{
	return (struct scan){
		.at = text.data,
		.end = text.data + text.len,
		.max_depth = UINT_MAX,
	};
}

static bool skip_char(struct scan *scan, char c)
{
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && is_space(*scan->at))
		scan->at++;
}

static bool skip_digits(struct scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return scan->at > start;
}

static int scan_number(struct scan *scan)
{
	skip_char(scan, '-');
	if (!skip_char(scan, '0') && !skip_digits(scan))
		return JSON_MALFORMED;
	if (skip_char(scan, '.') && !skip_digits(scan))
		return JSON_MALFORMED;
	if (skip_char(scan, 'e') || skip_char(scan, 'E')) {
		if (!skip_char(scan, '+'))
			skip_char(scan, '-');
		if (!skip_digits(scan))
			return JSON_MALFORMED;
	}
	return 0;
}

static int scan_literal(struct scan *scan, const char *literal)
{
	for (; *literal; literal++)
		if (!skip_char(scan, *literal))
			return JSON_MALFORMED;
	return 0;
}

/* The value of the hexadecimal digit at the front, -1 if there is none. */
static int scan_hex_digit(struct scan *scan)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *found;
	int value;

	if (scan->at == scan->end || *scan->at == '\0')
		return -1;
	found = strchr(digits, *scan->at);
	if (!found)
		return -1;
	scan->at++;
	value = (int)(found - digits);
	return value < 16 ? value : value - 6;
}

/* Four hexadecimal digits, -1 if they are not there. */
static int scan_code_unit(struct scan *scan)
{
	int unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit = scan_hex_digit(scan);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* What follows \u: a code unit, or the two of a surrogate pair. */
static int scan_unicode_escape(struct scan *scan, bool in_name)
{
	int unit = scan_code_unit(scan);

	if (unit < 0 || (unit == 0 && in_name))
		return JSON_MALFORMED;
	if (unit < 0xD800 || unit > 0xDFFF)
		return 0;
	if (unit > 0xDBFF || !skip_char(scan, '\\') || !skip_char(scan, 'u'))
		return JSON_ENCODING;
	unit = scan_code_unit(scan);
	if (unit < 0)
		return JSON_MALFORMED;
	return unit >= 0xDC00 && unit <= 0xDFFF ? 0 : JSON_ENCODING;
}

static int scan_escape(struct scan *scan, bool in_name)
{
	if (skip_char(scan, 'u'))
		return scan_unicode_escape(scan, in_name);
	if (scan->at == scan->end || *scan->at == '\0' || !strchr("\"\\/bfnrt", *scan->at))
		return JSON_MALFORMED;
	scan->at++;
	return 0;
}

static int scan_string(struct scan *scan, bool in_name)
{
	int r;

	if (!skip_char(scan, '"'))
		return JSON_MALFORMED;
	while (!skip_char(scan, '"')) {
		if (scan->at == scan->end || (unsigned char)*scan->at < 0x20)
			return JSON_MALFORMED;
		if (*scan->at++ == '\\') {
			r = scan_escape(scan, in_name);
			if (r != 0)
				return r;
		}
	}
	return 0;
}

/* The name of a member, the colon and the white space around them. */
static int scan_name(struct scan *scan, struct slice *ret_spelling)
{
	const char *start;
	int r;

	skip_space(scan);
	start = scan->at;
	r = scan_string(scan, true);
	if (r != 0)
		return r;
	*ret_spelling = (struct slice){ start + 1, (size_t)(scan->at - start) - 2 };
	skip_space(scan);
	return skip_char(scan, ':') ? 0 : JSON_MALFORMED;
}

static int scan_members(struct scan *scan)
{
	struct slice name;
	int r;

	do {
		r = scan_name(scan, &name);
		if (r == 0)
			r = scan_value(scan);
		if (r != 0)
			return r;
		if (scan->depth == 1)
			scan->members++;
	} while (skip_char(scan, ','));
	return 0;
}

static int scan_elements(struct scan *scan)
{
	int r;

	do {
		r = scan_value(scan);
		if (r != 0)
			return r;
	} while (skip_char(scan, ','));
	return 0;
}

/* An object or an array, behind its opening character. */
static int scan_container(struct scan *scan, char closing)
{
	int r;

	if (++scan->depth > scan->max_depth)
		return JSON_TOO_DEEP;
	skip_space(scan);
	if (!skip_char(scan, closing)) {
		r = closing == '}' ? scan_members(scan) : scan_elements(scan);
		if (r != 0)
			return r;
		if (!skip_char(scan, closing))
			return JSON_MALFORMED;
	}
	scan->depth--;
	return 0;
}

static int scan_bare_value(struct scan *scan)
{
	if (scan->at == scan->end)
		return JSON_MALFORMED;
	switch (*scan->at) {
	case '{':
		scan->at++;
		return scan_container(scan, '}');
	case '[':
		scan->at++;
		return scan_container(scan, ']');
	case '"':
		return scan_string(scan, false);
	case 't':
		return scan_literal(scan, "true");
	case 'f':
		return scan_literal(scan, "false");
	case 'n':
		return scan_literal(scan, "null");
	default:
		return scan_number(scan);
	}
}

/* A value and the white space around it. */
static int scan_value(struct scan *scan)
{
	int r;

	skip_space(scan);
	r = scan_bare_value(scan);
	skip_space(scan);
	return r;
}

int json_scan(struct slice text, unsigned depth, size_t *ret_members)
{
	struct scan scan;
	int r;

	if (text.len == 0)
		return JSON_MALFORMED;
	if (utf8_length(text) == UTF8_INVALID)
		return JSON_ENCODING;
	scan = scan_of(text);
	scan.max_depth = depth;
	r = scan_value(&scan);
	if (r != 0)
		return r;
	if (scan.at != scan.end)
		return JSON_MALFORMED;
	*ret_members = scan.members;
	return 0;
}

int json_scan_member(struct slice text, struct slice name, struct slice *ret_value)
{
	struct scan scan = scan_of(text);
	struct slice spelling;
	const char *start;

	skip_space(&scan);
	if (!skip_char(&scan, '{'))
		return -ENOENT;
	do {
		if (scan_name(&scan, &spelling) != 0)
			return -ENOENT;
		start = scan.at;
		if (scan_value(&scan) != 0)
			return -ENOENT;
		if (slice_equal(spelling, name)) {
			*ret_value = (struct slice){ start, (size_t)(scan.at - start) };
			return 0;
		}
	} while (skip_char(&scan, ','));
	return -ENOENT;
}

bool json_scan_element(struct slice *rest, struct slice *ret_element)
{
	struct scan scan = scan_of(*rest);
	const char *start;

	skip_space(&scan);
	if (!skip_char(&scan, '[') && !skip_char(&scan, ','))
		return false;
	start = scan.at;
	if (scan_value(&scan) != 0)
		return false; /* an array without elements */
	*ret_element = (struct slice){ start, (size_t)(scan.at - start) };
	*rest = (struct slice){ scan.at, (size_t)(scan.end - scan.at) };
	return true;
}
