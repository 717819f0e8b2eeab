/* SHA-256, for what names an attempt and for ids that are made from what they name. */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

enum { DIGEST_BYTES = 32 };

/* Returns 0 or -ENOMEM. */
int digest_of(struct slice bytes, uint8_t ret_digest[static DIGEST_BYTES]);
