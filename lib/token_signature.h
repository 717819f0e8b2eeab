/*
 * Signatures of tokens (RFC 7518, section 3), checked with libcrypto. A key is made ready
 * once, so that a token costs what its algorithm costs and no more. Private to lib/token*.c.
 */
#pragma once

#include "lib/result.h"
#include "lib/slice.h"

/* A key and its algorithm, ready to check signatures with. */
struct token_signature;

/*
 * algorithm: HS256 … ES512. `key` is a secret or one public key in PEM form, of the right
 * family and curve; it is copied. Returns 0, -ENOTSUP (unknown, or libcrypto has it not),
 * -EINVAL (no such key), or -ENOMEM.
 */
int token_signature_new(const char *algorithm, struct slice key,
	struct token_signature **ret_signature);

/* Wipes and frees it. Takes and returns NULL. */
struct token_signature *token_signature_free(struct token_signature *signature);

DEFINE_CLEANUP(struct token_signature *, token_signature_free)

enum { TOKEN_SIGNATURE_WRONG = 1 };

/*
 * Whether these bytes, as they stand decoded in the token, are the signature of the text.
 * Returns 0, TOKEN_SIGNATURE_WRONG, or -ENOMEM. Takes no longer or shorter for a secret's
 * signature that is nearly right.
 */
int token_signature_check(const struct token_signature *signature, struct slice text,
	struct slice bytes);
