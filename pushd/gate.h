/*
 * The gate: which request heads may become sessions. It judges path, origin and
 * token, in the order in which the contract's sections 3 and 6 have them.
 */
#pragma once

#include "lib/config.h"
#include "lib/token.h"
#include "pushd/handshake.h"

/* What a request that may pass has brought. */
struct gate_pass {
	bool authenticated;
	struct principal principal; /* to release, if authenticated */
	uint64_t since;
	char epoch[64]; /* "" = the client resumes nowhere */
};

/* Why a request may not pass: what handshake_refuse() takes. Constants. */
struct gate_refusal {
	unsigned status;
	const char *code;
	const char *sentence;
};

enum { GATE_REFUSED = 1 };

/* Whether a session can be opened at this path at all. */
bool gate_knows_path(const struct config *config, struct slice path);

/*
 * Judges a request that is an upgrade to a known path. `now` is seconds since the epoch.
 * Returns 0 and a pass, GATE_REFUSED and the reason, or -ENOMEM.
 */
int gate_check(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *ret_pass,
	struct gate_refusal *ret_refusal);
