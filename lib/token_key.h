/*
 * The keys of tokens: the files that the configuration names. Private to lib/token*.c.
 *
 * A file for an HS algorithm is a secret: its raw bytes less one newline at the
 * end, never decoded. One for an RS or ES algorithm holds a public or a private
 * key in PEM form. key-file is the key of tokens without a `kid`; each file of
 * keys-dir whose name does not begin with a dot is the key of the `kid` that it
 * is named after.
 *
 * On failure these functions return -errno, with one sentence that names the
 * file in *ret_problem, to be freed (NULL when out of memory).
 */
#pragma once

#include "lib/config.h"
#include "lib/slice.h"
#include "lib/token_signature.h"

struct token_key {
	char *kid;  /* NULL = key-file */
	char *data; /* a secret, or one key in PEM form */
	size_t len; /* at most TOKEN_KEY_MAX */
	uint32_t identity; /* of algorithm, kid and data; only of keys to verify with */
	struct token_signature *signature; /* ready to check with; NULL in a key to sign with */
};

struct token_keys {
	struct token_key *list;
	size_t count;
};

enum { TOKEN_KEY_MAX = 65536 /* bytes of a file */ };

/*
 * Reads all keys, to verify with: each a secret or a public key, of the family
 * and curve of the configured algorithm, and long enough. At least one.
 */
int token_keys_read(const struct config *config, struct token_keys *ret_keys, char **ret_problem);

/* Wipes and frees them. */
void token_keys_release(struct token_keys *keys);

/* The key of that name, or key-file for a slice with NULL data; NULL if there is none. */
const struct token_key *token_keys_find(const struct token_keys *keys, struct slice kid);

/*
 * Reads one key to sign with, a secret or a private key: that of the kid, or for
 * NULL key-file or the only one of keys-dir. token_key_release() frees it.
 */
int token_key_read_private(const struct config *config, const char *kid, struct token_key *ret_key,
	char **ret_problem);

/* Wipes and frees it. */
void token_key_release(struct token_key *key);
