/* Sizes and lengths of time for people. */
#include "lib/quantity.h"

#include "tests/tap.h"

#include <inttypes.h>

static void ok_text(void (*quantity)(struct buffer *to, uint64_t number), uint64_t number,
	const char *expected)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	quantity(&text, number);
	ok_string_equal(buffer_string(&text), expected, "%" PRIu64, number);
}

int main(void)
{
	ok_text(quantity_bytes, 0, "0 B");
	ok_text(quantity_bytes, 999, "999 B");
	ok_text(quantity_bytes, 1000, "1.0 kB");
	ok_text(quantity_bytes, 16777215, "16.8 MB");
	ok_text(quantity_bytes, UINT64_C(2500000000000), "2.5 TB");
	ok_text(quantity_bytes, UINT64_C(2500000000000000), "2500.0 TB");
	ok_text(quantity_microseconds, 0, "0 us");
	ok_text(quantity_microseconds, 999, "999 us");
	ok_text(quantity_microseconds, 1500, "1.5 ms");
	ok_text(quantity_microseconds, 59900000, "59.9 s");
	ok_text(quantity_microseconds, 60000000, "1 min");
	ok_text(quantity_seconds, 0, "0 s");
	ok_text(quantity_seconds, 59, "59 s");
	ok_text(quantity_seconds, 119, "1 min");
	ok_text(quantity_seconds, 3600, "1 h");
	ok_text(quantity_seconds, 3600 + 20 * 60 + 59, "1 h 20 min");
	ok_text(quantity_seconds, 12 * 86400 + 4 * 3600 + 1, "12 d 4 h");
	return tap_done();
}
