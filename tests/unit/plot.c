/* Plots: what is drawn where, gaps, and the words for those who do not see it. */
#include "cgi/plot.h"

#include "cgi/html.h"
#include "tests/tap.h"

#include <math.h>
#include <string.h>

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void ok_has(const char *text, const char *what, const char *name)
{
	if (!tap_ok(strstr(text, what), "%s", name))
		tap_note("%s is not in %s", what, text);
}

static void test_round(void)
{
	static const struct {
		double number, round;
	} cases[] = { { 0, 1 }, { NAN, 1 }, { 0.3, 1 }, { 1, 1 }, { 1.1, 2 }, { 2, 2 }, { 3, 5 },
		{ 5, 5 }, { 7, 10 }, { 10, 10 }, { 11, 20 }, { 999, 1000 }, { 1000, 1000 },
		{ 4.2e9, 5e9 } };

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		tap_ok(fabs(plot_round_up(cases[i].number) - cases[i].round) < 1e-6, "%g up to %g",
			cases[i].number, cases[i].round);
}

static void test_lines(void)
{
	static const double first[] = { 0, 5, 10, NAN, 20, NAN },
			    second[] = { NAN, NAN, NAN, NAN, NAN, NAN };
	const struct plot_lines plot = { .title = "\"A\" & <b>",
		.span = "ago",
		.format = html_append_number,
		.least = 1,
		.points = 6,
		.lines = 2,
		.line = { { "first", first }, { "second", second } } };
	_cleanup_(buffer_release) struct buffer svg = { 0 };
	const char *text;

	plot_append_lines(&svg, &plot);
	text = buffer_string(&svg);
	ok_has(text,
		"role=\"img\" aria-label=\"&quot;A&quot; &amp; &lt;b&gt;: first –, second –\">",
		"the label has the newest values");
	ok_int_equal((intmax_t)count(text, "<polyline"), 2,
		"a gap divides a line, nothing is none");
	ok_has(text, "class=\"line line-1\" points=\"54.0,112.0 114.0,86.0 174.0,60.0\"",
		"three points, half as high as the axis at most");
	ok_has(text, "points=\"294.0,8.0 294.5,8.0\"", "one by itself can be seen");
	ok_has(text, ">20</text>", "the axis reaches the greatest value");
	ok_has(text, ">ago</text>", "where it begins");
	tap_ok(!strstr(text, "nan"), "what is not known is not drawn");
}

static void test_empty_lines(void)
{
	static const double values[] = { NAN, NAN };
	const struct plot_lines plot = { .title = "t",
		.span = "ago",
		.format = html_append_microseconds,
		.least = 1000,
		.points = 2,
		.lines = 1,
		.line = { { "lag", values } } };
	_cleanup_(buffer_release) struct buffer svg = { 0 };

	plot_append_lines(&svg, &plot);
	ok_has(buffer_string(&svg), ">1.0 ms</text>", "without values the axis is the least one");
	tap_ok(!strstr(svg.data, "<polyline"), "and there are no lines");
}

static void test_bars(void)
{
	static const double bounds[] = { 1000, 2000 }, counts[] = { 1, 0, 999 };
	const struct plot_bars plot = { .title = "Times",
		.format = html_append_microseconds,
		.bars = 3,
		.bounds = bounds,
		.counts = counts };
	_cleanup_(buffer_release) struct buffer svg = { 0 };
	const char *text;

	plot_append_bars(&svg, &plot);
	text = buffer_string(&svg);
	ok_int_equal((intmax_t)count(text, "<rect"), 3, "each has a bar");
	ok_has(text, "height=\"1.0\"><title>0 µs to 1.0 ms: 1 (0.1 %)</title>",
		"a small one can be seen, and says what it is");
	ok_has(text, "height=\"0.0\"><title>1.0 ms to 2.0 ms: 0 (0.0 %)</title>", "an empty one");
	ok_has(text, "<title>above 2.0 ms: 999 (99.9 %)</title>", "and all above");
	ok_has(text, ">1,000</text>", "the axis");
}

static void test_no_counts(void)
{
	static const double bounds[] = { 50 }, counts[] = { 0, 0 };
	const struct plot_bars plot = { .title = "Times",
		.format = html_append_microseconds,
		.bars = 2,
		.bounds = bounds,
		.counts = counts };
	_cleanup_(buffer_release) struct buffer svg = { 0 };

	plot_append_bars(&svg, &plot);
	tap_ok(!strstr(buffer_string(&svg), "nan") && !strstr(svg.data, "%"),
		"of nothing there is no share");
}

int main(void)
{
	test_round();
	test_lines();
	test_empty_lines();
	test_bars();
	test_no_counts();
	return tap_done();
}
