/*
 * The page, see status_page.h: what is wrong first, then what one looks at every day, then all
 * the rest. Whatever comes from elsewhere goes through html_append().
 *
 * Elements with data-live are those that the script replaces by what a new page has under the
 * same id.
 */
#include "cgi/status_page.h"

#include "cgi/html.h"
#include "cgi/metrics.h"
#include "cgi/plot.h"
#include "cgi/status_tables.h"
#include "cgi/troubles.h"
#include "lib/quantity.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <math.h>

static double number(const struct status_view *view, const char *path)
{
	return snapshot_number(view->snapshot->json, path);
}

/* NAN for a series that nobody keeps. */
static double rate(const struct status_view *view, enum history_series series)
{
	return view->history ? history_now(view->history, series) : NAN;
}

/* ---- head ---- */

static void append_program(struct buffer *to, const struct status_view *view, const char *name,
	const char *part)
{
	struct json_object *figures = snapshot_find(view->snapshot->json, part);
	double uptime = snapshot_number(figures, "uptime");

	buffer_print(to, "<li>%s ", name);
	if (!figures) {
		buffer_append_string(to, "<em>no figures</em></li>");
		return;
	}
	html_append(to, json_string(snapshot_find(figures, "version")));
	if (!isnan(uptime)) {
		buffer_append_string(to, ", up ");
		quantity_seconds(to, (uint64_t)uptime);
	}
	buffer_append_string(to, "</li>");
}

static void append_head(struct buffer *to, const struct status_view *view)
{
	html_fill(to,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<title>tidings status of $</title>\n",
		slice_of(view->host));
	html_fill(to,
		"<link rel=\"stylesheet\" href=\"$/status.css\">\n"
		"<link rel=\"icon\" href=\"$/icon.svg\">\n"
		"<script type=\"module\" src=\"$/status.js\"></script>\n</head>\n",
		view->base);
}

static void append_top(struct buffer *to, const struct status_view *view)
{
	char now[TIMESTAMP_SIZE];

	timestamp_format(view->snapshot->time, now);
	html_fill(to, "<body>\n<header>\n<h1>tidings status</h1>\n<p>$", slice_of(view->host));
	buffer_print(to,
		" <time id=\"when\" data-live datetime=\"%s\">%.10s %.8s UTC</time></p>\n"
		"<div id=\"live\" hidden><span role=\"status\"></span> "
		"<button type=\"button\">Pause</button></div>\n<ul id=\"programs\" data-live>",
		now, now, now + 11);
	append_program(to, view, "tidings-pushd", "push");
	append_program(to, view, "tidings-stored", "store");
	buffer_append_string(to, "</ul>\n</header>\n");
}

/* ---- what is wrong ---- */

/* How all is: as a class and in words. */
static const struct mood {
	const char *name, *words;
} well = { "well", "All is well" }, warning = { "warning", "Something needs a look" },
  error = { "error", "Something does not work" };

static void append_trouble(struct buffer *to, const struct trouble *trouble)
{
	html_fill(to,
		trouble->grave ? "<li class=\"error\"><strong>$</strong> "
			       : "<li class=\"warning\"><strong>$</strong> ",
		slice_of(trouble->sentence));
	html_fill(to, "$</li>\n", slice_of(trouble->advice));
}

static void append_troubles(struct buffer *to, const struct status_view *view)
{
	struct trouble troubles[TROUBLES_MAX];
	size_t count = troubles_find(view->snapshot, view->history, troubles);
	const struct mood *mood = &well;

	if (count > 0)
		mood = troubles[0].grave ? &error : &warning;
	buffer_print(to, "<section id=\"state\" data-live class=\"state %s\">\n<h2>%s</h2>\n",
		mood->name, mood->words);
	if (count > 0)
		buffer_append_string(to, "<ul>\n");
	for (size_t i = 0; i < count; i++)
		append_trouble(to, &troubles[i]);
	if (count > 0)
		buffer_append_string(to, "</ul>\n");
	if (view->snapshot->push == -EDESTADDRREQ)
		buffer_append_string(to,
			"<p>Of the push daemon nothing is known: control in [push] of "
			"tidings.conf is empty.</p>\n");
	buffer_append_string(to, "</section>\n");
}

/* ---- tiles ---- */

/* Appends one value of a tile: a figure, or what is made of several. */
typedef void tile_value(struct buffer *to, const struct status_view *view, const char *figure);

