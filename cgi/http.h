/*
 * One HTTP request as the web server tells it by CGI meta-variables (RFC 3875),
 * and the readers of what such variables hold. Nothing here does I/O or trusts
 * what it reads.
 */
#pragma once

#include "lib/slice.h"

#include <stdint.h>
#include <sys/types.h>

enum http_body {
	HTTP_BODY_WHOLE,     /* `body` is all of it; empty if there is none */
	HTTP_BODY_TOO_LARGE, /* above the limit, and not kept */
	HTTP_BODY_BROKEN,    /* Content-Length is wrong, or less came than it says */
};

struct http_request {
	char *const *variables; /* "NAME=VALUE", ended by NULL */
	enum http_body body_state;
	struct slice body;
};

/* The value of a variable; NULL if it is not set. */
const char *http_variable(const struct http_request *request, const char *name);

/* The same, and "" if it is not set. */
const char *http_text(const struct http_request *request, const char *name);

/*
 * Replaces %XX, and "+" by a space if `plus`; `to` has room for text.len bytes.
 * Returns how many were written, or -EINVAL for a broken escape.
 */
ssize_t http_percent_decode(struct slice text, bool plus, char *to);

enum { HTTP_PARAMETERS_MAX = 16 };

/* The query of a URL, decoded. */
struct http_query {
	size_t count;
	struct {
		struct slice name;
		struct slice value;
	} list[HTTP_PARAMETERS_MAX];
	char *memory; /* what the slices point into */
};

enum { HTTP_QUERY_INVALID = 1 };

/*
 * Reads "a=b&c=d". Returns 0 and a query to release; HTTP_QUERY_INVALID for a
 * broken escape, for what is not UTF-8 or holds control characters, a name
 * given twice, or more than HTTP_PARAMETERS_MAX; or -ENOMEM.
 */
int http_query_parse(struct slice text, struct http_query *ret_query);

void http_query_release(struct http_query *query);

/* Whether the query has this name; then its value. */
bool http_query_find(const struct http_query *query, const char *name, struct slice *ret_value);

/* A decimal number without sign or leading blanks, min to max. Returns 0 or -EINVAL. */
int http_number_parse(struct slice text, uint64_t min, uint64_t max, uint64_t *ret_number);

/* Whether a Content-Type is application/json in UTF-8. */
bool http_type_is_json(const char *content_type);

enum { HTTP_BEARER_NONE = 1, HTTP_BEARER_MALFORMED = 2 };

/*
 * The token of "Authorization: Bearer TOKEN" (RFC 6750, section 2.1). Returns 0,
 * HTTP_BEARER_NONE for no header or another scheme, or HTTP_BEARER_MALFORMED.
 */
int http_bearer(const char *authorization, struct slice *ret_token);

/* The value of the first cookie of this name (RFC 6265), unquoted; empty if there is none. */
struct slice http_cookie(const char *header, const char *name);

/* Whether If-None-Match names this entity tag (RFC 9110, 13.1.2: weak comparison). */
bool http_etag_matches(const char *if_none_match, const char *etag);
