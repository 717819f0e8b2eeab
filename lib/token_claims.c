/*
 * The claims of a token (RFC 7519, section 4.1), see token_claims.h.
 *
 * A number must be written as a whole one, and no member may come twice: other readers
 * of such a token would understand it in another way.
 */
#include "lib/token_claims.h"

#include "lib/json.h"
#include "lib/notification.h"
#include "lib/result.h"

#include <errno.h>

void principal_release(struct principal *principal)
{
	free(principal->user);
	*principal = (struct principal){ 0 };
}

/* A time in whole seconds; 0 if the claim is absent. */
static int read_time(struct json_object *claims, const char *name, int64_t *ret_time)
{
	struct json_object *claim;
	int64_t time;

	*ret_time = 0;
	if (!json_object_object_get_ex(claims, name, &claim))
		return 0;
	if (!json_object_is_type(claim, json_type_int))
		return TOKEN_CLAIMS;
	time = json_object_get_int64(claim);
	if (time < 0 || time > TOKEN_TIME_MAX)
		return TOKEN_CLAIMS;
	*ret_time = time;
	return 0;
}

static int check_times(struct json_object *claims, int64_t now, int64_t leeway,
	struct principal *principal)
{
	int64_t not_before;

	if (read_time(claims, "exp", &principal->expires) != 0 ||
		read_time(claims, "iat", &principal->issued) != 0 ||
		read_time(claims, "nbf", &not_before) != 0 || principal->expires == 0)
		return TOKEN_CLAIMS;
	if (now >= principal->expires + leeway)
		return TOKEN_EXPIRED;
	return now + leeway < not_before ? TOKEN_NOT_YET : 0;
}

/* Whether a claim is this string, or an array that holds it. */
static bool claim_holds(struct json_object *claim, const char *string)
{
	if (!json_object_is_type(claim, json_type_array))
		return json_object_is_type(claim, json_type_string) &&
		       slice_is(json_string(claim), string);
	for (size_t i = 0; i < json_object_array_length(claim); i++) {
		struct json_object *element = json_object_array_get_idx(claim, i);

		if (json_object_is_type(element, json_type_string) &&
			slice_is(json_string(element), string))
			return true;
	}
	return false;
}

static bool claim_holds_one_of(struct json_object *claim, char *const *strings)
{
	for (; *strings; strings++)
		if (claim_holds(claim, *strings))
			return true;
	return false;
}

/* Whether the token comes from, and is meant for, whom the configuration names. */
static bool parties_match(const struct config *config, struct json_object *claims)
{
	const char *issuer = config->auth.issuer, *audience = config->auth.audience;
	struct json_object *iss = json_object_object_get(claims, "iss");

	if (*issuer && !(json_string(iss).data && slice_is(json_string(iss), issuer)))
		return false;
	return !*audience || claim_holds(json_object_object_get(claims, "aud"), audience);
}

/* `scope` is a list of words separated by spaces (RFC 8693, section 4.2). */
static bool scope_holds(struct json_object *claim, const char *word)
{
	struct slice scope = json_string(claim);

	if (!*word)
		return false;
	while (scope.len > 0) {
		const char *space = memchr(scope.data, ' ', scope.len);
		size_t n = space ? (size_t)(space - scope.data) : scope.len;

		if (slice_is((struct slice){ scope.data, n }, word))
			return true;
		n += space != NULL;
		scope = (struct slice){ scope.data + n, scope.len - n };
	}
	return false;
}

static void read_rights(const struct config *config, struct json_object *claims,
	struct principal *principal)
{
	struct json_object *role = json_object_object_get(claims, config->auth.role_claim);
	struct json_object *scope = json_object_object_get(claims, "scope");

	principal->admin = claim_holds_one_of(role, config->auth.admin_roles);
	principal->publisher = claim_holds_one_of(role, config->auth.publisher_roles) ||
			       scope_holds(scope, config->auth.publisher_scope);
}

static int read_user(const struct config *config, struct json_object *claims, char **ret_user)
{
	struct slice user = json_string(json_object_object_get(claims, config->auth.user_claim));
	char *copy;

	if (!user.data || !notification_user_valid(user))
		return TOKEN_CLAIMS;
	copy = strndup(user.data, user.len);
	if (!copy)
		return -ENOMEM;
	*ret_user = copy;
	return 0;
}

static int parse(struct slice payload, struct json_object **ret_claims)
{
	int r = json_parse(payload, ret_claims);

	if (r < 0)
		return r;
	return r > 0 || !json_object_is_type(*ret_claims, json_type_object) ? TOKEN_MALFORMED : 0;
}

int token_claims_user(const struct config *config, struct slice payload, char **ret_user)
{
	_cleanup_(freeing_json) struct json_object *claims = NULL;
	int r = parse(payload, &claims);

	return r == 0 ? read_user(config, claims, ret_user) : r;
}

int token_claims_check(const struct config *config, struct slice payload, int64_t now,
	struct principal *ret_principal)
{
	_cleanup_(freeing_json) struct json_object *claims = NULL;
	struct principal principal = { 0 };
	int r;

	r = parse(payload, &claims);
	if (r != 0)
		return r;
	r = check_times(claims, now, config->auth.leeway, &principal);
	if (r != 0)
		return r;
	if (!parties_match(config, claims))
		return TOKEN_CLAIMS;
	read_rights(config, claims, &principal);
	r = read_user(config, claims, &principal.user);
	if (r != 0)
		return r;
	*ret_principal = principal;
	return 0;
}
