/* The gate: path, origin, resume, token, in this order. */
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
	bool authenticated;
	uint64_t since;
	char epoch[64];
};

/* What the gate says to a request of this target and these header lines. */
static struct outcome ask(const char *target, const char *headers)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	struct handshake_request request;
	struct gate_refusal refusal = { 0 };
	struct gate_pass pass = { 0 };
	struct outcome outcome = { 0 };
	size_t len;

	buffer_print(&head, "GET %s HTTP/1.1\r\nHost: example.test\r\n%s\r\n", target, headers);
	if (handshake_parse(buffer_slice(&head), 0, &request, &len) != 0)
		return (struct outcome){ .result = -EBADMSG };
	outcome.result = gate_check(&config, verifier, &request, FIXTURE_NOW, &pass, &refusal);
	outcome.status = refusal.status;
	outcome.code = refusal.code;
	outcome.authenticated = pass.authenticated;
	outcome.since = pass.since;
	memcpy(outcome.epoch, pass.epoch, sizeof(outcome.epoch));
	if (pass.authenticated) {
		ok_string_equal(pass.principal.user, "u1", "who it is: %s", target);
		principal_release(&pass.principal);
	}
	return outcome;
}

static struct outcome ask_with(const char *query, const char *format, const char *value)
{
	_cleanup_(buffer_release) struct buffer target = { 0 }, headers = { 0 };

	buffer_print(&target, "/api/notifications/ws%s%s", *query ? "?" : "", query);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buffer_print(&headers, format, value);
#pragma GCC diagnostic pop
	return ask(buffer_string(&target), buffer_string(&headers));
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

static void test_paths(void)
{
	static const char *const others[] = { "/", "/api/notifications", "/api/notifications/",
		"/api/notifications/w", "/api/notifications/wss", "/api/notifications/ws/", "/ws",
		"/API/notifications/ws", "//api/notifications/ws", "/api/notifications/%77s" };

	tap_ok(gate_knows_path(&config, SLICE("/api/notifications/ws")), "the path");
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		tap_ok(!gate_knows_path(&config, slice_of(others[i])), "another: %s", others[i]);
	config.push.path = other_path;
	tap_ok(gate_knows_path(&config, SLICE("/x/ws")), "a configured path");
	tap_ok(!gate_knows_path(&config, SLICE("/api/notifications/ws")), "in the place of the other");
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
	test_good_query();
	test_cookies();
	test_resume();
	test_order();
	token_verifier_free(verifier);
	buffer_release(&token);
	fixture_close();
	return tap_done();
}
