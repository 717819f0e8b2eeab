/* Who may open a session, see gate.h. */
#include "pushd/gate.h"

#include <errno.h>
#include <stdlib.h>

static int refuse(struct gate_refusal *refusal, unsigned status, const char *code,
	const char *sentence)
{
	*refusal = (struct gate_refusal){ status, code, sentence };
	return GATE_REFUSED;
}

bool gate_knows_path(const struct config *config, struct slice path)
{
	size_t base = strlen(config->push.path);

	return path.len == base + 3 && memcmp(path.data, config->push.path, base) == 0 &&
	       memcmp(path.data + base, "/ws", 3) == 0;
}

/* Same origin: what stands behind "http://" or "https://" is the host that was asked. */
static bool is_same_origin(struct slice origin, struct slice host)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (origin.len == len + host.len && memcmp(origin.data, schemes[i], len) == 0 &&
		    strncasecmp(origin.data + len, host.data, host.len) == 0)
			return true;
	}
	return false;
}

static bool origin_allowed(const struct config *config, const struct handshake_request *request)
{
	char **allowed = config->web.allowed_origins;

	if (!*allowed)
		return is_same_origin(request->origin, request->host);
	for (; *allowed; allowed++)
		if (slice_is(request->origin, *allowed))
			return true;
	return false;
}

/* The token that an upgrade brings of itself; data is NULL where there is none. */
static int find_token(const struct config *config, const struct handshake_request *request,
	struct buffer *from_query, struct slice *ret_token)
{
	int r;

	*ret_token = request->bearer.data ? request->bearer : request->protocol_token;
	if (ret_token->data || !config->auth.query_token)
		return 0;
	r = handshake_query(request->query, "token", from_query);
	if (r == 0)
		*ret_token = buffer_slice(from_query);
	return r == HANDSHAKE_ABSENT ? 0 : r;
}

/* Checks a token; a wrong one is a refusal. */
static int check_token(const struct token_verifier *verifier, struct slice token, int64_t now,
	struct gate_pass *pass, struct gate_refusal *refusal)
{
	int r = token_verify(verifier, token, now, &pass->principal);

	if (r > 0)
		return refuse(refusal, 401, token_error_code((enum token_error)r),
			token_error_sentence((enum token_error)r));
	pass->authenticated = r == 0;
	return r;
}

/*
 * A cookie counts only from an allowed origin, and an invalid one counts as none, so
 * that a stale cookie never keeps a browser from sending a token itself.
 */
static int check_cookie(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *pass)
{
	struct gate_refusal ignored;
	struct slice cookie;
	int r;

	if (!*config->auth.cookie || !request->origin.data)
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

	if (request->origin.data && !origin_allowed(config, request))
		return refuse(ret_refusal, 403, "forbidden", "This origin is not allowed");
	r = check_resume(request, &pass, ret_refusal);
	if (r == 0)
		r = check_authentication(config, verifier, request, now, &pass, ret_refusal);
	if (r == 0)
		*ret_pass = pass;
	return r;
}
