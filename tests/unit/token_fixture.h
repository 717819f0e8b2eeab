/*
 * What the tests of tokens share: a directory of key files, keys of each family,
 * configurations, and a maker of tokens that signs whatever header and payload
 * it is given. All names of files are relative to that directory.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/result.h"
#include "lib/token.h"

#include <openssl/evp.h>

enum { FIXTURE_NOW = 1800000000 };

#define FIXTURE_SECRET	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FIXTURE_PAYLOAD "{\"sub\":\"u1\",\"exp\":1800000100}"

DEFINE_CLEANUP(struct token_verifier *, token_verifier_free)

extern struct fixture_keys {
	EVP_PKEY *rsa, *other_rsa, *p256, *p384, *p521;
} fixture;

/* What a token is signed with: a secret, or a private key. */
struct fixture_signer {
	const char *algorithm;
	const char *secret;
	EVP_PKEY *pkey;
};

extern const struct fixture_signer fixture_hs256;

/* Makes the directory and the keys; the end of the program's test removes them. */
void fixture_open(void);
void fixture_close(void);

/* One signer for each algorithm. */
const struct fixture_signer *fixture_signers(size_t *ret_count);

EVP_PKEY *fixture_rsa(unsigned bits);

void fixture_write(const char *name, const void *data, size_t n);
void fixture_write_text(const char *name, const char *text);
void fixture_mkdir(const char *name);

/* The path of a file, to be freed. */
char *fixture_path(const char *name);

enum fixture_form { FIXTURE_PRIVATE, FIXTURE_PUBLIC, FIXTURE_LOCKED };

/* A key in PEM form, to be freed. */
char *fixture_pem(EVP_PKEY *pkey, enum fixture_form form);
void fixture_write_key(const char *name, EVP_PKEY *pkey, enum fixture_form form);
void fixture_write_key_of(const char *name, const struct fixture_signer *signer,
	enum fixture_form form);

/* Names in the directory, or NULL. Its strings live until the next call. */
struct config fixture_config(const char *algorithm, const char *key_file, const char *keys_dir);

void fixture_append_base64url(struct buffer *to, const void *data, size_t n);

/* Makes a token of any header and payload, in the buffer. */
struct slice fixture_token(struct buffer *to, const struct fixture_signer *signer,
	struct slice header, struct slice payload);

/* One with the usual header and FIXTURE_PAYLOAD. */
struct slice fixture_plain_token(struct buffer *to, const struct fixture_signer *signer);

/* A verifier; the test ends if there is none. */
struct token_verifier *fixture_verifier(const struct config *config);

/* What token_verify() says, at FIXTURE_NOW or at another time. */
int fixture_verify(const struct token_verifier *verifier, struct slice token);
int fixture_verify_at(const struct token_verifier *verifier, struct slice token, int64_t now);