static void tile_number(struct buffer *to, const struct status_view *view, const char *figure)
{
	html_append_number(to, number(view, figure));
}

static void tile_bytes(struct buffer *to, const struct status_view *view, const char *figure)
{
	html_append_bytes(to, number(view, figure));
}

static void tile_microseconds(struct buffer *to, const struct status_view *view, const char *figure)
{
	html_append_microseconds(to, number(view, figure));
}

static void tile_milliseconds(struct buffer *to, const struct status_view *view, const char *figure)
{
	html_append_microseconds(to, number(view, figure) * 1000);
}

static void tile_messages(struct buffer *to, const struct status_view *view, const char *figure)
{
	(void)figure;
	html_append_rate(to, rate(view, SERIES_MESSAGES));
}

static void tile_created(struct buffer *to, const struct status_view *view, const char *figure)
{
	(void)figure;
	html_append_rate(to, rate(view, SERIES_CREATED));
}

/* The bound of the latency below which so many percent of the changes were. */
static void tile_percentile(struct buffer *to, const struct status_view *view, const char *percent)
{
	struct latency latency;
	double wanted;
	size_t i = 0;

	history_latency(view->history, view->snapshot->json, &latency);
	if (latency.bars < 2 || latency.below[latency.bars - 1] == 0) {
		html_append_microseconds(to, NAN);
		return;
	}
	wanted = latency.below[latency.bars - 1] * strtod(percent, NULL) / 100;
	while (i + 2 < latency.bars && latency.below[i] < wanted)
		i++;
	buffer_append_string(to, latency.below[i] < wanted ? "&gt; " : "≤ ");
	html_append_microseconds(to, latency.bounds[i]);
}

/* Below the value stand others, in a sentence that has a dollar sign for each. */
/* clang-format off */
static const struct tile {
	const char *title;
	tile_value *append;
	const char *figure;
	const char *note;
	struct {
		tile_value *append;
		const char *figure;
	} more[2];
} tiles[] = {
	{ "Clients", tile_number, "push.connections.open", "of at most $",
		{ { tile_number, "push.connections.max" } } },
	{ "Users", tile_number, "push.connections.users", "$ clients authenticated",
		{ { tile_number, "push.connections.authenticated" } } },
	{ "Messages a second", tile_messages, NULL, "$ sent, $",
		{ { tile_number, "push.messagesOut" }, { tile_bytes, "push.bytesOut" } } },
	{ "Delivery, p99", tile_percentile, "99", "p50 $", { { tile_percentile, "50" } } },
	{ "Feed lag", tile_milliseconds, "push.feed.lagMilliseconds", "$ of the log to read",
		{ { tile_bytes, "push.feed.lagBytes" } } },
	{ "Created a second", tile_created, NULL, "$ notifications",
		{ { tile_number, "store.notifications.created" } } },
	{ "Store", tile_bytes, "store.size.dataBytes", "$ log, $ free",
		{ { tile_bytes, "store.size.logBytes" }, { tile_bytes, "store.disk.freeBytes" } } },
	{ "Flush, on average", tile_microseconds, "store.flushes.meanMicroseconds", "longest $",
		{ { tile_microseconds, "store.flushes.longestMicroseconds" } } },
};
/* clang-format on */

static void append_tile(struct buffer *to, const struct status_view *view, const struct tile *tile)
{
	const char *note = tile->note;

	buffer_print(to, "<div><dt>%s</dt><dd>", tile->title);
	tile->append(to, view, tile->figure);
	buffer_append_string(to, "<small>");
	for (size_t i = 0; *note; note++) {
		if (*note == '$') {
			tile->more[i].append(to, view, tile->more[i].figure);
			i++;
		} else {
			buffer_append(to, note, 1);
		}
	}
	buffer_append_string(to, "</small></dd></div>\n");
}

static void append_tiles(struct buffer *to, const struct status_view *view)
{
	buffer_append_string(to, "<dl id=\"tiles\" data-live class=\"tiles\">\n");
	for (size_t i = 0; i < ARRAY_LENGTH(tiles); i++)
		append_tile(to, view, &tiles[i]);
	buffer_append_string(to, "</dl>\n");
}

/* ---- plots ---- */

