/*
 * Who asks: from the token of a request to a principal, or to the answer that
 * says what is wrong with it.
 */
#pragma once

#include "cgi/answer.h"
#include "cgi/application.h"
#include "cgi/http.h"

enum auth_right {
	AUTH_ANYONE,	/* no token needed, and none looked at */
	AUTH_USER,	/* any valid token, but no publisher key */
	AUTH_PUBLISHER, /* may create notifications */
	AUTH_ADMIN,
	AUTH_OBSERVER, /* an address that may see the status, or an administrator */
};

/* Whether the client is at an address that [status] allow names. */
bool auth_is_near(const struct config *config, const struct http_request *request);

/*
 * Finds the token or the publisher key, in the Authorization header, or else the token in the
 * cookie that the configuration names, and checks it at the time `now` (milliseconds since the
 * epoch). Returns 0 and a principal to release, an enum token_error, or -ENOMEM.
 */
int auth_identify(const struct application *application, const struct http_request *request,
	int64_t now, struct principal *ret_principal);

/* 401 as RFC 6750 and the contract have it. */
void auth_refuse(struct answer *answer, enum token_error error);

/* Whether the principal has the right; if not, answers 403 naming it. */
bool auth_permit(const struct config *config, const struct principal *principal,
	enum auth_right right, struct answer *answer);
