/* Which origins are allowed, and on which requests a cookie counts. */
#include "cgi/cors.h"

#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static char *no_items[] = { NULL };
static char listed_origin[] = "https://app.example", null_origin[] = "null";
static char *origins[] = { listed_origin, null_origin, NULL };
static char proxy_address[] = "10.0.0.1", unix_peer[] = "unix";
static char *proxies[] = { proxy_address, unix_peer, NULL };
static char no_cookie[] = "", a_cookie[] = "session";

static struct config config_of(char **allowed)
{
	struct config config = { 0 };

	config.web.allowed_origins = allowed;
	config.web.trusted_proxies = proxies;
	config.auth.cookie = no_cookie;
	return config;
}

enum { VARIABLES = 8 };

/* A request whose variables are given as one text, separated by spaces. */
struct text_request {
	char text[256];
	char *variables[VARIABLES];
	struct http_request request;
};

static const struct http_request *request_of(struct text_request *made, const char *text)
{
	size_t count = 0;

	memset(made, 0, sizeof(*made));
	strncpy(made->text, text, sizeof(made->text) - 1);
	for (char *word = strtok(made->text, " "); word; word = strtok(NULL, " "))
		made->variables[count++] = word;
	made->request.variables = made->variables;
	return &made->request;
}

static void test_same_origin(void)
{
	static const struct {
		const char *variables;
		enum origin expected;
	} cases[] = {
		{ "HTTP_HOST=a.example", ORIGIN_ABSENT },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=http://a.example", ORIGIN_ALLOWED },
		{ "HTTP_HOST=A.example HTTP_ORIGIN=http://a.EXAMPLE", ORIGIN_ALLOWED },
		{ "HTTP_HOST=a.example:8080 HTTP_ORIGIN=http://a.example:8080", ORIGIN_ALLOWED },
		{ "HTTP_HOST=a.example:80 HTTP_ORIGIN=http://a.example", ORIGIN_ALLOWED },
		{ "HTTP_HOST=a.example:8080 HTTP_ORIGIN=http://a.example", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=http://a.example:8080", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=https://a.example", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=http://b.example", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=http://a.example.evil", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=http://a.exampl", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=http:a.example", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=null", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a.example HTTP_ORIGIN=", ORIGIN_FOREIGN },
		{ "HTTP_HOST= HTTP_ORIGIN=http://", ORIGIN_FOREIGN },
		{ "HTTP_ORIGIN=http://", ORIGIN_FOREIGN },
		{ "HTTPS=on HTTP_HOST=a.example HTTP_ORIGIN=https://a.example", ORIGIN_ALLOWED },
		{ "HTTPS=on HTTP_HOST=a.example:443 HTTP_ORIGIN=https://a.example",
			ORIGIN_ALLOWED },
		{ "HTTPS=off HTTP_HOST=a.example HTTP_ORIGIN=https://a.example", ORIGIN_FOREIGN },
		{ "REQUEST_SCHEME=https HTTP_HOST=a.example HTTP_ORIGIN=https://a.example",
			ORIGIN_ALLOWED },
	};
	struct config config = config_of(no_items);
	struct text_request made;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		ok_int_equal(cors_origin(&config, request_of(&made, cases[i].variables)),
			cases[i].expected, "%s", cases[i].variables);
}

static void test_forwarded_scheme(void)
{
	static const struct {
		const char *variables;
		enum origin expected;
	} cases[] = {
		{ "REMOTE_ADDR=10.0.0.1 HTTP_X_FORWARDED_PROTO=https HTTP_HOST=a "
		  "HTTP_ORIGIN=https://a",
			ORIGIN_ALLOWED },
		{ "REMOTE_ADDR=10.0.0.1 HTTP_X_FORWARDED_PROTO=https HTTP_HOST=a "
		  "HTTP_ORIGIN=http://a",
			ORIGIN_FOREIGN },
		{ "REMOTE_ADDR=10.0.0.2 HTTP_X_FORWARDED_PROTO=https HTTP_HOST=a "
		  "HTTP_ORIGIN=https://a",
			ORIGIN_FOREIGN },
		{ "REMOTE_ADDR=10.0.0.2 HTTP_X_FORWARDED_PROTO=https HTTP_HOST=a "
		  "HTTP_ORIGIN=http://a",
			ORIGIN_ALLOWED },
		{ "REMOTE_ADDR= HTTP_X_FORWARDED_PROTO=https HTTP_HOST=a HTTP_ORIGIN=https://a",
			ORIGIN_ALLOWED },
	};
	struct config config = config_of(no_items);
	struct text_request made;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		ok_int_equal(cors_origin(&config, request_of(&made, cases[i].variables)),
			cases[i].expected, "%s", cases[i].variables);
}

static void test_list(void)
{
	static const struct {
		const char *variables;
		enum origin expected;
	} cases[] = {
		{ "HTTP_HOST=a", ORIGIN_ABSENT },
		{ "HTTP_HOST=a HTTP_ORIGIN=https://app.example", ORIGIN_ALLOWED },
		{ "HTTP_HOST=a HTTP_ORIGIN=http://app.example", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a HTTP_ORIGIN=https://app.example:444", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a HTTP_ORIGIN=http://a", ORIGIN_FOREIGN },
		{ "HTTP_HOST=a HTTP_ORIGIN=null", ORIGIN_FOREIGN },
	};
	struct config config = config_of(origins);
	struct text_request made;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		ok_int_equal(cors_origin(&config, request_of(&made, cases[i].variables)),
			cases[i].expected, "with a list: %s", cases[i].variables);
}

static void test_cookie(void)
{
	static const struct {
		const char *variables;
		bool counts;
	} cases[] = {
		{ "REQUEST_METHOD=GET HTTP_HOST=a", false },
		{ "REQUEST_METHOD=GET HTTP_SEC_FETCH_SITE=same-origin", true },
		{ "REQUEST_METHOD=HEAD HTTP_SEC_FETCH_SITE=same-origin", true },
		{ "REQUEST_METHOD=GET HTTP_SEC_FETCH_SITE=same-site", false },
		{ "REQUEST_METHOD=GET HTTP_SEC_FETCH_SITE=cross-site", false },
		{ "REQUEST_METHOD=GET HTTP_SEC_FETCH_SITE=none", false },
		{ "REQUEST_METHOD=POST HTTP_SEC_FETCH_SITE=same-origin", false },
		{ "REQUEST_METHOD=POST HTTP_ORIGIN=https://app.example", true },
		{ "REQUEST_METHOD=POST HTTP_ORIGIN=https://evil.example", false },
		{ "REQUEST_METHOD=GET HTTP_SEC_FETCH_SITE=same-origin "
		  "HTTP_ORIGIN=https://evil.example",
			false },
	};
	struct config config = config_of(origins);
	struct text_request made;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		tap_ok(cors_cookie_counts(&config, request_of(&made, cases[i].variables)) ==
				cases[i].counts,
			"cookie: %s", cases[i].variables);
}

static bool has_header(struct answer *answer, const char *text)
{
	const char *headers = buffer_string(&answer->headers);

	return headers && strstr(headers, text);
}

static void test_answers(void)
{
	struct config config = config_of(origins);
	struct answer allowed = { 0 }, foreign = { 0 }, absent = { 0 }, exposed = { 0 };
	struct text_request made;

	config.auth.cookie = a_cookie;
	cors_preflight(&config, request_of(&made, "HTTP_ORIGIN=https://app.example"),
		"GET, OPTIONS", &allowed);
	ok_int_equal(allowed.status, 204, "a preflight of an allowed origin");
	tap_ok(has_header(&allowed, "Access-Control-Allow-Origin: https://app.example\r\n"),
		"names the origin");
	tap_ok(has_header(&allowed, "Access-Control-Allow-Methods: GET, OPTIONS\r\n"),
		"names the methods");
	tap_ok(has_header(&allowed, "Allow-Credentials: true\r\n"), "lets the cookie through");
	cors_preflight(&config, request_of(&made, "HTTP_ORIGIN=https://evil.example"),
		"GET, OPTIONS", &foreign);
	ok_int_equal(foreign.status, 403, "one of a foreign origin");
	tap_ok(!has_header(&foreign, "Access-Control-"), "allows nothing");
	cors_preflight(&config, request_of(&made, "HTTP_HOST=a"), "GET, OPTIONS", &absent);
	ok_int_equal(absent.status, 204, "plain OPTIONS");
	ok_string_equal(buffer_string(&absent.headers), "Allow: GET, OPTIONS\r\n",
		"tells the methods, and no more");
	config.auth.cookie = no_cookie;
	cors_expose(&config, request_of(&made, "HTTP_ORIGIN=https://app.example"), &exposed);
	tap_ok(has_header(&exposed, "Expose-Headers: ETag, Location, Retry-After, "),
		"an answer may be read");
	tap_ok(!has_header(&exposed, "Credentials"), "no cookie, no credentials");
	answer_release(&allowed);
	answer_release(&foreign);
	answer_release(&absent);
	answer_release(&exposed);
}

int main(void)
{
	test_same_origin();
	test_forwarded_scheme();
	test_list();
	test_cookie();
	test_answers();
	return tap_done();
}
