/* Sizes and lengths of time for people: the unit that suits, and no more digits than one reads. */
#pragma once

#include "lib/buffer.h"

/* "512 B", "1.2 kB", "34.5 MB": decimal units. */
void quantity_bytes(struct buffer *to, uint64_t bytes);

/* "59 s", "5 min", "3 h 20 min", "12 d 4 h". */
void quantity_seconds(struct buffer *to, uint64_t seconds);

/* "80 us", "1.5 ms", "2.0 s", and from a minute on as above. */
void quantity_microseconds(struct buffer *to, uint64_t microseconds);
