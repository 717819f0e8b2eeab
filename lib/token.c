/*
 * Tokens, see token.h. A compact token is three segments of base64url: header,
 * payload, signature (RFC 7515, section 7.1).
 *
 * Nothing is asked of the token but the name of its key: the algorithm comes
 * from the configuration, and a header that names another one is refused before
 * any key is touched. A `kid` names a file of keys-dir and nothing else; without
 * one the key is that of key-file. Keys are looked up among those read at the
 * start, so no name in a token ever becomes a path.
 *
 * libjwt does the cryptography. It is lenient about base64 and JSON, so header
 * and payload are read here, strictly: only what both accept is a token. Two of
 * its limits show: it takes no `typ` but JWT, and it parses a PEM key anew for
 * each token, which costs ten times the verification of an RSA signature.
 */
#include "lib/token.h"

#include "lib/base64url.h"
#include "lib/json.h"
#include "lib/notification.h"
#include "lib/result.h"
#include "lib/token_claims.h"
#include "lib/token_key.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/err.h>

DEFINE_CLEANUP(jwt_t *, jwt_free)
DEFINE_CLEANUP(struct token_verifier *, token_verifier_free)

static const struct {
	const char *code;
	const char *sentence;
} errors[TOKEN_ERRORS] = {
	[TOKEN_MISSING] = { "token_missing",
		"No token came with the request. If one was sent, the web server dropped it: "
		"Apache "
		"httpd needs CGIPassAuth On or SetEnvIf Authorization \"(.*)\" "
		"HTTP_AUTHORIZATION=$1; "
		"nginx and lighttpd pass the Authorization header to FastCGI unless they are told "
		"otherwise" },
	[TOKEN_MALFORMED] = { "token_malformed", "The token is not a JSON Web Token" },
	[TOKEN_ALGORITHM] = { "token_algorithm",
		"The token's algorithm or key is not one that is accepted here" },
	[TOKEN_SIGNATURE] = { "token_signature", "The token's signature is wrong" },
	[TOKEN_EXPIRED] = { "token_expired", "The token has expired" },
	[TOKEN_NOT_YET] = { "token_not_yet", "The token is not valid yet" },
	[TOKEN_CLAIMS] = { "token_claims", "The token lacks a valid expiry or user, or is not from "
					   "the issuer or for the audience "
					   "that is expected here" },
	[TOKEN_REVOKED] = { "token_revoked", "The token has been revoked" },
};

const char *token_error_code(enum token_error error)
{
	return errors[error].code;
}

const char *token_error_sentence(enum token_error error)
{
	return errors[error].sentence;
}

struct token_verifier {
	const struct config *config;
	struct token_keys keys;
};

struct token_verifier *token_verifier_free(struct token_verifier *verifier)
{
	if (verifier)
		token_keys_release(&verifier->keys);
	free(verifier);
	return NULL;
}

int token_verifier_new(const struct config *config, struct token_verifier **ret_verifier,
	char **ret_problem)
{
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier =
		calloc(1, sizeof(*verifier));
	int r;

	*ret_problem = NULL;
	if (!verifier)
		return -ENOMEM;
	verifier->config = config;
	r = token_keys_read(config, &verifier->keys, ret_problem);
	if (r < 0)
		return r;
	*ret_verifier = take(verifier);
	return 0;
}

/* A token taken apart. */
struct parts {
	char text[TOKEN_MAX + 1]; /* as libjwt wants it, with a NUL */
	char header[BASE64URL_BYTES(TOKEN_MAX)];
	char payload[BASE64URL_BYTES(TOKEN_MAX)];
	size_t header_len;
	size_t payload_len;
	size_t signature_len;
};

/* Takes the segment before the next dot off the front. */
static bool take_segment(struct slice *token, struct slice *ret_segment)
{
	const char *dot = memchr(token->data, '.', token->len);
	size_t n;

	if (!dot)
		return false;
	n = (size_t)(dot - token->data);
	*ret_segment = (struct slice){ token->data, n };
	*token = (struct slice){ dot + 1, token->len - n - 1 };
	return true;
}

static int take_apart(struct slice token, struct parts *parts)
{
	char signature[BASE64URL_BYTES(TOKEN_MAX)];
	struct slice header, payload, rest = token;

	if (token.len == 0 || token.len > TOKEN_MAX)
		return TOKEN_MALFORMED;
	if (!take_segment(&rest, &header) || !take_segment(&rest, &payload) || payload.len == 0 ||
		base64url_decode(header, parts->header, &parts->header_len) < 0 ||
		base64url_decode(payload, parts->payload, &parts->payload_len) < 0 ||
		base64url_decode(rest, signature, &parts->signature_len) < 0)
		return TOKEN_MALFORMED;
	memcpy(parts->text, token.data, token.len);
	parts->text[token.len] = '\0';
	return 0;
}

