/*
 * Origins (RFC 6454) and cross-origin requests (the Fetch standard): whose pages
 * may use this service from a browser.
 */
#pragma once

#include "cgi/answer.h"
#include "cgi/http.h"
#include "lib/config.h"

enum origin {
	ORIGIN_ABSENT,	/* no Origin header: not a cross-origin request of a browser */
	ORIGIN_ALLOWED, /* listed, or with an empty list the same as this service's own */
	ORIGIN_FOREIGN,
};

enum origin cors_origin(const struct config *config, const struct http_request *request);

/*
 * Whether a cookie counts on this request: its Origin is allowed or, on a GET or
 * HEAD without one, the browser says that a page of this very origin asks.
 */
bool cors_cookie_counts(const struct config *config, const struct http_request *request);

/* Adds what lets a page of an allowed origin read the answer. */
void cors_expose(const struct config *config, const struct http_request *request,
	struct answer *answer);

/* Answers OPTIONS; `methods` are those of the path, as in Allow. */
void cors_preflight(const struct config *config, const struct http_request *request,
	const char *methods, struct answer *answer);
