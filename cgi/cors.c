/*
 * The rules for origins. Without a list the only origin that is allowed is the
 * one that the request itself came to: its Host, and the scheme that the web
 * server tells, which a trusted proxy in front may correct.
 */
#include "cgi/cors.h"

#include "lib/origin.h"

#include <string.h>
#include <strings.h>

static bool listed(char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcasecmp(*list, text) == 0)
			return true;
	return false;
}

/* Whether what a proxy says of the client is to be believed. */
static bool proxy_is_trusted(const struct config *config, const struct http_request *request)
{
	const char *address = http_text(request, "REMOTE_ADDR");

	return listed(config->web.trusted_proxies, *address ? address : "unix");
}

static const char *request_scheme(const struct config *config, const struct http_request *request)
{
	const char *forwarded = http_text(request, "HTTP_X_FORWARDED_PROTO");
	const char *scheme = http_text(request, "REQUEST_SCHEME");
	const char *https = http_text(request, "HTTPS");

	if (*forwarded && proxy_is_trusted(config, request))
		return forwarded;
	if (*https && strcasecmp(https, "off") != 0)
		return "https";
	return *scheme ? scheme : "http";
}

static bool is_allowed(const struct config *config, const struct http_request *request,
	struct slice origin)
{
	struct slice host = slice_of(http_text(request, "HTTP_HOST"));

	if (*config->web.allowed_origins)
		return origin_is_listed(config->web.allowed_origins, origin);
	return origin_is_of(origin, request_scheme(config, request), host);
}

enum origin cors_origin(const struct config *config, const struct http_request *request)
{
	const char *origin = http_variable(request, "HTTP_ORIGIN");

	if (!origin)
		return ORIGIN_ABSENT;
	return is_allowed(config, request, slice_of(origin)) ? ORIGIN_ALLOWED : ORIGIN_FOREIGN;
}

bool cors_cookie_counts(const struct config *config, const struct http_request *request)
{
	const char *method = http_text(request, "REQUEST_METHOD");

	switch (cors_origin(config, request)) {
	case ORIGIN_ALLOWED:
		return true;
	case ORIGIN_FOREIGN:
		return false;
	case ORIGIN_ABSENT:
		break;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return false;
	return strcmp(http_text(request, "HTTP_SEC_FETCH_SITE"), "same-origin") == 0;
}

/* Names the origin; with credentials only where there is a cookie to send. */
static void allow_origin(const struct config *config, const struct http_request *request,
	struct answer *answer)
{
	answer_header(answer, "Access-Control-Allow-Origin", http_text(request, "HTTP_ORIGIN"));
	if (*config->auth.cookie)
		answer_header(answer, "Access-Control-Allow-Credentials", "true");
}

void cors_expose(const struct config *config, const struct http_request *request,
	struct answer *answer)
{
	if (cors_origin(config, request) != ORIGIN_ALLOWED)
		return;
	allow_origin(config, request, answer);
	answer_header(answer, "Access-Control-Expose-Headers",
		"ETag, Location, Retry-After, Idempotent-Replayed");
}

void cors_preflight(const struct config *config, const struct http_request *request,
	const char *methods, struct answer *answer)
{
	answer_header(answer, "Allow", methods);
	switch (cors_origin(config, request)) {
	case ORIGIN_FOREIGN:
		answer_refuse(answer, 403,
			"Pages of this origin may not use this service: it is not in "
			"allowed-origins of the configuration");
		return;
	case ORIGIN_ALLOWED:
		allow_origin(config, request, answer);
		answer_header(answer, "Access-Control-Allow-Methods", methods);
		answer_header(answer, "Access-Control-Allow-Headers",
			"Authorization, Content-Type, Idempotency-Key, If-None-Match");
		answer_header(answer, "Access-Control-Max-Age", "600");
		break;
	case ORIGIN_ABSENT:
		break;
	}
	answer->status = 204;
}
