/* cli/duration: lengths of time, read and written. */
#include "cli/duration.h"
#include "tests/tap.h"

#include <errno.h>

static void parsed(const char *text, int expected, int64_t expected_seconds)
{
	int64_t seconds = -1;

	ok_int_equal(duration_parse(slice_of(text), &seconds), expected, "\"%s\": the result",
		text);
	ok_int_equal(seconds, expected == 0 ? expected_seconds : -1, "\"%s\": the seconds", text);
}

static void test_parse(void)
{
	parsed("1s", 0, 1);
	parsed("90s", 0, 90);
	parsed("15m", 0, 900);
	parsed("1h", 0, 3600);
	parsed("7d", 0, 604800);
	parsed("2w", 0, 1209600);
	parsed("007s", 0, 7);
	parsed("3660d", 0, DURATION_MAX_SECONDS);
	parsed("3661d", -ERANGE, 0);
	parsed("316224000s", 0, DURATION_MAX_SECONDS);
	parsed("316224001s", -ERANGE, 0);
	parsed("18446744073709551617s", -ERANGE, 0);
	parsed("99999999999999999999999999999999999w", -ERANGE, 0);
	parsed("", -EINVAL, 0);
	parsed("s", -EINVAL, 0);
	parsed("1", -EINVAL, 0);
	parsed("0h", -EINVAL, 0);
	parsed("-1h", -EINVAL, 0);
	parsed("+1h", -EINVAL, 0);
	parsed("1.5h", -EINVAL, 0);
	parsed(" 1h", -EINVAL, 0);
	parsed("1h ", -EINVAL, 0);
	parsed("1H", -EINVAL, 0);
	parsed("1h30m", -EINVAL, 0);
	parsed("9999999999999999999999x9s", -EINVAL, 0);
}

static void ago(int64_t milliseconds, const char *expected)
{
	const int64_t now = INT64_C(1767225600000); /* 2026-01-01T00:00:00Z */
	char text[DURATION_TEXT_SIZE];

	duration_ago(now, now - milliseconds, text);
	ok_string_equal(text, expected, "%lld ms ago", (long long)milliseconds);
}

static void test_ago(void)
{
	ago(-5000, "now");
	ago(0, "now");
	ago(999, "now");
	ago(1000, "1 s ago");
	ago(59999, "59 s ago");
	ago(60000, "1 min ago");
	ago(3599999, "59 min ago");
	ago(3600000, "1 h ago");
	ago(86399999, "23 h ago");
	ago(86400000, "1 d ago");
	ago(INT64_C(31) * 86400000 - 1, "30 d ago");
	ago(INT64_C(31) * 86400000, "2025-12-01");
	ago(INT64_C(1767225600000), "1970-01-01");
}

int main(void)
{
	test_parse();
	test_ago();
	return tap_done();
}
