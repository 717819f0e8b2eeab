/* Text that is made harmless, and numbers as people read them. */
#include "cgi/html.h"

#include "tests/tap.h"

#include <math.h>

typedef void formatter(struct buffer *to, double number);

static void check(formatter *format, double number, const char *expected)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	format(&text, number);
	ok_string_equal(buffer_string(&text), expected, "%g", number);
}

static void test_text(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	html_append(&text, SLICE("<a href=\"x\">'&amp;' ü</a>"));
	ok_string_equal(buffer_string(&text), "&lt;a href=&quot;x&quot;&gt;'&amp;amp;' ü&lt;/a&gt;",
		"what could end an element or an attribute");
	buffer_clear(&text);
	html_fill(&text, "<i>$</i><b>$</b>", SLICE("$<"));
	ok_string_equal(buffer_string(&text), "<i>$&lt;</i><b>$&lt;</b>", "in several places");
	html_append(&text, (struct slice){ 0 });
	tap_ok(buffer_status(&text) == 0, "nothing is nothing");
}

static void test_numbers(void)
{
	check(html_append_number, 0, "0");
	check(html_append_number, 999, "999");
	check(html_append_number, 1000, "1,000");
	check(html_append_number, 1234567, "1,234,567");
	check(html_append_number, -123456, "-123,456");
	check(html_append_number, NAN, "–");
	check(html_append_rate, 0, "0");
	check(html_append_rate, 0.254, "0.25");
	check(html_append_rate, 3.14, "3.1");
	check(html_append_rate, 3, "3");
	check(html_append_rate, 31.4, "31");
	check(html_append_rate, 31415.9, "31,416");
	check(html_append_rate, NAN, "–");
}

static void test_quantities(void)
{
	check(html_append_microseconds, 0, "0 µs");
	check(html_append_microseconds, 999, "999 µs");
	check(html_append_microseconds, 1500, "1.5 ms");
	check(html_append_microseconds, 2500000, "2.5 s");
	check(html_append_microseconds, NAN, "–");
	check(html_append_bytes, 512, "512 B");
	check(html_append_bytes, 1.5e9, "1.5 GB");
	check(html_append_bytes, NAN, "–");
}

int main(void)
{
	test_text();
	test_numbers();
	test_quantities();
	return tap_done();
}
