/*
 * JSON Web Tokens (RFC 7519) to principals, and back for the administrator's
 * tool. The algorithm is pinned by the configuration, never taken from the token.
 */
#pragma once

#include "lib/config.h"
#include "lib/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Who a valid token, or a publisher key, speaks for. */
struct principal {
	char *user;	 /* the user claim: valid as a notification's userId; of a key as below */
	int64_t expires; /* seconds since the epoch: `exp`; 0 of a publisher key */
	int64_t issued;	 /* `iat`; 0 = none */
	uint32_t key;	 /* the one that has signed it, for token_verifier_has_key() */
	bool publisher;	 /* may create notifications */
	bool admin;
	bool by_key; /* a publisher key: `user` is PUBLISHER_MARK and its name, and so nobody */
};

void principal_release(struct principal *principal);

/* Why a token is refused. token_error_code() has the machine word. */
enum token_error {
	TOKEN_MISSING = 1, /* given by callers; token_verify() never returns it */
	TOKEN_MALFORMED,   /* not a JWT, or larger than TOKEN_MAX */
	TOKEN_ALGORITHM,   /* not the pinned one, `none`, `crit`, or an unknown `kid` */
	TOKEN_SIGNATURE,
	TOKEN_EXPIRED,
	TOKEN_NOT_YET, /* nbf */
	TOKEN_CLAIMS,  /* exp or sub missing or wrong; iss or aud not the configured one */
	TOKEN_REVOKED, /* given by callers */
	TOKEN_IS_KEY,  /* a publisher key, which is no token */
	/* Of publisher keys where these count, given by callers: */
	TOKEN_KEY_MALFORMED,
	TOKEN_KEY_UNKNOWN,
	TOKEN_KEY_EXPIRED,
	TOKEN_ERRORS,
};

enum { TOKEN_MAX = 8192 /* bytes */ };

/* The code of the contract ("token_expired"), and a sentence for a person. Constants. */
const char *token_error_code(enum token_error error);
const char *token_error_sentence(enum token_error error);

struct token_verifier;

/*
 * Reads the keys that the configuration names. Returns 0; -errno, with one
 * sentence that names the file in *ret_problem (owned by the caller, NULL when
 * out of memory). config must outlive the verifier.
 */
int token_verifier_new(const struct config *config, struct token_verifier **ret_verifier,
	char **ret_problem);

struct token_verifier *token_verifier_free(struct token_verifier *verifier);

/*
 * Checks a compact token at the time `now` (seconds since the epoch). Returns 0
 * and a principal to release, an enum token_error, or -ENOMEM.
 */
int token_verify(const struct token_verifier *verifier, struct slice token, int64_t now,
	struct principal *ret_principal);

/*
 * Whom a token names that token_verify() has just refused as TOKEN_EXPIRED or TOKEN_NOT_YET, so
 * that its signature is right. Returns 0 and a string to free(), TOKEN_CLAIMS or another
 * enum token_error if it names nobody, or -ENOMEM.
 */
int token_read_user(const struct token_verifier *verifier, struct slice token, char **ret_user);

/*
 * Whether a token that was signed with this key, as a principal has it, would still be taken:
 * whether there is the same key, of the same name and for the same algorithm. The number is
 * the beginning of a SHA-256 of these, and so the same in every process. That two keys have the
 * same is a chance of one in four billion.
 */
bool token_verifier_has_key(const struct token_verifier *verifier, uint32_t key);

/* What a token made here is to say. */
struct token_claims {
	const char *user;
	const char *role;  /* NULL = none */
	const char *scope; /* NULL = none */
	const char *kid;   /* NULL = none, or the only key there is */
	int64_t issued;	   /* seconds since the epoch */
	int64_t expires;
};

/*
 * Makes a token with the configured algorithm. The key file must hold a secret
 * (HS*) or a private key (RS*, ES*). Returns 0 and a string to free(), or -errno
 * with a sentence to free() in *ret_problem.
 */
int token_sign(const struct config *config, const struct token_claims *claims, char **ret_token,
	char **ret_problem);
