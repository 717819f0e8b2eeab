/*
 * Times: both directions against the C library's calendar for every day from
 * 1970 to 9999, and every way in which the text can be wrong.
 */
#include "lib/result.h"
#include "lib/timestamp.h"
#include "tests/tap.h"

#include <errno.h>
#include <time.h>

static const int64_t UNTOUCHED = -77;

static void check_parse(const char *text, int64_t expected)
{
	int64_t time = UNTOUCHED;

	ok_int_equal(timestamp_parse(slice_of(text), &time), 0, "%s: read", text);
	ok_int_equal(time, expected, "%s: the time", text);
}

static void check_refused(struct slice text, const char *what)
{
	int64_t time = UNTOUCHED;

	ok_int_equal(timestamp_parse(text, &time), -EINVAL, "%s: refused", what);
	ok_int_equal(time, UNTOUCHED, "%s: nothing handed out", what);
}

static void test_parse(void)
{
	check_parse("1970-01-01T00:00:00Z", 0);
	check_parse("1970-01-01T00:00:00.001Z", 1);
	check_parse("2026-01-31T09:30:00.123Z", INT64_C(1769851800123));
	check_parse("2026-01-31t09:30:00.123z", INT64_C(1769851800123));
	check_parse("2026-01-31 09:30:00.123Z", INT64_C(1769851800123));
	check_parse("2000-02-29T00:00:00Z", INT64_C(951782400000));
	check_parse("2024-02-29T23:59:59.999Z", INT64_C(1709251199999));
	check_parse("9999-12-31T23:59:59.999Z", TIMESTAMP_MAX);
}

static void test_fractions(void)
{
	check_parse("1970-01-01T00:00:00.1Z", 100);
	check_parse("1970-01-01T00:00:00.12Z", 120);
	check_parse("1970-01-01T00:00:00.000Z", 0);
	check_parse("1970-01-01T00:00:00.0019Z", 1);
	check_parse("1970-01-01T00:00:00.9999999999999999999999999999999999999Z", 999);
}

static void test_offsets(void)
{
	check_parse("1970-01-01T00:00:00+00:00", 0);
	check_parse("1970-01-01T00:00:00-00:00", 0);
	check_parse("1970-01-01T01:00:00+01:00", 0);
	check_parse("1970-01-01T05:45:00+05:45", 0);
	check_parse("1970-01-01T00:00:00-23:59", INT64_C(86340000));
	check_parse("1970-01-01T23:59:00+23:59", 0);
	check_parse("2026-12-31T23:30:00-01:00", INT64_C(1798763400000));
	check_parse("9999-12-31T23:59:59.999+00:00", TIMESTAMP_MAX);
}

static void test_out_of_range(void)
{
	check_refused(SLICE("1969-12-31T23:59:59Z"), "before 1970");
	check_refused(SLICE("1970-01-01T00:59:59+01:00"), "before 1970 by its offset");
	check_refused(SLICE("9999-12-31T23:59:59.999-00:01"), "behind 9999 by its offset");
	check_refused(SLICE("0000-01-01T00:00:00Z"), "the year 0");
	check_refused(SLICE("10000-01-01T00:00:00Z"), "a year of five digits");
}

static const char *const wrong_calendar[] = {
	"2026-00-01T00:00:00Z",
	"2026-13-01T00:00:00Z",
	"2026-01-00T00:00:00Z",
	"2026-01-32T00:00:00Z",
	"2026-04-31T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2024-02-30T00:00:00Z",
	"2026-01-01T24:00:00Z",
	"2026-01-01T00:60:00Z",
	"2026-01-01T00:00:60Z",
	"2026-01-01T00:00:61Z",
	"2026-01-01T00:00:00+24:00",
	"2026-01-01T00:00:00+00:60",
};

static void test_wrong_calendar(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(wrong_calendar); i++)
		check_refused(slice_of(wrong_calendar[i]), wrong_calendar[i]);
}

