/* Base64 with the URL and file name safe alphabet, without padding (RFC 4648, section 5). */
#pragma once

#include "lib/slice.h"

/* Bytes that so many characters decode to, at most. */
#define BASE64URL_BYTES(characters) ((characters) / 4 * 3 + 2)

/* Characters that so many bytes are encoded by. */
#define BASE64URL_CHARACTERS(bytes) (((bytes)*4 + 2) / 3)

/* Writes BASE64URL_CHARACTERS(bytes.len) of them, and no NUL. */
void base64url_encode(struct slice bytes, char *to);

/*
 * Decodes into `to`, which has room for BASE64URL_BYTES(text.len). There is one
 * spelling for each run of bytes: padding, white space, any other character, a
 * single character at the end and stray bits at the end are refused. Returns 0
 * and the number of bytes, or -EBADMSG.
 */
int base64url_decode(struct slice text, char *to, size_t *ret_len);
