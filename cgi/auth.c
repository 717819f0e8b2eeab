/*
 * Authentication and rights. A web server that has its own use for the
 * Authorization header may hand it on as REDIRECT_HTTP_AUTHORIZATION (Apache,
 * after an internal redirect). A header of another scheme is the web server's
 * business: such a request has no token.
 */
#include "cgi/auth.h"

#include "cgi/cors.h"
#include "lib/address.h"
#include "lib/log.h"
#include "lib/publisher_keys.h"

static int find_token(const struct http_request *request, struct slice *ret_token)
{
	const char *authorization = http_variable(request, "HTTP_AUTHORIZATION");

	if (!authorization)
		authorization = http_variable(request, "REDIRECT_HTTP_AUTHORIZATION");
	switch (http_bearer(authorization, ret_token)) {
	case 0:
		return 0;
	case HTTP_BEARER_MALFORMED:
		return TOKEN_MALFORMED;
	default:
		return TOKEN_MISSING;
	}
}

/* A cookie that is no valid token counts as no token at all. */
static int identify_by_cookie(const struct application *application,
	const struct http_request *request, int64_t now, struct principal *ret_principal)
{
	const struct config *config = application->config;
	struct slice token;
	int r;

	if (!*config->auth.cookie || !cors_cookie_counts(config, request))
		return TOKEN_MISSING;
	token = http_cookie(http_variable(request, "HTTP_COOKIE"), config->auth.cookie);
	if (token.len == 0)
		return TOKEN_MISSING;
	r = token_verify(application->verifier, token, now / 1000, ret_principal);
	return r > 0 ? TOKEN_MISSING : r;
}

/*
 * The web server tells the address. One that it does not tell is not that of a socket: then
 * everybody would be near.
 */
static int client_of(const struct config *config, const struct http_request *request,
	struct address *ret_client)
{
	const char *remote = http_text(request, "REMOTE_ADDR");
	struct slice forwarded = slice_of(http_text(request, "HTTP_X_FORWARDED_FOR"));
	bool local = *remote == '/' || strncmp(remote, "unix:", 5) == 0;
	struct address peer;
	int r = address_parse(local ? SLICE("unix") : slice_of(remote), &peer);

	if (r == 0)
		*ret_client = address_find_client(peer, forwarded, config->web.trusted_proxies);
	return r;
}

bool auth_is_near(const struct config *config, const struct http_request *request)
{
	struct address client;

	return client_of(config, request, &client) == 0 &&
	       address_is_listed(&client, config->status.allow);
}

int auth_identify(const struct application *application, const struct http_request *request,
	int64_t now, struct principal *ret_principal)
{
	struct slice token;
	int r = find_token(request, &token);

	if (!application->verifier)
		return TOKEN_MISSING;
	if (r == TOKEN_MISSING)
		return identify_by_cookie(application, request, now, ret_principal);
	if (r != 0)
		return r;
	if (publisher_key_is_meant(token))
		return publishers_verify(application->publishers, token, now, ret_principal);
	return token_verify(application->verifier, token, now / 1000, ret_principal);
}

void auth_refuse(struct answer *answer, enum token_error error)
{
	const char *sentence = token_error_sentence(error);
	_cleanup_(buffer_release) struct buffer challenge = { 0 };

	answer_refuse_as(answer, 401, token_error_code(error), sentence);
	buffer_append_string(&challenge, "Bearer realm=\"tidings\"");
	if (error != TOKEN_MISSING)
		buffer_print(&challenge, ", error=\"invalid_token\", error_description=\"%s\"",
			token_error_code(error));
	if (buffer_string(&challenge))
		answer_header(answer, "WWW-Authenticate", challenge.data);
}

static void append_alternatives(struct buffer *to, char *const *list)
{
	for (size_t i = 0; list[i]; i++) {
		if (i > 0)
			buffer_append_string(to, list[i + 1] ? ", " : " or ");
		buffer_append_string(to, list[i]);
	}
}

static void describe_user(struct buffer *to, const struct config *config)
{
	(void)config;
	buffer_append_string(to, "This needs the token of a user: a publisher key has the right "
				 "to publish alone");
}

static void describe_publisher(struct buffer *to, const struct config *config)
{
	buffer_print(to, "This needs the right to publish: a token whose %s is ",
		config->auth.role_claim);
	append_alternatives(to, config->auth.publisher_roles);
	if (*config->auth.publisher_scope)
		buffer_print(to, ", or whose scope holds %s", config->auth.publisher_scope);
	buffer_append_string(to, ", or a publisher key");
}

static void describe_admin(struct buffer *to, const struct config *config)
{
	buffer_print(to, "This needs the right of an administrator: a token whose %s is ",
		config->auth.role_claim);
	append_alternatives(to, config->auth.admin_roles);
}

static bool is_user(const struct principal *principal)
{
	return !principal->by_key;
}

static bool is_publisher(const struct principal *principal)
{
	return principal->publisher;
}

static bool is_admin(const struct principal *principal)
{
	return principal->admin;
}

/* Who has it, and how one without it is told. */
static const struct {
	bool (*given)(const struct principal *principal);
	void (*describe)(struct buffer *to, const struct config *config);
} rights[] = {
	[AUTH_USER] = { is_user, describe_user },
	[AUTH_PUBLISHER] = { is_publisher, describe_publisher },
	[AUTH_ADMIN] = { is_admin, describe_admin },
	[AUTH_OBSERVER] = { is_admin, describe_admin },
};

static void tell_refusal(struct slice publisher)
{
	log_event(LOG_LEVEL_WARNING, LOG_KEY_REFUSED,
		LOG_FIELDS(LOG_TEXT("TIDINGS_PUBLISHER", publisher)),
		"publisher key %.*s is refused: it may only publish", (int)publisher.len,
		publisher.data);
}

bool auth_permit(const struct config *config, const struct principal *principal,
	enum auth_right right, struct answer *answer)
{
	_cleanup_(buffer_release) struct buffer sentence = { 0 };

	if (right == AUTH_ANYONE || rights[right].given(principal))
		return true;
	if (principal->by_key)
		tell_refusal(publisher_of(slice_of(principal->user)));
	rights[right].describe(&sentence, config);
	answer_refuse(answer, 403, buffer_string(&sentence) ? sentence.data : "Forbidden");
	answer_header(answer, "WWW-Authenticate",
		"Bearer realm=\"tidings\", error=\"insufficient_scope\"");
	return false;
}
