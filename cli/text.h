/*
 * Text for people: made harmless to terminals, and measured in the columns
 * that it takes on one. The program's LC_CTYPE must be a UTF-8 locale, as
 * text_init() sets it, whatever the user's language is: all text here is UTF-8.
 */
#pragma once

#include "lib/buffer.h"

#include <stdint.h>

#define TEXT_UNCUT SIZE_MAX

/* Once, at the start of a program. */
void text_init(void);

/* The columns that text_append() would need for all of it. */
size_t text_width(struct slice text);

/*
 * Appends the text, cut with an ellipsis to at most `columns`. Line breaks and
 * tabs become spaces; other control characters, marks that reorder text, and
 * bytes that are not UTF-8 become U+FFFD. Returns the columns taken.
 */
size_t text_append(struct buffer *to, struct slice text, size_t columns);

/* The same, filled up with spaces to exactly `columns`. */
void text_append_padded(struct buffer *to, struct slice text, size_t columns, bool right);

/* Appends JSON text with \u escapes in the place of what text_append() replaces: the same value. */
void text_append_json(struct buffer *to, struct slice json);
