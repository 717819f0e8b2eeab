/* Origins: what is the same one, and what only looks like it. */
#include "lib/origin.h"
#include "lib/result.h"

#include "tests/tap.h"

static void test_listed(void)
{
	static char app[] = "https://app.example", null[] = "null";
	static char *list[] = { app, null, NULL }, *nothing[] = { NULL };

	tap_ok(origin_is_listed(list, SLICE("https://app.example")), "one that is listed");
	tap_ok(origin_is_listed(list, SLICE("HTTPS://App.Example")), "in other letters");
	tap_ok(!origin_is_listed(list, SLICE("https://app.example:443")), "not with a port");
	tap_ok(!origin_is_listed(list, SLICE("https://app.example.evil")), "not a longer one");
	tap_ok(!origin_is_listed(list, SLICE("https://app.exampl")), "not a shorter one");
	tap_ok(!origin_is_listed(list, SLICE("null")), "not null, even where it is listed");
	tap_ok(!origin_is_listed(list, SLICE("")), "not nothing");
	tap_ok(!origin_is_listed(nothing, SLICE("https://app.example")), "and none of no list");
}

static void test_same(void)
{
	static const struct {
		struct slice origin;
		const char *scheme;
		struct slice host;
		bool same;
	} rows[] = {
		{ SLICE("http://a.example"), "http", SLICE("a.example"), true },
		{ SLICE("http://A.EXAMPLE"), "http", SLICE("a.example"), true },
		{ SLICE("http://a.example:8080"), "http", SLICE("a.example:8080"), true },
		{ SLICE("http://a.example"), "http", SLICE("a.example:80"), true },
		{ SLICE("https://a.example"), "https", SLICE("a.example:443"), true },
		{ SLICE("http://[::1]"), "http", SLICE("[::1]:80"), true },
		{ SLICE("http://a.example"), "http", SLICE("a.example:443"), false },
		{ SLICE("https://a.example"), "http", SLICE("a.example"), false },
		{ SLICE("http://a.example"), "https", SLICE("a.example"), false },
		{ SLICE("http://a.example.evil"), "http", SLICE("a.example"), false },
		{ SLICE("http://a.example"), "http", SLICE("a.example.evil"), false },
		{ SLICE("http:/a.example"), "http", SLICE("a.example"), false },
		{ SLICE("http://"), "http", SLICE(""), false },
		{ SLICE("http"), "http", SLICE("a"), false },
		{ SLICE("null"), "http", SLICE("null"), false },
		{ SLICE(""), "http", SLICE("a.example"), false },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ok_int_equal(origin_is_of(rows[i].origin, rows[i].scheme, rows[i].host),
			rows[i].same, "%.*s and %s of %.*s", (int)rows[i].origin.len,
			rows[i].origin.data, rows[i].scheme, (int)rows[i].host.len,
			rows[i].host.data);
}

int main(void)
{
	test_listed();
	test_same();
	return tap_done();
}
