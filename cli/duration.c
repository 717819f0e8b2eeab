/* Lengths of time, see duration.h. */
#include "cli/duration.h"
#include "lib/result.h"
#include "lib/timestamp.h"

#include <errno.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WEEK = 7 * DAY };

static int64_t unit_seconds(char letter)
{
	static const struct {
		char letter;
		int seconds;
	} units[] = { { 's', 1 }, { 'm', MINUTE }, { 'h', HOUR }, { 'd', DAY }, { 'w', WEEK } };

	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		if (letter == units[i].letter)
			return units[i].seconds;
	return 0;
}

int duration_parse(struct slice text, int64_t *ret_seconds)
{
	int64_t unit = text.len >= 2 ? unit_seconds(text.data[text.len - 1]) : 0;
	int64_t number = 0;

	if (unit == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len - 1; i++) {
		char digit = text.data[i];

		if (digit < '0' || digit > '9')
			return -EINVAL;
		/* Held at the limit: further digits are still checked, and it cannot overflow */
		if (number <= DURATION_MAX_SECONDS)
			number = number * 10 + (digit - '0');
	}
	if (number == 0)
		return -EINVAL;
	if (number > DURATION_MAX_SECONDS / unit)
		return -ERANGE;
	*ret_seconds = number * unit;
	return 0;
}

void duration_ago(int64_t now, int64_t then, char text[static DURATION_TEXT_SIZE])
{
	static const struct {
		int64_t below, unit;
		const char *name;
	} scale[] = {
		{ MINUTE, 1, "s" },
		{ HOUR, MINUTE, "min" },
		{ DAY, HOUR, "h" },
		{ 31 * DAY, DAY, "d" },
	};
	int64_t seconds = (now - then) / 1000;
	char date[TIMESTAMP_SIZE];

	if (seconds <= 0) {
		snprintf(text, DURATION_TEXT_SIZE, "now");
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(scale); i++) {
		if (seconds < scale[i].below) {
			snprintf(text, DURATION_TEXT_SIZE, "%lld %s ago",
				(long long)(seconds / scale[i].unit), scale[i].name);
			return;
		}
	}
	timestamp_format(then, date);
	snprintf(text, DURATION_TEXT_SIZE, "%.10s", date);
}
