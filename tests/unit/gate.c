/* The gate: path, origin, resume, token, in this order; and what is asked of a stream's request. */
#include "pushd/gate.h"
#include "tests/tap.h"
#include "tests/unit/token_fixture.h"

#include <errno.h>

#define ORIGIN	"https://app.example.test"
#define SECOND	"https://two.example.test:8443"

static struct config config;
static struct token_verifier *verifier;
static char first_origin[] = ORIGIN, second_origin[] = SECOND;
static char *no_origins[] = { NULL }, *two_origins[] = { first_origin, second_origin, NULL };
static char usual_path[] = "/api/notifications", other_path[] = "/x";
static char no_cookie[] = "", session_cookie[] = "session";
static struct buffer token; /* a good one, of the user u1 */

static void set_defaults(void)
{
	config.push.path = usual_path;
	config.web.allowed_origins = no_origins;
	config.auth.cookie = no_cookie;
	config.auth.query_token = false;
}

struct outcome {
	int result;
	unsigned status; /* of a refusal */
	const char *code;
	const char *headers;
	bool authenticated;
	uint64_t since;
	char epoch[64];
	char user[NOTIFICATION_USER_MAX + 1]; /* who was refused */
};

typedef int gate(const struct config *config, const struct token_verifier *verifier,
	const struct handshake_request *request, int64_t now, struct gate_pass *ret_pass,
	struct gate_refusal *ret_refusal);

/* What this gate says to a request that begins so and has these header lines. */
static struct outcome ask_gate(gate *check, const char *beginning, const char *headers)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	struct handshake_request request;
	struct gate_refusal refusal = { 0 };
	struct gate_pass pass = { 0 };
	struct outcome outcome = { 0 };
	size_t len;

	buffer_print(&head, "%s HTTP/1.1\r\nHost: example.test\r\n%s\r\n", beginning, headers);
	if (handshake_parse(buffer_slice(&head), 0, &request, &len) != 0)
		return (struct outcome){ .result = -EBADMSG };
	outcome.result = check(&config, verifier, &request, FIXTURE_NOW, &pass, &refusal);
	outcome.status = refusal.status;
	outcome.code = refusal.code;
	outcome.headers = refusal.headers;
	memcpy(outcome.user, refusal.user, sizeof(outcome.user));
	outcome.authenticated = pass.authenticated;
	outcome.since = pass.since;
	memcpy(outcome.epoch, pass.epoch, sizeof(outcome.epoch));
	if (pass.authenticated) {
		ok_string_equal(pass.principal.user, "u1", "who it is: %s", beginning);
		principal_release(&pass.principal);
	}
	return outcome;
}

static struct outcome ask_with(const char *query, const char *format, const char *value)
{
	_cleanup_(buffer_release) struct buffer target = { 0 }, headers = { 0 };

	buffer_print(&target, "GET /api/notifications/ws%s%s", *query ? "?" : "", query);
	buffer_append_string(&headers, "Upgrade: websocket\r\n");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buffer_print(&headers, format, value);
#pragma GCC diagnostic pop
	return ask_gate(gate_check, buffer_string(&target), buffer_string(&headers));
}

/* The same, of a stream of events. */
static struct outcome ask_for_events(const char *query, const char *format, const char *value)
{
	_cleanup_(buffer_release) struct buffer target = { 0 }, headers = { 0 };

	buffer_print(&target, "GET /api/notifications/stream%s%s", *query ? "?" : "", query);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buffer_print(&headers, format, value);
#pragma GCC diagnostic pop
	return ask_gate(gate_check_events, buffer_string(&target), buffer_string(&headers));
}

static void refused(struct outcome outcome, unsigned status, const char *code, const char *what)
{
	ok_int_equal(outcome.result, GATE_REFUSED, "%s is refused", what);
	ok_int_equal(outcome.status, status, "… with the status");
	ok_string_equal(outcome.code, code, "… and the code");
}

static void passes(struct outcome outcome, bool authenticated, const char *what)
{
	ok_int_equal(outcome.result, 0, "%s may pass", what);
	ok_int_equal(outcome.authenticated, authenticated, "… %s", authenticated ? "with a user" :
		"to say later who it is");
}

static enum gate_endpoint endpoint(const char *path)
{
	return gate_endpoint(&config, slice_of(path));
}