static const char *const wrong_form[] = {
	"",
	" ",
	"Z",
	"now",
	"1769851800",
	"2026-01-31",
	"2026-01-31T",
	"09:30:00Z",
	"2026-01-31T09:30Z",
	"2026-01-31T09:30:00",
	"2026-01-31T09:30:00.Z",
	"2026-01-31T09:30:00,5Z",
	"2026-01-31T09:30:00.5",
	"2026-01-31T09:30:00ZZ",
	"2026-01-31T09:30:00Z ",
	" 2026-01-31T09:30:00Z",
	"2026-01-31T09:30:00 Z",
	"2026/01/31T09:30:00Z",
	"20260131T093000Z",
	"2026-1-31T09:30:00Z",
	"+026-01-31T09:30:00Z",
	"2026-01-+1T09:30:00Z",
	"2026-01- 1T09:30:00Z",
	"2026-01-31_09:30:00Z",
	"2026-01-31T09:30:00+0100",
	"2026-01-31T09:30:00+01",
	"2026-01-31T09:30:00+01:0",
	"2026-01-31T09:30:00+01:000",
	"2026-01-31T09:30:00+",
	"2026-01-31T09:30:00UTC",
	"2026-01-31T09:30:00.-5Z",
	"2026-01-31T-9:30:00Z",
	"\xd9\xa2\x30\x32\x36-01-31T09:30:00Z",
};

static void test_wrong_form(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(wrong_form); i++)
		check_refused(slice_of(wrong_form[i]), wrong_form[i]);
	check_refused((struct slice){ 0 }, "no text at all");
	check_refused(SLICE("2026-01-31T09:30:00\0"), "NUL for the zone");
	check_refused(SLICE("2026-01-31\00009:30:00Z"), "NUL for the T");
	check_refused(SLICE("2026-01-31T09:30:00Z\0"), "NUL behind it");
}

/* Each truncation in memory of its own, and each byte replaced. */
static void test_every_damage(void)
{
	static const char whole[] = "2026-01-31T09:30:00.123+01:00";
	size_t taken = 0;
	int64_t time;

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		_cleanup_(freeing_memory) char *copy = malloc(len ? len : 1);

		memcpy(copy, whole, len);
		taken += timestamp_parse((struct slice){ .data = copy, .len = len }, &time) == 0;
	}
	ok_int_equal(taken, 0, "no truncation is taken");
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		for (int byte = 0; byte < 256; byte++) {
			char copy[sizeof(whole)];
			bool digit = byte >= '0' && byte <= '9';

			memcpy(copy, whole, sizeof(whole));
			copy[i] = (char)byte;
			if (digit || copy[i] == whole[i] || strchr("tT -+Zz", byte))
				continue;
			taken += timestamp_parse(slice_of(copy), &time) == 0;
		}
	}
	ok_int_equal(taken, 0, "no byte that does not belong there is taken");
}

static void test_format(void)
{
	static const struct {
		int64_t time;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999, "1970-01-01T00:00:00.999Z" },
		{ 1000, "1970-01-01T00:00:01.000Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(1769851800123), "2026-01-31T09:30:00.123Z" },
		{ INT64_C(4102444800000), "2100-01-01T00:00:00.000Z" },
		{ TIMESTAMP_MAX, "9999-12-31T23:59:59.999Z" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[TIMESTAMP_SIZE + 1];

		memset(text, 'x', sizeof(text));
		timestamp_format(cases[i].time, text);
		ok_string_equal(text, cases[i].text, "%s: written", cases[i].text);
		ok_int_equal(text[TIMESTAMP_SIZE], 'x', "%s: not a byte more", cases[i].text);
	}
}

/* A moment of every day there is, to the C library's text and back. */
static void test_every_day(void)
{
	const int64_t step = INT64_C(86400000) - 1013;
	unsigned wrong_text = 0, wrong_time = 0, days = 0;

	for (int64_t time = 0; time <= TIMESTAMP_MAX; time += step, days++) {
		char text[TIMESTAMP_SIZE], expected[64];
		time_t seconds = time / 1000;
		int64_t again = UNTOUCHED;
		struct tm tm;

		timestamp_format(time, text);
		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected + 19, 8, ".%03dZ", (int)(time % 1000));
		wrong_text += strcmp(text, expected) != 0;
		wrong_time += timestamp_parse(slice_of(text), &again) != 0 || again != time;
	}
	tap_ok(days > 2900000, "%u days", days);
	ok_int_equal(wrong_text, 0, "each is written as the C library would");
	ok_int_equal(wrong_time, 0, "each is read as it was");
}

static void test_now(void)
{
	time_t before = time(NULL);
	int64_t now = timestamp_now();
	time_t after = time(NULL);

	/* time() may lag behind by a tick of the kernel's clock */
	tap_ok(now / 1000 >= before && now / 1000 <= after + 1, "now is now");
}

int main(void)
{
	test_parse();
	test_fractions();
	test_offsets();
	test_out_of_range();
	test_wrong_calendar();
	test_wrong_form();
	test_every_damage();
	test_format();
	test_every_day();
	test_now();
	return tap_done();
}
