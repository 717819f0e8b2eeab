/*
 * A piece of somebody else's memory: bytes that are not owned, not changed and
 * not terminated by NUL. data may be NULL only where len is 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *data;
	size_t len;
};

#define SLICE(literal) ((struct slice){ .data = (literal), .len = sizeof(literal) - 1 })

static inline struct slice slice_of(const char *string)
{
	return (struct slice){ .data = string, .len = string ? strlen(string) : 0 };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *string)
{
	return slice_equal(a, slice_of(string));
}

/* The same, whether ASCII letters are large or small. */
static inline bool slice_is_ignoring_case(struct slice a, const char *string)
{
	return a.len == strlen(string) && strncasecmp(a.data, string, a.len) == 0;
}

/* Takes the first line of a text off it, without its end; false when there are no more. */
static inline bool slice_take_line(struct slice *text, struct slice *ret_line)
{
	const char *end = text->len > 0 ? (const char *)memchr(text->data, '\n', text->len) : NULL;
	size_t len = end ? (size_t)(end - text->data) : text->len;

	if (text->len == 0)
		return false;
	*ret_line = (struct slice){ .data = text->data, .len = len };
	len += end ? 1 : 0;
	*text = (struct slice){ .data = text->data + len, .len = text->len - len };
	return true;
}

/* Without the blanks and tabs around it. */
static inline struct slice slice_trim(struct slice slice)
{
	while (slice.len > 0 && (slice.data[0] == ' ' || slice.data[0] == '\t')) {
		slice.data++;
		slice.len--;
	}
	while (slice.len > 0 &&
		(slice.data[slice.len - 1] == ' ' || slice.data[slice.len - 1] == '\t'))
		slice.len--;
	return slice;
}
