/*
 * A growing run of bytes.
 *
 * Appending never fails visibly: when memory runs out, or the limit is
 * reached, the buffer turns failed, further appends do nothing, and
 * buffer_status() says so once everything has been written. That keeps the
 * writing code free of a check a line without ever using half a text.
 *
 * A zeroed struct is a valid, empty buffer without a limit.
 */
#pragma once

#include "lib/result.h"
#include "lib/slice.h"

#include <stdarg.h>
#include <stdint.h>

struct buffer {
	char *data;
	size_t len;
	size_t size;  /* allocated bytes */
	size_t limit; /* len may not grow above this, nor the memory; 0 = no limit */
	int failed;   /* 0, -ENOMEM or -ENOBUFS (the limit) */
};

/* Frees the bytes and leaves an empty buffer with the same limit. */
void buffer_release(struct buffer *buffer);

/* Empties the buffer, keeps its memory and forgets a failure. */
void buffer_clear(struct buffer *buffer);

/* 0, or the first failure: -ENOMEM or -ENOBUFS. */
int buffer_status(const struct buffer *buffer);

/*
 * Makes room for n more bytes and returns where they go, NULL on failure. The
 * caller writes there and adds what it wrote to buffer->len.
 */
char *buffer_reserve(struct buffer *buffer, size_t n);

void buffer_append(struct buffer *buffer, const void *data, size_t n);
void buffer_append_slice(struct buffer *buffer, struct slice slice);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_print(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a number in decimal: what buffer_print would do, several times faster. */
void buffer_append_decimal(struct buffer *buffer, uint64_t value);

/* Removes the first n bytes, n <= len. */
void buffer_consume(struct buffer *buffer, size_t n);

/* The content with a NUL behind it, which is not counted in len; NULL on failure. */
const char *buffer_string(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
	return (struct slice){ .data = buffer->data, .len = buffer->len };
}
