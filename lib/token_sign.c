/*
 * Making tokens, see token.h: for the administrator's tool, so that libjwt, which does
 * it, is in no program that tokens are presented to.
 */
#include "lib/token.h"

#include "lib/notification.h"
#include "lib/result.h"
#include "lib/token_claims.h"
#include "lib/token_key.h"

#include <errno.h>
#include <jwt.h>
#include <string.h>

DEFINE_CLEANUP(jwt_t *, jwt_free)

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
