/*
 * Plots, see plot.h. The coordinates are those of the view box; the page decides how large it
 * is shown. What a plot shows is also told in words, as its label and as titles of its bars.
 */
#include "cgi/plot.h"

#include "cgi/html.h"

#include <math.h>

enum {
	WIDTH = 360,
	HEIGHT = 132,
	LEFT = 54, /* room for the numbers at the axis */
	RIGHT = 6,
	TOP = 8,
	BOTTOM = 20,
	INNER_WIDTH = WIDTH - LEFT - RIGHT,
	INNER_HEIGHT = HEIGHT - TOP - BOTTOM,
	GAP = 2, /* between bars */
};

double plot_round_up(double number)
{
	double power;

	if (!(number > 1))
		return 1;
	power = pow(10, floor(log10(number)));
	for (int i = 0; i < 3; i++) {
		double round = (double[]){ 1, 2, 5 }[i] * power;

		if (number <= round * (1 + 1e-9))
			return round;
	}
	return 10 * power;
}

static void open_plot(struct buffer *to, const char *title)
{
	buffer_print(to, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		WIDTH, HEIGHT);
	html_append(to, slice_of(title));
}

/* A line across at this share of the height, and the number that it stands for. */
static void append_grid(struct buffer *to, double share, double number, plot_format *format)
{
	double y = TOP + INNER_HEIGHT * (1 - share);

	buffer_print(to, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
		WIDTH - RIGHT, y, y);
	buffer_print(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 5, y + 3.5);
	format(to, number);
	buffer_append_string(to, "</text>");
}

static void append_below(struct buffer *to, double x, const char *anchor, const char *text)
{
	buffer_print(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>", x, HEIGHT - 5,
		anchor, text);
}

/* ---- lines ---- */

static double greatest(const struct plot_lines *plot)
{
	double top = 0;

	for (size_t i = 0; i < plot->lines; i++)
		for (size_t j = 0; j < plot->points; j++)
			top = fmax(top, plot->line[i].values[j]); /* which passes over NAN */
	return top;
}

static double x_of(const struct plot_lines *plot, size_t point)
{
	return LEFT + INNER_WIDTH * (double)point / (double)(plot->points - 1);
}

static double y_of(double value, double top)
{
	return TOP + INNER_HEIGHT * (1 - value / top);
}

/* One piece of a line without a gap, from `begin` to before `end`; a single point is a dot. */
static void append_piece(struct buffer *to, const struct plot_lines *plot, size_t line,
	size_t begin, size_t end, double top)
{
	const double *values = plot->line[line].values;

	buffer_print(to, "<polyline class=\"line line-%zu\" points=\"", line + 1);
	for (size_t i = begin; i < end; i++)
		buffer_print(to, "%s%.1f,%.1f", i > begin ? " " : "", x_of(plot, i),
			y_of(values[i], top));
	if (end == begin + 1)
		buffer_print(to, " %.1f,%.1f", x_of(plot, begin) + 0.5, y_of(values[begin], top));
	buffer_append_string(to, "\"/>");
}

static void append_line(struct buffer *to, const struct plot_lines *plot, size_t line, double top)
{
	const double *values = plot->line[line].values;
	size_t begin, end = 0;

	while (end < plot->points) {
		for (begin = end; begin < plot->points && isnan(values[begin]); begin++)
			;
		for (end = begin; end < plot->points && !isnan(values[end]); end++)
			;
		if (begin < end)
			append_piece(to, plot, line, begin, end, top);
	}
}

void plot_append_lines(struct buffer *to, const struct plot_lines *plot)
{
	double top = plot_round_up(fmax(greatest(plot), plot->least));

	open_plot(to, plot->title);
	for (size_t i = 0; i < plot->lines; i++) {
		buffer_print(to, "%s %s ", i == 0 ? ":" : ",", plot->line[i].name);
		plot->format(to, plot->line[i].values[plot->points - 1]);
	}
	buffer_append_string(to, "\">");
	append_grid(to, 0, 0, plot->format);
	append_grid(to, 0.5, top / 2, plot->format);
	append_grid(to, 1, top, plot->format);
	for (size_t i = 0; i < plot->lines; i++)
		append_line(to, plot, i, top);
	append_below(to, LEFT, "start", plot->span);
	append_below(to, WIDTH - RIGHT, "end", "now");
	buffer_append_string(to, "</svg>");
}

/* ---- bars ---- */

/* "1.0 ms to 2.0 ms", "above 5.0 s" */
static void append_range(struct buffer *to, const struct plot_bars *plot, size_t bar)
{
	if (bar + 1 == plot->bars) {
		buffer_append_string(to, "above ");
		plot->format(to, plot->bounds[bar - 1]);
		return;
	}
	plot->format(to, bar > 0 ? plot->bounds[bar - 1] : 0);
	buffer_append_string(to, " to ");
	plot->format(to, plot->bounds[bar]);
}

/* One that is not empty can be seen, however small its share is. */
static void append_bar(struct buffer *to, const struct plot_bars *plot, size_t bar, double top,
	double sum)
{
	double step = (double)INNER_WIDTH / (double)plot->bars;
	double count = plot->counts[bar];
	double height = count > 0 ? fmax(INNER_HEIGHT * count / top, 1) : 0;

	buffer_print(to,
		"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
		LEFT + step * (double)bar + GAP / 2.0, TOP + INNER_HEIGHT - height, step - GAP,
		height);
	buffer_append_string(to, "<title>");
	append_range(to, plot, bar);
	buffer_append_string(to, ": ");
	html_append_number(to, count);
	if (sum > 0)
		buffer_print(to, " (%.1f %%)", 100 * count / sum);
	buffer_append_string(to, "</title></rect>");
}

/* Every third bound, for there is no room for more; the line is at the bar's right. */
static void append_bounds(struct buffer *to, const struct plot_bars *plot)
{
	double step = (double)INNER_WIDTH / (double)plot->bars;

	for (size_t i = 1; i + 1 < plot->bars; i += 3) {
		_cleanup_(buffer_release) struct buffer text = { 0 };

		plot->format(&text, plot->bounds[i]);
		if (buffer_string(&text))
			append_below(to, LEFT + step * (double)(i + 1), "middle", text.data);
	}
}

void plot_append_bars(struct buffer *to, const struct plot_bars *plot)
{
	double top = 0, sum = 0;

	for (size_t i = 0; i < plot->bars; i++) {
		top = fmax(top, plot->counts[i]);
		sum += plot->counts[i];
	}
	top = plot_round_up(top);
	open_plot(to, plot->title);
	buffer_append_string(to, "\">");
	append_grid(to, 0, 0, html_append_number);
	append_grid(to, 0.5, top / 2, html_append_rate);
	append_grid(to, 1, top, html_append_number);
	for (size_t i = 0; i < plot->bars; i++)
		append_bar(to, plot, i, top, sum);
	append_bounds(to, plot);
	buffer_append_string(to, "</svg>");
}