static const struct chart {
	const char *id, *title;
	plot_format *format;
	double least; /* of the axis */
	size_t lines;
	struct {
		enum history_series series;
		const char *name;
	} line[PLOT_LINES_MAX];
} charts[] = {
	{ "plot-clients", "Clients and users", html_append_rate, 10, 2,
		{ { SERIES_CLIENTS, "clients" }, { SERIES_USERS, "users" } } },
	{ "plot-messages", "Notifications a second", html_append_rate, 1, 2,
		{ { SERIES_MESSAGES, "sent" }, { SERIES_CREATED, "created" } } },
	{ "plot-lag", "Feed lag", html_append_microseconds, 1000, 1, { { SERIES_LAG, "lag" } } },
	{ "plot-bytes", "Bytes sent a second", html_append_bytes, 1000, 1,
		{ { SERIES_BYTES, "sent" } } },
	{ "plot-refused", "Clients refused a second", html_append_rate, 1, 1,
		{ { SERIES_REFUSED, "refused" } } },
};

static void open_figure(struct buffer *to, const char *id, const char *title)
{
	buffer_print(to, "<figure id=\"%s\" data-live>\n<figcaption>%s", id, title);
}

static void append_chart(struct buffer *to, const struct status_view *view,
	const struct chart *chart)
{
	double values[PLOT_LINES_MAX][HISTORY_SLOTS];
	struct plot_lines plot = {
		.title = chart->title,
		.span = "15 min ago",
		.format = chart->format,
		.least = chart->least,
		.points = HISTORY_SLOTS,
		.lines = chart->lines,
	};

	open_figure(to, chart->id, chart->title);
	for (size_t i = 0; i < chart->lines; i++) {
		history_values(view->history, chart->line[i].series, values[i]);
		plot.line[i].name = chart->line[i].name;
		plot.line[i].values = values[i];
		if (chart->lines > 1)
			buffer_print(to, " <span class=\"key key-%zu\">%s</span>", i + 1,
				chart->line[i].name);
	}
	buffer_append_string(to, "</figcaption>\n");
	plot_append_lines(to, &plot);
	buffer_append_string(to, "\n</figure>\n");
}

static void append_latency(struct buffer *to, const struct status_view *view)
{
	double counts[HISTORY_BUCKETS];
	struct latency latency;
	struct plot_bars plot = { .title = "Delivery: changes by the time that they took",
		.format = html_append_microseconds,
		.bounds = latency.bounds,
		.counts = counts };

	history_latency(view->history, view->snapshot->json, &latency);
	if (latency.bars < 2)
		return;
	plot.bars = latency.bars;
	for (size_t i = 0; i < latency.bars; i++)
		counts[i] = latency.below[i] - (i > 0 ? latency.below[i - 1] : 0);
	open_figure(to, "plot-latency", "Delivery, from the store to the sockets");
	buffer_append_string(to, " <span class=\"key key-1\">");
	if (latency.seconds > 0)
		quantity_seconds(to, latency.seconds);
	else
		buffer_append_string(to, "since the start");
	buffer_append_string(to, "</span></figcaption>\n");
	plot_append_bars(to, &plot);
	buffer_append_string(to, "\n</figure>\n");
}

static void append_plots(struct buffer *to, const struct status_view *view)
{
	buffer_append_string(to, "<section class=\"plots\" aria-label=\"Plots\">\n");
	append_latency(to, view);
	for (size_t i = 0; view->history && i < ARRAY_LENGTH(charts); i++)
		append_chart(to, view, &charts[i]);
	buffer_append_string(to, "</section>\n");
	if (!view->history)
		buffer_append_string(to,
			"<p class=\"hint\">Started for each request, as plain CGI, this program "
			"knows no rates: for those run it by FastCGI.</p>\n");
}

/* ---- the whole ---- */

static void append_foot(struct buffer *to, const struct status_view *view)
{
	html_fill(to,
		"<footer>\n<nav aria-label=\"Other forms\"><a href=\"$\">Refresh</a> "
		"<a href=\"$?refresh=5\">every 5 s</a> <a href=\"$?format=json\">JSON</a> "
		"<a href=\"$/metrics\">Prometheus</a></nav>\n"
		"<p>status.fcgi " PACKAGE_VERSION "</p>\n</footer>\n</body>\n</html>\n",
		view->base);
}

void status_page_append(struct buffer *to, const struct status_view *view)
{
	append_head(to, view);
	append_top(to, view);
	buffer_append_string(to, "<main>\n");
	append_troubles(to, view);
	append_tiles(to, view);
	append_plots(to, view);
	status_tables_append(to, view);
	buffer_append_string(to, "</main>\n");
	append_foot(to, view);
}
