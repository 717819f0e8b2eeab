/*
 * The gate: which request heads may become sessions. It judges path, origin and
 * token, in the order in which the contract's sections 3 and 6 have them.
 *
 * A stream of events resumes behind the Last-Event-ID, before what the query says: a browser
 * that comes back repeats the query of its first request. One that is malformed, or is not
 * of ours, is not refused, since an EventSource would never come back after that; the
 * client is told to fetch anew.
 */
#pragma once

#include "lib/config.h"
#include "lib/notification.h"
#include "lib/token.h"
#include "pushd/handshake.h"

/* What a request that may pass has brought. */
struct gate_pass {
	bool authenticated;
	struct principal principal; /* to release, if authenticated */
	uint64_t since;
	char epoch[64]; /* "" = the client resumes nowhere */
};

/*
 * Why a request may not pass: what handshake_refuse() takes, constants; and whom it would have
 * been, where the token names somebody and is only out of its time.
 */
struct gate_refusal {
	unsigned status;
	const char *code;
	const char *sentence;
	const char *headers;
	char user[NOTIFICATION_USER_MAX + 1]; /* "" = nobody knows */
};

enum { GATE_REFUSED = 1 };

enum gate_endpoint {
	GATE_NOWHERE,
	GATE_WEBSOCKET,
	GATE_EVENTS,
};

/* What kind of session can be opened at this path. */
enum gate_endpoint gate_endpoint(const struct config *config, struct slice path);

/* Whether the request's Origin is allowed, or there is none. */
bool gate_allows_origin(const struct config *config, const struct handshake_request *request);

/*
 * Judges a request that is an upgrade to a known path. `now` is seconds since the epoch.
 * Returns 0 and a pass, GATE_REFUSED and the reason, or -ENOMEM.
 */
int gate_check(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *ret_pass,
	struct gate_refusal *ret_refusal);

/* The same of a request for a stream of events. Its pass is always authenticated. */
int gate_check_events(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *ret_pass,
	struct gate_refusal *ret_refusal);
