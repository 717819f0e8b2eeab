/* The readers of header fields and of the query. */
#include "cgi/http.h"

#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_variables(void)
{
	char one[] = "HTTP_HOST=example.org", two[] = "HTTP_HOST_NAME=other", three[] = "EMPTY=";
	char *variables[] = { two, one, three, NULL };
	struct http_request request = { .variables = variables };

	ok_string_equal(http_variable(&request, "HTTP_HOST"), "example.org", "a variable by name");
	ok_string_equal(http_variable(&request, "HTTP"), NULL, "a prefix is not a name");
	ok_string_equal(http_variable(&request, "EMPTY"), "", "set, but empty");
	ok_string_equal(http_variable(&request, "NONE"), NULL, "not set");
	ok_string_equal(http_text(&request, "NONE"), "", "not set, as text");
}

static void test_percent(void)
{
	static const struct {
		const char *text;
		bool plus;
		const char *expected; /* NULL = refused */
	} cases[] = {
		{ "", false, "" },
		{ "abc", false, "abc" },
		{ "a%20b", false, "a b" },
		{ "%41%6a%6A", false, "Ajj" },
		{ "a+b", true, "a b" },
		{ "a+b", false, "a+b" },
		{ "%", false, NULL },
		{ "%4", false, NULL },
		{ "a%4", false, NULL },
		{ "%4g", false, NULL },
		{ "%g4", false, NULL },
		{ "%%41", false, NULL },
		{ "%2B", true, "+" },
		{ "%25"
		  "41",
			false, "%41" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		/* Exactly as much as may be written, for the sanitizer to watch */
		char *to = malloc(len ? len : 1);
		ssize_t n = http_percent_decode(slice_of(cases[i].text), cases[i].plus, to);

		if (cases[i].expected)
			ok_bytes_equal(to, n < 0 ? 0 : (size_t)n, cases[i].expected,
				strlen(cases[i].expected), "decode %s", cases[i].text);
		else
			ok_int_equal(n, -EINVAL, "refuse %s", cases[i].text);
		free(to);
	}
}

static void test_query(void)
{
	struct http_query query;
	struct slice value = { 0 };

	ok_int_equal(http_query_parse(SLICE("limit=5&&type=info&x=&flag&p=a%26b%3Dc+d"), &query), 0,
		"a query");
	ok_int_equal(query.count, 5, "five parameters");
	tap_ok(http_query_find(&query, "limit", &value) && slice_is(value, "5"), "first");
	tap_ok(http_query_find(&query, "type", &value) && slice_is(value, "info"), "second");
	tap_ok(http_query_find(&query, "x", &value) && value.len == 0, "empty value");
	tap_ok(http_query_find(&query, "flag", &value) && value.len == 0, "no equals sign");
	tap_ok(http_query_find(&query, "p", &value) && slice_is(value, "a&b=c d"), "escapes");
	tap_ok(!http_query_find(&query, "lim", &value), "a prefix is not a name");
	http_query_release(&query);
	ok_int_equal(http_query_parse(SLICE(""), &query), 0, "the empty query");
	ok_int_equal(query.count, 0, "no parameters");
	http_query_release(&query);
	ok_int_equal(http_query_parse((struct slice){ 0 }, &query), 0, "no query");
	http_query_release(&query);
	ok_int_equal(http_query_parse(SLICE("a=b=c"), &query), 0, "an equals sign in a value");
	tap_ok(http_query_find(&query, "a", &value) && slice_is(value, "b=c"), "is its own");
	http_query_release(&query);
}

static void test_bad_queries(void)
{
	static const char *const bad[] = {
		"a=%",
		"a=%4",
		"%zz=1",
		"a=1&a=2",
		"a=1&%61=2",
		"a=%FF",
		"%C3=1",
		"a=%ED%A0%80",
		"a=%00",
		"a=%0A",
		"a=%C2%80",
		"a\n=1",
	};
	struct http_query query;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok_int_equal(http_query_parse(slice_of(bad[i]), &query), HTTP_QUERY_INVALID,
			"refuse query number %zu", i);
}

/* Writes "p0=v&p1=v&..." with so many parameters. */
static void many_parameters(char *to, size_t size, int count)
{
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += (size_t)snprintf(to + len, size - len, "&p%d=v", i);
}

static void test_query_limit(void)
{
	struct http_query query;
	char text[256];

	many_parameters(text, sizeof(text), HTTP_PARAMETERS_MAX);
	ok_int_equal(http_query_parse(slice_of(text), &query), 0, "as many as there may be");
	ok_int_equal(query.count, HTTP_PARAMETERS_MAX, "all are there");
	http_query_release(&query);
	many_parameters(text, sizeof(text), HTTP_PARAMETERS_MAX + 1);
	ok_int_equal(http_query_parse(slice_of(text), &query), HTTP_QUERY_INVALID, "one more");
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		bool valid;
		uint64_t number;
	} cases[] = {
		{ "1", 1, 100, true, 1 },
		{ "100", 1, 100, true, 100 },
		{ "007", 1, 100, true, 7 },
		{ "0", 1, 100, false, 0 },
		{ "101", 1, 100, false, 0 },
		{ "", 0, 100, false, 0 },
		{ "-1", 0, 100, false, 0 },
		{ "+1", 0, 100, false, 0 },
		{ " 1", 0, 100, false, 0 },
		{ "1 ", 0, 100, false, 0 },
		{ "1.0", 0, 100, false, 0 },
		{ "0x1", 0, 100, false, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, false, 0 },
		{ "99999999999999999999999", 0, UINT64_MAX, false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t number = 4711;
		int r = http_number_parse(slice_of(cases[i].text), cases[i].min, cases[i].max,
			&number);

		ok_int_equal(r, cases[i].valid ? 0 : -EINVAL, "number \"%s\"", cases[i].text);
		tap_ok(number == (cases[i].valid ? cases[i].number : 4711), "its value");
	}
}

static void test_types(void)
{
	static const struct {
		const char *type;
		bool json;
	} cases[] = {
		{ "application/json", true },
		{ "Application/JSON", true },
		{ "application/json;charset=utf-8", true },
		{ "application/json; charset=\"UTF-8\"", true },
		{ " application/json ; Charset=utf-8 ", true },
		{ "application/json; profile=x", true },
		{ "application/json;", true },
		{ "application/json; charset=iso-8859-1", false },
		{ "application/json; charset=", false },
		{ "application/json; charset", false },
		{ "application/jsonp", false },
		{ "application/jso", false },
		{ "text/json", false },
		{ "text/plain", false },
		{ "application/x-www-form-urlencoded", false },
		{ "", false },
		{ NULL, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(http_type_is_json(cases[i].type) == cases[i].json, "type %s",
			cases[i].type ? cases[i].type : "(none)");
}

static void test_bearer(void)
{
	static const struct {
		const char *header;
		int result;
		const char *token;
	} cases[] = {
		{ "Bearer abc.def-_~+/==", 0, "abc.def-_~+/==" },
		{ "bearer abc", 0, "abc" },
		{ "BEARER   abc  ", 0, "abc" },
		{ "Bearer", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearer ", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearer a b", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearer a, Bearer b", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearer =", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearer a=b", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearer \xc3\xa4", HTTP_BEARER_MALFORMED, NULL },
		{ "Bearerabc", HTTP_BEARER_NONE, NULL },
		{ "Basic dXNlcjpwYXNz", HTTP_BEARER_NONE, NULL },
		{ "", HTTP_BEARER_NONE, NULL },
		{ NULL, HTTP_BEARER_NONE, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice token = { 0 };
		const char *header = cases[i].header ? cases[i].header : "(none)";

		ok_int_equal(http_bearer(cases[i].header, &token), cases[i].result, "header %s",
			header);
		if (cases[i].token)
			tap_ok(slice_is(token, cases[i].token), "its token");
	}
}

static void test_cookies(void)
{
	static const struct {
		const char *header;
		const char *value;
	} cases[] = {
		{ "session=abc", "abc" },
		{ "a=1; session=abc; b=2", "abc" },
		{ "a=1;session=abc", "abc" },
		{ "session=\"abc\"", "abc" },
		{ "session=a=b", "a=b" },
		{ "session=first; session=second", "first" },
		{ "session=", "" },
		{ "session", "" },
		{ "xsession=abc", "" },
		{ "sessionx=abc", "" },
		{ "Session=abc", "" },
		{ "", "" },
		{ NULL, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(slice_is(http_cookie(cases[i].header, "session"), cases[i].value),
			"cookie in %s", cases[i].header ? cases[i].header : "(none)");
}

static void test_etags(void)
{
	static const struct {
		const char *header;
		bool matches;
	} cases[] = {
		{ "\"v1\"", true },
		{ "W/\"v1\"", true },
		{ "*", true },
		{ "\"v0\", \"v1\"", true },
		{ "\"v0\",W/\"v1\" ,\"v2\"", true },
		{ " * ", true },
		{ "\"v2\"", false },
		{ "\"v\"", false },
		{ "v1", false },
		{ "\"v11\"", false },
		{ "w/\"v1\"", false },
		{ "W/", false },
		{ ",", false },
		{ "", false },
		{ NULL, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(http_etag_matches(cases[i].header, "\"v1\"") == cases[i].matches,
			"If-None-Match: %s", cases[i].header ? cases[i].header : "(none)");
}

int main(void)
{
	test_variables();
	test_percent();
	test_query();
	test_bad_queries();
	test_query_limit();
	test_numbers();
	test_types();
	test_bearer();
	test_cookies();
	test_etags();
	return tap_done();
}
