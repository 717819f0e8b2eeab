/* Who may open a session, see gate.h. */
#include "pushd/gate.h"

#include "lib/origin.h"

#include "pushd/event_stream.h"

#include <errno.h>
#include <stdlib.h>

/* An epoch that no store has: whoever resumes from there is told to fetch anew. */
static const char NO_EPOCH[] = "?";

static int refuse(struct gate_refusal *refusal, unsigned status, const char *code,
	const char *sentence)
{
	*refusal = (struct gate_refusal){ status, code, sentence, "", "" };
	return GATE_REFUSED;
}

enum gate_endpoint gate_endpoint(const struct config *config, struct slice path)
{
	static const struct {
		struct slice below;
		enum gate_endpoint endpoint;
	} endpoints[] = {
		{ SLICE("/ws"), GATE_WEBSOCKET },
		{ SLICE("/stream"), GATE_EVENTS },
	};
	size_t base = strlen(config->push.path);
	struct slice below;

	if (path.len < base || memcmp(path.data, config->push.path, base) != 0)
		return GATE_NOWHERE;
	below = (struct slice){ path.data + base, path.len - base };
	for (size_t i = 0; i < ARRAY_LENGTH(endpoints); i++)
		if (slice_equal(below, endpoints[i].below))
			return endpoints[i].endpoint;
	return GATE_NOWHERE;
}

/* Which scheme the browser used only the proxy knows: either is the same origin. */
bool gate_allows_origin(const struct config *config, const struct handshake_request *request)
{
	struct slice origin = request->origin;

	if (!origin.data)
		return true;
	if (*config->web.allowed_origins)
		return origin_is_listed(config->web.allowed_origins, origin);
	return origin_is_of(origin, "http", request->host) ||
	       origin_is_of(origin, "https", request->host);
}

static int refuse_origin(struct gate_refusal *refusal)
{
	return refuse(refusal, 403, "forbidden", "This origin is not allowed");
}

/* The token that a request brings of itself; data is NULL where there is none. */
static int find_token(const struct config *config, const struct handshake_request *request,
	struct buffer *from_query, struct slice *ret_token)
{
	int r;

	*ret_token = request->bearer;
	if (!ret_token->data && request->upgrade_websocket)
		*ret_token = request->protocol_token;
	if (ret_token->data || !config->auth.query_token)
		return 0;
	r = handshake_query(request->query, "token", from_query);
	if (r == 0)
		*ret_token = buffer_slice(from_query);
	return r == HANDSHAKE_ABSENT ? 0 : r;
}

/* Names the user of a token that is right but for its time. */
static int refuse_token(const struct token_verifier *verifier, struct slice token,
	enum token_error error, struct gate_refusal *refusal)
{
	_cleanup_(freeing_memory) char *user = NULL;

	refuse(refusal, 401, token_error_code(error), token_error_sentence(error));
	if ((error == TOKEN_EXPIRED || error == TOKEN_NOT_YET) &&
		token_read_user(verifier, token, &user) == 0)
		snprintf(refusal->user, sizeof(refusal->user), "%s", user);
	return GATE_REFUSED;
}

/* Checks a token; a wrong one is a refusal. */
static int check_token(const struct token_verifier *verifier, struct slice token, int64_t now,
	struct gate_pass *pass, struct gate_refusal *refusal)
{
	int r = token_verify(verifier, token, now, &pass->principal);

	if (r > 0)
		return refuse_token(verifier, token, (enum token_error)r, refusal);
	pass->authenticated = r == 0;
	return r;
}

/*
 * A cookie counts only from an allowed origin. Browsers name it with an upgrade always, but not
 * when a page gets something of its own origin: then they say that it is the same.
 */
static bool cookie_counts(const struct handshake_request *request)
{
	return request->origin.data ||
	       (!request->upgrade_websocket && slice_is(request->sec_fetch_site, "same-origin"));
}

/*
 * An invalid cookie counts as none, so that a stale one never keeps a browser from sending
 * a token itself.
 */
static int check_cookie(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *pass)
{
	struct gate_refusal ignored;
	struct slice cookie;
	int r;

	if (!*config->auth.cookie || !cookie_counts(request))
		return 0;
	cookie = handshake_cookie(request->cookie, config->auth.cookie);
	if (!cookie.data)
		return 0;
	r = check_token(verifier, cookie, now, pass, &ignored);
	return r == GATE_REFUSED ? 0 : r;
}

