/*
 * Checking tokens, see token.h. A compact token is three segments of base64url: header,
 * payload, signature (RFC 7515, section 7.1).
 *
 * Nothing is asked of the token but the name of its key: the algorithm comes
 * from the configuration, and a header that names another one is refused before
 * any key is touched. A `kid` names a file of keys-dir and nothing else; without
 * one the key is that of key-file. Keys are looked up among those read at the
 * start, so no name in a token ever becomes a path.
 *
 * Header and payload are read strictly: what several readers would understand
 * differently is no token. libcrypto checks the signature, with a key that was made
 * ready at the start.
 */
#include "lib/token.h"

#include "lib/base64url.h"
#include "lib/json.h"
#include "lib/publisher_keys.h"
#include "lib/result.h"
#include "lib/token_claims.h"
#include "lib/token_key.h"

#include <errno.h>

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
	[TOKEN_IS_KEY] = { "token_publisher_key",
		"A publisher key only sends and withdraws notifications, by the REST interface; "
		"this takes the token of a user" },
	[TOKEN_KEY_MALFORMED] = { "token_malformed",
		"This is not a publisher key, which is tk_ and 43 characters: it may have been cut" },
	[TOKEN_KEY_UNKNOWN] = { "token_revoked", "The publisher key was revoked, or was never "
						 "made here" },
	[TOKEN_KEY_EXPIRED] = { "token_expired", "The publisher key has expired" },
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
	struct slice signed_text; /* header and payload as they came */
	char header[BASE64URL_BYTES(TOKEN_MAX)];
	char payload[BASE64URL_BYTES(TOKEN_MAX)];
	char signature[BASE64URL_BYTES(TOKEN_MAX)];
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
	struct slice header, payload, rest = token;

	if (token.len == 0 || token.len > TOKEN_MAX)
		return TOKEN_MALFORMED;
	if (!take_segment(&rest, &header) || !take_segment(&rest, &payload) || payload.len == 0 ||
		base64url_decode(header, parts->header, &parts->header_len) < 0 ||
		base64url_decode(payload, parts->payload, &parts->payload_len) < 0 ||
		base64url_decode(rest, parts->signature, &parts->signature_len) < 0)
		return TOKEN_MALFORMED;
	parts->signed_text = (struct slice){ token.data, token.len - rest.len - 1 };
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

static int check_signature(const struct token_key *key, const struct parts *parts)
{
	struct slice signature = { parts->signature, parts->signature_len };
	int r = token_signature_check(key->signature, parts->signed_text, signature);

	return r == TOKEN_SIGNATURE_WRONG ? TOKEN_SIGNATURE : r;
}

int token_verify(const struct token_verifier *verifier, struct slice token, int64_t now,
	struct principal *ret_principal)
{
	const struct token_key *key;
	struct parts parts;
	int r;

	if (publisher_key_is_meant(token))
		return TOKEN_IS_KEY;
	r = take_apart(token, &parts);
	if (r == 0)
		r = choose_key(verifier, (struct slice){ parts.header, parts.header_len }, &key);
	if (r == 0)
		r = check_signature(key, &parts);
	if (r == 0)
		r = token_claims_check(verifier->config,
			(struct slice){ parts.payload, parts.payload_len }, now, ret_principal);
	if (r == 0)
		ret_principal->key = key->identity;
	return r;
}

int token_read_user(const struct token_verifier *verifier, struct slice token, char **ret_user)
{
	struct parts parts;
	int r = take_apart(token, &parts);

	if (r == 0)
		r = token_claims_user(verifier->config,
			(struct slice){ parts.payload, parts.payload_len }, ret_user);
	return r;
}

bool token_verifier_has_key(const struct token_verifier *verifier, uint32_t key)
{
	for (size_t i = 0; i < verifier->keys.count; i++)
		if (verifier->keys.list[i].identity == key)
			return true;
	return false;
}
