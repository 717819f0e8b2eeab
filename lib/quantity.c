/* Sizes and lengths of time for people, see quantity.h. */
#include "lib/quantity.h"

#include <inttypes.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* In the first unit, or one that is a thousand times as large as the one before. */
static void append_scaled(struct buffer *to, uint64_t number, const char *const *units,
	size_t count)
{
	double value = (double)number;
	size_t unit = 0;

	for (; value >= 1000 && unit + 1 < count; unit++)
		value /= 1000;
	if (unit == 0)
		buffer_print(to, "%" PRIu64 " %s", number, units[0]);
	else
		buffer_print(to, "%.1f %s", value, units[unit]);
}

void quantity_bytes(struct buffer *to, uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };

	append_scaled(to, bytes, units, ARRAY_LENGTH(units));
}

void quantity_seconds(struct buffer *to, uint64_t seconds)
{
	static const struct {
		uint64_t least, unit, smaller;
		const char *name, *smaller_name;
	} scale[] = {
		{ DAY, DAY, HOUR, "d", "h" },
		{ HOUR, HOUR, MINUTE, "h", "min" },
		{ MINUTE, MINUTE, MINUTE, "min", "" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(scale); i++) {
		uint64_t rest = seconds % scale[i].unit / scale[i].smaller;

		if (seconds < scale[i].least)
			continue;
		buffer_print(to, "%" PRIu64 " %s", seconds / scale[i].unit, scale[i].name);
		if (rest > 0)
			buffer_print(to, " %" PRIu64 " %s", rest, scale[i].smaller_name);
		return;
	}
	buffer_print(to, "%" PRIu64 " s", seconds);
}

void quantity_microseconds(struct buffer *to, uint64_t microseconds)
{
	static const char *const units[] = { "us", "ms", "s" };

	if (microseconds >= (uint64_t)MINUTE * 1000000)
		quantity_seconds(to, microseconds / 1000000);
	else
		append_scaled(to, microseconds, units, ARRAY_LENGTH(units));
}