static int check_authentication(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *pass,
	struct gate_refusal *refusal)
{
	_cleanup_(buffer_release) struct buffer from_query = { 0 };
	struct slice token;

	if (find_token(config, request, &from_query, &token) < 0)
		return refuse(refusal, 400, "invalid_request", "The parameter token is not valid");
	if (token.data)
		return check_token(verifier, token, now, pass, refusal);
	return check_cookie(config, verifier, request, now, pass);
}

static int parse_since(struct slice text, uint64_t *ret_since)
{
	uint64_t since = 0;

	if (text.len == 0 || text.len > 19)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -EINVAL;
		since = since * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret_since = since;
	return 0;
}

/* Where the client left off: both parameters, or neither. */
static int check_resume(const struct handshake_request *request, struct gate_pass *pass,
	struct gate_refusal *refusal)
{
	_cleanup_(buffer_release) struct buffer since = { 0 }, epoch = { 0 };
	int have_since = handshake_query(request->query, "since", &since);
	int have_epoch = handshake_query(request->query, "epoch", &epoch);

	if (have_since == HANDSHAKE_ABSENT && have_epoch == HANDSHAKE_ABSENT)
		return 0;
	if (have_since != 0 || have_epoch != 0 || epoch.len == 0 ||
	    epoch.len >= sizeof(pass->epoch) || parse_since(buffer_slice(&since), &pass->since) < 0)
		return refuse(refusal, 400, "invalid_request",
			"The parameters since and epoch belong together: a number and a name");
	memcpy(pass->epoch, epoch.data, epoch.len);
	return 0;
}

int gate_check(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *ret_pass,
	struct gate_refusal *ret_refusal)
{
	struct gate_pass pass = { 0 };
	int r;

	if (!gate_allows_origin(config, request))
		return refuse_origin(ret_refusal);
	r = check_resume(request, &pass, ret_refusal);
	if (r == 0)
		r = check_authentication(config, verifier, request, now, &pass, ret_refusal);
	if (r == 0)
		*ret_pass = pass;
	return r;
}

/* ---- streams of events ---- */

/* EPOCH:SEQ, of which the first may hold colons. */
static void take_last_event_id(struct slice id, struct gate_pass *pass)
{
	const char *colon = memrchr(id.data, ':', id.len);
	size_t len = colon ? (size_t)(colon - id.data) : 0;
	struct slice seq = { id.data + len + 1, colon ? id.len - len - 1 : 0 };

	if (len == 0 || len >= sizeof(pass->epoch) || parse_since(seq, &pass->since) < 0)
		memcpy(pass->epoch, NO_EPOCH, sizeof(NO_EPOCH));
	else
		memcpy(pass->epoch, id.data, len);
}

static int check_events_resume(const struct handshake_request *request, struct gate_pass *pass,
	struct gate_refusal *refusal)
{
	if (request->last_event_id.len == 0)
		return check_resume(request, pass, refusal);
	take_last_event_id(request->last_event_id, pass);
	return 0;
}

/* Whether what is asked for is a stream of events. */
static int check_events_request(const struct handshake_request *request,
	struct gate_refusal *refusal)
{
	if (!slice_is(request->method, "GET")) {
		refuse(refusal, 405, "method_not_allowed",
			"A stream of events is asked for by GET");
		refusal->headers = "Allow: " EVENT_STREAM_METHODS "\r\n";
		return GATE_REFUSED;
	}
	if (request->upgrade_websocket)
		return refuse(refusal, 400, "invalid_request",
			"This address answers with a stream of events; "
			"the one for WebSocket ends in /ws");
	if (!handshake_accepts(request->accept, "text/event-stream"))
		return refuse(refusal, 406, "not_acceptable",
			"This address answers with text/event-stream, which Accept excludes");
	return 0;
}

int gate_check_events(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *ret_pass,
	struct gate_refusal *ret_refusal)
{
	struct gate_pass pass = { 0 };
	int r;

	if (!gate_allows_origin(config, request))
		return refuse_origin(ret_refusal);
	r = check_events_request(request, ret_refusal);
	if (r == 0)
		r = check_events_resume(request, &pass, ret_refusal);
	if (r == 0)
		r = check_authentication(config, verifier, request, now, &pass, ret_refusal);
	if (r == 0 && !pass.authenticated)
		return refuse(ret_refusal, 401, token_error_code(TOKEN_MISSING),
			token_error_sentence(TOKEN_MISSING));
	if (r == 0)
		*ret_pass = pass;
	return r;
}
