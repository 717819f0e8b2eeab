/* Text and numbers as HTML has them. */
#pragma once

#include "lib/buffer.h"

/* What may stand in an element or in an attribute between double quotation marks. */
void html_append(struct buffer *to, struct slice text);

/* Appends HTML with the text, as above, in the place of each dollar sign. */
void html_fill(struct buffer *to, const char *html, struct slice text);

/* 1,234,567: a whole number, or "–" for NAN. */
void html_append_number(struct buffer *to, double number);

/* A number a second, with as many digits as one reads: 0, 0.25, 3.1, 12, 1,200; "–" for NAN. */
void html_append_rate(struct buffer *to, double rate);

/* Lengths of time and sizes in a unit that suits; "–" for NAN. */
void html_append_microseconds(struct buffer *to, double microseconds);
void html_append_bytes(struct buffer *to, double bytes);
