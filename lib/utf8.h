/* UTF-8 (RFC 3629). */
#pragma once

#include "lib/slice.h"

enum { UTF8_INVALID = -1 };

/*
 * Counts the code points; UTF8_INVALID for what is not UTF-8: overlong forms,
 * surrogates and code points above U+10FFFF included.
 */
long utf8_length(struct slice text);

/* Whether valid UTF-8 holds C0, DEL or C1 control characters other than those in `except`. */
bool utf8_has_control(struct slice text, const char *except);