static void test_paths(void)
{
	static const char *const others[] = { "/", "/api/notifications", "/api/notifications/",
		"/api/notifications/w", "/api/notifications/wss", "/api/notifications/ws/", "/ws",
		"/API/notifications/ws", "//api/notifications/ws", "/api/notifications/%77s",
		"/api/notifications/stream/", "/api/notifications/strea", "/api/notificationsXstream" };

	ok_int_equal(endpoint("/api/notifications/ws"), GATE_WEBSOCKET, "the path of WebSocket");
	ok_int_equal(endpoint("/api/notifications/stream"), GATE_EVENTS, "that of events");
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		ok_int_equal(endpoint(others[i]), GATE_NOWHERE, "another: %s", others[i]);
	config.push.path = other_path;
	ok_int_equal(endpoint("/x/ws"), GATE_WEBSOCKET, "a configured path");
	ok_int_equal(endpoint("/x/stream"), GATE_EVENTS, "and that of events");
	ok_int_equal(endpoint("/api/notifications/ws"), GATE_NOWHERE, "in the place of the other");
	set_defaults();
}

static void test_origins(void)
{
	static const char *const same[] = { "http://example.test", "https://example.test",
		"https://EXAMPLE.test" };
	static const char *const other[] = { "https://example.test.evil", "https://example.tes",
		"https://example.test:80", "ftp://example.test", "null", "example.test", ORIGIN };
	static const char *const listed[] = { ORIGIN, SECOND };
	static const char *const unlisted[] = { "https://example.test", "https://app.example.testx",
		"http://app.example.test", "https://two.example.test", "null" };

	passes(ask_with("", "%s", ""), false, "no origin");
	for (size_t i = 0; i < ARRAY_LENGTH(same); i++)
		passes(ask_with("", "Origin: %s\r\n", same[i]), false, same[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(other); i++)
		refused(ask_with("", "Origin: %s\r\n", other[i]), 403, "forbidden", other[i]);
	config.web.allowed_origins = two_origins;
	passes(ask_with("", "%s", ""), false, "no origin, with a list");
	for (size_t i = 0; i < ARRAY_LENGTH(listed); i++)
		passes(ask_with("", "Origin: %s\r\n", listed[i]), false, listed[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(unlisted); i++)
		refused(ask_with("", "Origin: %s\r\n", unlisted[i]), 403, "forbidden", unlisted[i]);
	set_defaults();
}

static void test_tokens(void)
{
	const char *good = buffer_string(&token);

	passes(ask_with("", "Authorization: Bearer %s\r\n", good), true, "a header");
	passes(ask_with("", "Sec-WebSocket-Protocol: tidings.v1, bearer.%s\r\n", good), true,
		"a subprotocol");
	refused(ask_with("", "Authorization: Bearer %s\r\n", "x"), 401, "token_malformed", "a bad header");
	refused(ask_with("", "Authorization: Bearer%s\r\n", ""), 401, "token_malformed", "an empty one");
	refused(ask_with("", "Sec-WebSocket-Protocol: bearer.%s\r\n", "x"), 401, "token_malformed",
		"a bad subprotocol");
	passes(ask_with("", "Authorization: Basic %s\r\n", "dTpw"), false, "another scheme");
	passes(ask_with("token=x", "%s", ""), false, "a query that is not looked at");
	config.auth.query_token = true;
	refused(ask_with("token=x", "%s", ""), 401, "token_malformed", "a bad query");
	refused(ask_with("token=x&token=x", "%s", ""), 400, "invalid_request", "two in the query");
	passes(ask_with("tokens=x", "%s", ""), false, "another parameter");
	passes(ask_with("token=x", "Authorization: Bearer %s\r\n", good), true, "a header before a query");
	set_defaults();
}

/* A token that is right but for its time names who is turned away; no other does. */
static void test_refused_user(void)
{
	static const struct {
		const char *payload, *user;
	} rows[] = {
		{ "{\"sub\":\"u7\",\"exp\":5}", "u7" },
		{ "{\"sub\":\"u7\",\"exp\":1800000100,\"nbf\":1800000090}", "u7" },
		{ "{\"sub\":\"\",\"exp\":5}", "" },
		{ "{\"sub\":\"u7\"}", "" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_(buffer_release) struct buffer late = { 0 };

		fixture_token(&late, &fixture_hs256, SLICE("{\"alg\":\"HS256\"}"),
			slice_of(rows[i].payload));
		ok_string_equal(ask_with("", "Authorization: Bearer %s\r\n",
					buffer_string(&late)).user,
			rows[i].user, "the user of %s", rows[i].payload);
	}
}

static void test_good_query(void)
{
	_cleanup_(buffer_release) struct buffer query = { 0 };

	config.auth.query_token = true;
	buffer_print(&query, "a=b&token=%s", buffer_string(&token));
	passes(ask_with(buffer_string(&query), "%s", ""), true, "a query");
	set_defaults();
}

static void test_cookies(void)
{
	const char *good = buffer_string(&token);
	struct outcome outcome;

	passes(ask_with("", "Origin: https://example.test\r\nCookie: session=%s\r\n", good), false,
		"a cookie where none is configured");
	config.auth.cookie = session_cookie;
	passes(ask_with("", "Origin: https://example.test\r\nCookie: session=%s\r\n", good), true,
		"a cookie of the same origin");
	passes(ask_with("", "Cookie: session=%s\r\n", good), false, "one without an origin");
	passes(ask_with("", "Sec-Fetch-Site: same-origin\r\nCookie: session=%s\r\n", good), false,
		"one without an origin that is said to be the same");
	passes(ask_with("", "Origin: https://example.test\r\nCookie: session=%s\r\n", "stale"), false,
		"a stale one");
	passes(ask_with("", "Origin: https://example.test\r\nCookie: other=%s\r\n", good), false,
		"another cookie");
	refused(ask_with("", "Origin: https://evil.test\r\nCookie: session=%s\r\n", good), 403, "forbidden",
		"a cookie of another origin");
	outcome = ask_with("", "Origin: https://example.test\r\nAuthorization: Bearer x\r\n"
			       "Cookie: session=%s\r\n", good);
	refused(outcome, 401, "token_malformed", "a bad header beside a good cookie");
	set_defaults();
}

static void test_resume(void)
{
	static const char *const wrong[] = { "since=1", "epoch=e", "since=&epoch=e", "since=1&epoch=",
		"since=-1&epoch=e", "since=+1&epoch=e", "since=1x&epoch=e", "since=0x1&epoch=e",
		"since=10000000000000000000&epoch=e", "since=1&since=1&epoch=e", "since=1&epoch=e&epoch=e",
		"since=1&epoch=%00", "since=%31%zz&epoch=e" };
	char longest[96] = "since=1&epoch=";
	struct outcome outcome = ask_with("since=41&epoch=e-1", "%s", "");

	passes(outcome, false, "since and epoch");
	ok_int_equal(outcome.since, 41, "the number");
	ok_string_equal(outcome.epoch, "e-1", "the name");
	outcome = ask_with("since=9999999999999999999&epoch=%65", "%s", "");
	tap_ok(outcome.result == 0 && outcome.since == UINT64_C(9999999999999999999), "19 digits");
	ok_string_equal(outcome.epoch, "e", "a name that is encoded");
	ok_string_equal(ask_with("", "%s", "").epoch, "", "neither");
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		refused(ask_with(wrong[i], "%s", ""), 400, "invalid_request", wrong[i]);
	memset(longest + strlen(longest), 'e', 63);
	ok_int_equal(strlen(ask_with(longest, "%s", "").epoch), 63, "a name of 63 bytes");
	longest[strlen(longest)] = 'e';
	refused(ask_with(longest, "%s", ""), 400, "invalid_request", "one of 64");
}

/* What comes first decides. */
static void test_order(void)
{
	refused(ask_with("since=x", "Origin: null\r\nAuthorization: Bearer %s\r\n", "x"), 403, "forbidden",
		"all at once: the origin");
	refused(ask_with("since=x", "Authorization: Bearer %s\r\n", "x"), 400, "invalid_request",
		"without it: the query");
}

/* ---- streams of events ---- */

static void test_events_tokens(void)
{
	const char *good = buffer_string(&token);

	passes(ask_for_events("", "Authorization: Bearer %s\r\n", good), true, "a stream by a header");
	refused(ask_for_events("", "Authorization: Bearer %s\r\n", "x"), 401, "token_malformed",
		"a bad header");
	refused(ask_for_events("", "%s", ""), 401, "token_missing", "no token");
	refused(ask_for_events("", "Sec-WebSocket-Protocol: tidings.v1, bearer.%s\r\n", good), 401,
		"token_missing", "a subprotocol");
	refused(ask_for_events("token=x", "%s", ""), 401, "token_missing", "a query that is not looked at");
	config.auth.query_token = true;
	refused(ask_for_events("token=x", "%s", ""), 401, "token_malformed", "a bad query");
	set_defaults();
}

static void test_events_cookies(void)
{
	const char *good = buffer_string(&token);

	config.auth.cookie = session_cookie;
	passes(ask_for_events("", "Origin: https://example.test\r\nCookie: session=%s\r\n", good), true,
		"a cookie of the same origin");
	passes(ask_for_events("", "Sec-Fetch-Site: same-origin\r\nCookie: session=%s\r\n", good), true,
		"one without an origin that is said to be the same");
	refused(ask_for_events("", "Sec-Fetch-Site: same-site\r\nCookie: session=%s\r\n", good), 401,
		"token_missing", "one that is said to be another");
	refused(ask_for_events("", "Cookie: session=%s\r\n", good), 401, "token_missing",
		"one of which nothing is said");
	refused(ask_for_events("", "Sec-Fetch-Site: same-origin\r\nCookie: session=%s\r\n", "stale"), 401,
		"token_missing", "a stale one");
	refused(ask_for_events("", "Origin: null\r\nSec-Fetch-Site: same-origin\r\n"
				   "Cookie: session=%s\r\n", good), 403, "forbidden",
		"one of another origin, whatever is said");
	set_defaults();
}

static void test_events_requests(void)
{
	static const char bearer[] = "Authorization: Bearer x\r\n";
	static const char *const methods[] = { "POST", "HEAD", "OPTIONS", "get" };
	struct outcome outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
		_cleanup_(buffer_release) struct buffer beginning = { 0 };

		buffer_print(&beginning, "%s /api/notifications/stream", methods[i]);
		outcome = ask_gate(gate_check_events, buffer_string(&beginning), bearer);
		refused(outcome, 405, "method_not_allowed", methods[i]);
		ok_string_equal(outcome.headers, "Allow: GET, OPTIONS\r\n", "with what is allowed");
	}
	refused(ask_for_events("", "Upgrade: websocket\r\n%s", bearer), 400, "invalid_request", "an upgrade");
	refused(ask_for_events("", "Accept: application/json\r\n%s", bearer), 406, "not_acceptable",
		"another media type");
	refused(ask_for_events("", "Accept: text/event-stream\r\n%s", bearer), 401, "token_malformed",
		"this media type, but a bad token");
	refused(ask_for_events("", "Accept: a/b\r\nOrigin: null\r\n%s", bearer), 403, "forbidden",
		"all at once: the origin");
}

static void ok_place(struct outcome outcome, uint64_t since, const char *epoch, const char *what)
{
	ok_int_equal(outcome.result, 0, "%s", what);
	ok_int_equal((long long)outcome.since, (long long)since, "… the number");
	ok_string_equal(outcome.epoch, epoch, "… the epoch");
}

/* Where a stream resumes, asked with a good token. */
static struct outcome resume(const char *query, const char *id)
{
	_cleanup_(buffer_release) struct buffer headers = { 0 };

	buffer_print(&headers, "Authorization: Bearer %s\r\nLast-Event-ID: %s\r\n",
		buffer_string(&token), id);
	return ask_for_events(query, "%s", buffer_string(&headers));
}

static void test_events_resume(void)
{
	static const char *const wrong[] = { "e", "e:", ":1", "e:x", "e:-1", "e:+1", "e:1:", ":",
		"e:10000000000000000000", "e: 1" };
	char longest[80] = "";

	ok_place(resume("", "e-1:41"), 41, "e-1", "an id");
	ok_place(resume("", "a:b:c:9999999999999999999"), UINT64_C(9999999999999999999), "a:b:c",
		"an epoch with colons");
	ok_place(resume("since=1&epoch=q", "e:2"), 2, "e", "an id before the query");
	ok_place(resume("since=x", "e:2"), 2, "e", "which is not looked at then");
	ok_place(resume("since=1&epoch=q", ""), 1, "q", "an empty id and a query");
	refused(resume("since=x&epoch=q", ""), 400, "invalid_request", "a bad query alone");
	ok_place(resume("", ""), 0, "", "neither");
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok_place(resume("since=1&epoch=q", wrong[i]), 0, "?", wrong[i]);
	memset(longest, 'e', 63);
	memcpy(longest + 63, ":7", 3);
	ok_int_equal(strlen(resume("", longest).epoch), 63, "an epoch of 63 bytes");
	memcpy(longest + 63, "e:7", 4);
	ok_place(resume("", longest), 0, "?", "one of 64");
}

int main(void)
{
	fixture_open();
	fixture_write_text("key", FIXTURE_SECRET);
	config = fixture_config("HS256", "key", NULL);
	set_defaults();
	verifier = fixture_verifier(&config);
	fixture_plain_token(&token, &fixture_hs256);
	test_paths();
	test_origins();
	test_tokens();
	test_refused_user();
	test_good_query();
	test_cookies();
	test_resume();
	test_order();
	test_events_tokens();
	test_events_cookies();
	test_events_requests();
	test_events_resume();
	token_verifier_free(verifier);
	buffer_release(&token);
	fixture_close();
	return tap_done();
}