/* Finds the key by the header, which must name the configured algorithm. */
static int choose_key(const struct token_verifier *verifier, struct slice text,
	const struct token_key **ret_key)
{
	_cleanup_(freeing_json) struct json_object *header = NULL;
	struct json_object *kid, *unused;
	struct slice name = { 0 };
	int r;

	r = json_parse(text, &header);
	if (r < 0)
		return r;
	if (r > 0 || !json_object_is_type(header, json_type_object))
		return TOKEN_MALFORMED;
	if (!slice_is(json_string(json_object_object_get(header, "alg")),
		    verifier->config->auth.algorithm) ||
		json_object_object_get_ex(header, "crit", &unused))
		return TOKEN_ALGORITHM;
	if (json_object_object_get_ex(header, "kid", &kid)) {
		name = json_string(kid);
		if (!name.data)
			return TOKEN_ALGORITHM;
	}
	*ret_key = token_keys_find(&verifier->keys, name);
	return *ret_key ? 0 : TOKEN_ALGORITHM;
}

/* Whether libjwt reads the token at all, whoever signed it. */
static bool is_readable(const char *token)
{
	_cleanup_(freeing_jwt_free) jwt_t *jwt = NULL;

	return jwt_decode(&jwt, token, NULL, 0) == 0;
}

/*
 * libjwt has one error for everything. That it was short of memory shows in
 * errno only, and it can even say yes then, without having checked anything: a
 * token of no algorithm comes out.
 */
static int check_signature(const struct token_verifier *verifier, const struct token_key *key,
	const struct parts *parts)
{
	_cleanup_(freeing_jwt_free) jwt_t *jwt = NULL;
	int r;

	if (parts->signature_len == 0)
		return TOKEN_SIGNATURE;
	errno = 0;
	r = jwt_decode(&jwt, parts->text, (const unsigned char *)key->data, (int)key->len);
	if (errno == ENOMEM)
		return -ENOMEM;
	ERR_clear_error();
	if (r != 0)
		return is_readable(parts->text) ? TOKEN_SIGNATURE : TOKEN_MALFORMED;
	if (jwt_get_alg(jwt) != jwt_str_alg(verifier->config->auth.algorithm))
		return TOKEN_ALGORITHM;
	return 0;
}

int token_verify(const struct token_verifier *verifier, struct slice token, int64_t now,
	struct principal *ret_principal)
{
	const struct token_key *key;
	struct parts parts;
	int r;

	r = take_apart(token, &parts);
	if (r == 0)
		r = choose_key(verifier, (struct slice){ parts.header, parts.header_len }, &key);
	if (r == 0)
		r = check_signature(verifier, key, &parts);
	if (r != 0)
		return r;
	return token_claims_check(verifier->config,
		(struct slice){ parts.payload, parts.payload_len }, now, ret_principal);
}

/* Says what is wrong with the wish for a token; NULL if nothing is. */
static const char *find_fault(const struct token_claims *claims)
{
	if (!notification_user_valid(slice_of(claims->user)))
		return "a user must be 1 to 255 bytes of UTF-8 without control characters";
	if (claims->issued < 0 || claims->issued > TOKEN_TIME_MAX || claims->expires < 1 ||
		claims->expires > TOKEN_TIME_MAX)
		return "a token must be issued and expire between the years 1970 and 9999";
	return NULL;
}

/* A claim that need not be there; libjwt refuses what is not UTF-8. */
static int add_claim(jwt_t *jwt, const char *name, const char *value)
{
	return value && *value ? -jwt_add_grant(jwt, name, value) : 0;
}

static int add_claims(jwt_t *jwt, const struct config *config, const struct token_claims *claims)
{
	int r;

	r = add_claim(jwt, config->auth.user_claim, claims->user);
	if (r == 0)
		r = add_claim(jwt, "iss", config->auth.issuer);
	if (r == 0)
		r = add_claim(jwt, "aud", config->auth.audience);
	if (r == 0)
		r = add_claim(jwt, config->auth.role_claim, claims->role);
	if (r == 0)
		r = add_claim(jwt, "scope", claims->scope);
	if (r == 0)
		r = -jwt_add_grant_int(jwt, "iat", (long)claims->issued);
	if (r == 0)
		r = -jwt_add_grant_int(jwt, "exp", (long)claims->expires);
	return r;
}

static int encode(const struct config *config, const struct token_claims *claims,
	const struct token_key *key, char **ret_token)
{
	_cleanup_(freeing_jwt_free) jwt_t *jwt = NULL;
	char *token;
	int r;

	errno = 0;
	r = -jwt_new(&jwt);
	if (r == 0)
		r = add_claims(jwt, config, claims);
	if (r == 0 && key->kid)
		r = -jwt_add_header(jwt, "kid", key->kid);
	if (r == 0)
		r = -jwt_set_alg(jwt, jwt_str_alg(config->auth.algorithm),
			(const unsigned char *)key->data, (int)key->len);
	if (r < 0)
		return errno == ENOMEM ? -ENOMEM : r;
	token = jwt_encode_str(jwt);
	if (!token)
		return errno ? -errno : -ENOMEM;
	*ret_token = token;
	return 0;
}

int token_sign(const struct config *config, const struct token_claims *claims, char **ret_token,
	char **ret_problem)
{
	_cleanup_(token_key_release) struct token_key key = { 0 };
	const char *fault = find_fault(claims);
	int r;

	*ret_problem = NULL;
	if (fault) {
		*ret_problem = strdup(fault);
		return -EINVAL;
	}
	r = token_key_read_private(config, claims->kid, &key, ret_problem);
	if (r < 0)
		return r;
	r = encode(config, claims, &key, ret_token);
	if (r < 0)
		*ret_problem = strdup("the token could not be made");
	return r;
}
