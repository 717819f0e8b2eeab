/*
 * RFC 3339 to milliseconds and back. The civil calendar is computed here
 * rather than by timegm(): that takes months of 40 days without complaint.
 */
#include "lib/timestamp.h"

#include <errno.h>
#include <time.h>

static const int64_t DAY_MS = INT64_C(86400000);

int64_t timestamp_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t timestamp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put_digits(char *to, unsigned value, int digits)
{
	while (digits-- > 0) {
		to[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

void timestamp_format(int64_t time, char text[static TIMESTAMP_SIZE])
{
	time_t seconds = (time_t)(time / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	memcpy(text, "0000-00-00T00:00:00.000Z", TIMESTAMP_SIZE);
	put_digits(text, (unsigned)tm.tm_year + 1900, 4);
	put_digits(text + 5, (unsigned)tm.tm_mon + 1, 2);
	put_digits(text + 8, (unsigned)tm.tm_mday, 2);
	put_digits(text + 11, (unsigned)tm.tm_hour, 2);
	put_digits(text + 14, (unsigned)tm.tm_min, 2);
	put_digits(text + 17, (unsigned)tm.tm_sec, 2);
	put_digits(text + 20, (unsigned)(time % 1000), 3);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes a number of exactly so many digits off the front; -1 if it is not there. */
static int take_number(struct slice *text, size_t digits)
{
	int value = 0;

	if (text->len < digits)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(text->data[i]))
			return -1;
		value = value * 10 + (text->data[i] - '0');
	}
	text->data += digits;
	text->len -= digits;
	return value;
}

static bool take_one_of(struct slice *text, const char *accepted)
{
	if (text->len == 0 || text->data[0] == '\0' || !strchr(accepted, text->data[0]))
		return false;
	text->data++;
	text->len--;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the given day of the proleptic Gregorian calendar. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t years = (int64_t)year - 1;
	int64_t days = years * 365 + years / 4 - years / 100 + years / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += days_in_month(year, m);
	return days + day - 1;
}

static int take_date(struct slice *text, int64_t *ret_days)
{
	int year = take_number(text, 4);
	int month = take_one_of(text, "-") ? take_number(text, 2) : -1;
	int day = take_one_of(text, "-") ? take_number(text, 2) : -1;

	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return -EINVAL;
	*ret_days = days_from_civil(year, month, day);
	return 0;
}

static int take_time(struct slice *text, int64_t *ret_ms)
{
	int hour = take_number(text, 2);
	int minute = take_one_of(text, ":") ? take_number(text, 2) : -1;
	int second = take_one_of(text, ":") ? take_number(text, 2) : -1;
	int ms = 0;

	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return -EINVAL;
	if (take_one_of(text, ".")) {
		if (text->len == 0 || !is_digit(text->data[0]))
			return -EINVAL;
		for (int scale = 100; text->len > 0 && is_digit(text->data[0]); scale /= 10)
			ms += take_number(text, 1) * scale;
	}
	*ret_ms = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + ms;
	return 0;
}

static int take_offset(struct slice *text, int64_t *ret_ms)
{
	bool west = text->len > 0 && text->data[0] == '-';
	int hours, minutes;

	*ret_ms = 0;
	if (take_one_of(text, "Zz"))
		return 0;
	if (!take_one_of(text, "+-"))
		return -EINVAL;
	hours = take_number(text, 2);
	minutes = take_one_of(text, ":") ? take_number(text, 2) : -1;
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -EINVAL;
	*ret_ms = (int64_t)(hours * 60 + minutes) * (west ? -60000 : 60000);
	return 0;
}

int timestamp_parse(struct slice text, int64_t *ret_time)
{
	int64_t days, ms, offset, time;

	if (take_date(&text, &days) < 0 || !take_one_of(&text, "Tt ") ||
	    take_time(&text, &ms) < 0 || take_offset(&text, &offset) < 0 || text.len > 0)
		return -EINVAL;
	time = days * DAY_MS + ms - offset;
	if (time < 0 || time > TIMESTAMP_MAX)
		return -EINVAL;
	*ret_time = time;
	return 0;
}
