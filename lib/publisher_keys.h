/*
 * Publisher keys: what a program presents in the place of a token, so that it need not sign any.
 *
 * A key is "tk_" and 32 random bytes in base64url. Whoever has it may publish, in the name that
 * it was made for, until it expires or is revoked. It is shown when it is made, and kept nowhere:
 * the file that [auth] publisher-keys names has the SHA-256 of each. tidings-publishers(5) is
 * about that file.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/digest.h"
#include "lib/publisher.h"

#include <stdbool.h>

#define PUBLISHER_KEY_PREFIX "tk_"

enum {
	PUBLISHER_KEY_LENGTH = 46,  /* characters */
	PUBLISHER_KEYS_MAX = 256,   /* in a file … */
	PUBLISHER_FILE_MAX = 65536, /* … of so many bytes */
};

struct publisher_key {
	char name[PUBLISHER_NAME_MAX + 1];
	uint8_t digest[DIGEST_BYTES]; /* of all characters of the key */
	int64_t created;	      /* milliseconds since the epoch */
	int64_t expires;	      /* the same; 0 = never */
};

/* A zeroed struct has none. */
struct publisher_keys {
	struct publisher_key *list; /* in the file's order; names and digests differ */
	size_t count;
};

void publisher_keys_release(struct publisher_keys *keys);

/* Whether this is meant to be a publisher key, and no token: no token begins like one. */
bool publisher_key_is_meant(struct slice token);

/* Makes a key, with a NUL behind it. Returns 0 or -EIO: there is no randomness. */
int publisher_key_make(char ret_key[static PUBLISHER_KEY_LENGTH + 1]);

/* Returns 0, PUBLISHER_KEY_MALFORMED, or -ENOMEM. */
enum { PUBLISHER_KEY_MALFORMED = 1 };
int publisher_key_digest(struct slice key, uint8_t ret_digest[static DIGEST_BYTES]);

/*
 * Reads the text of a file; `path` is its name in messages. Returns 0 and keys to release; or
 * -EINVAL or -ENOMEM with "PATH:LINE: what is wrong" in *ret_problem, to be freed (NULL when out
 * of memory).
 */
int publisher_keys_parse(const char *path, struct slice text, struct publisher_keys *ret_keys,
	char **ret_problem);

/*
 * Reads a file's text; one that is not there is empty. Returns 0 or -errno, -EPERM for a file
 * that others than its owner can write, with "PATH: what is wrong" in *ret_problem.
 */
int publisher_file_read(const char *path, struct buffer *text, char **ret_problem);

/* Both of them. */
int publisher_keys_read(const char *path, struct publisher_keys *ret_keys, char **ret_problem);

/* The key with this digest, or of this name; NULL = there is none. */
const struct publisher_key *publisher_keys_find(const struct publisher_keys *keys,
	const uint8_t digest[static DIGEST_BYTES]);
const struct publisher_key *publisher_keys_named(const struct publisher_keys *keys,
	const char *name);

static inline bool publisher_key_expired(const struct publisher_key *key, int64_t now)
{
	return key->expires != 0 && now >= key->expires;
}

/* Appends the line of a key. */
void publisher_key_format(struct buffer *to, const struct publisher_key *key);

/* The name that a line of the file begins with; empty for one that is about no key. */
struct slice publisher_line_name(struct slice line);
