/*
 * Growing bytes with one sticky failure, see buffer.h. Memory doubles, so a
 * text of n bytes costs O(n) whatever the size of its pieces; but not above the limit,
 * which what a peer makes us keep has.
 */
#include "lib/buffer.h"

#include <errno.h>

static const size_t FIRST_SIZE = 256;

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ .limit = buffer->limit };
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->failed = 0;
}

int buffer_status(const struct buffer *buffer)
{
	return buffer->failed;
}

static bool buffer_grow(struct buffer *buffer, size_t needed)
{
	size_t size = buffer->size ? buffer->size : FIRST_SIZE;
	char *data;

	while (size < needed)
		size *= 2;
	if (buffer->limit && size > buffer->limit)
		size = needed > buffer->limit ? needed : buffer->limit;
	data = realloc(buffer->data, size);
	if (!data) {
		buffer->failed = -ENOMEM;
		return false;
	}
	buffer->data = data;
	buffer->size = size;
	return true;
}

/* Room for n bytes that count, and for `spare` bytes behind them that do not. */
static char *buffer_room(struct buffer *buffer, size_t n, size_t spare)
{
	size_t needed = buffer->len + n;

	if (buffer->failed)
		return NULL;
	if (needed < n || needed > SIZE_MAX / 2 || (buffer->limit && needed > buffer->limit)) {
		buffer->failed = -ENOBUFS;
		return NULL;
	}
	if ((!buffer->data || needed + spare > buffer->size) &&
		!buffer_grow(buffer, needed + spare))
		return NULL;
	return buffer->data + buffer->len;
}

char *buffer_reserve(struct buffer *buffer, size_t n)
{
	return buffer_room(buffer, n, 0);
}

void buffer_append(struct buffer *buffer, const void *data, size_t n)
{
	char *to;

	if (n == 0)
		return;
	to = buffer_reserve(buffer, n);
	if (to) {
		memcpy(to, data, n);
		buffer->len += n;
	}
}

void buffer_append_slice(struct buffer *buffer, struct slice slice)
{
	buffer_append(buffer, slice.data, slice.len);
}

void buffer_append_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *to;
	int n;

	va_start(arguments, format);
	n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (n < 0 && !buffer->failed)
		buffer->failed = -EINVAL;
	to = n < 0 ? NULL : buffer_room(buffer, (size_t)n, 1);
	if (!to)
		return;
	va_start(arguments, format);
	vsnprintf(to, (size_t)n + 1, format, arguments);
	va_end(arguments);
	buffer->len += (size_t)n;
}

void buffer_append_decimal(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_consume(struct buffer *buffer, size_t n)
{
	buffer->len -= n;
	if (n > 0 && buffer->len > 0)
		memmove(buffer->data, buffer->data + n, buffer->len);
}

const char *buffer_string(struct buffer *buffer)
{
	char *end = buffer_room(buffer, 0, 1);

	if (!end)
		return NULL;
	*end = '\0';
	return buffer->data;
}
