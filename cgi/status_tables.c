/* Tables, see status_tables.h. Each is an element of its own for the script to replace. */
#include "cgi/status_tables.h"

#include "cgi/html.h"
#include "cgi/metrics.h"
#include "lib/quantity.h"
#include "lib/timestamp.h"

#include <inttypes.h>
#include <math.h>

static void open_table(struct buffer *to, const char *id, const char *title)
{
	buffer_print(to, "<section id=\"%s\" data-live class=\"card\">\n<h2>%s</h2>\n", id, title);
}

static void close_table(struct buffer *to)
{
	buffer_append_string(to, "</section>\n");
}

static void append_nothing(struct buffer *to, const char *sentence)
{
	buffer_print(to, "<p>%s</p>\n", sentence);
}

/* A table that may be wider, or longer, than there is room for, and can be scrolled by keys. */
static void open_columns(struct buffer *to, const char *label, const char *const *headings)
{
	buffer_print(to,
		"<div class=\"wide\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"%s\"><table>\n<tr>",
		label);
	for (; *headings; headings++)
		buffer_print(to, "<th scope=\"col\">%s</th>", *headings);
	buffer_append_string(to, "</tr>\n");
}

static void close_columns(struct buffer *to)
{
	buffer_append_string(to, "</table></div>\n");
}

/* ---- what happened lately ---- */

static void append_event(struct buffer *to, const struct event *event)
{
	char time[TIMESTAMP_SIZE];

	timestamp_format(event->time, time);
	buffer_print(to, "<tr><td class=\"short\">%.8s</td><td>%s ", time + 11,
		event_sentence(event->kind));
	html_fill(to, "$</td><td class=\"short\">", slice_of(event->member));
	if (event->count != 1)
		html_append_number(to, event->count);
	buffer_append_string(to, "</td></tr>\n");
}

/* The one that happened last stands first. */
static int by_time(const void *a, const void *b)
{
	int64_t first = ((const struct event *)a)->time, second = ((const struct event *)b)->time;

	return (first < second) - (first > second);
}

static void append_events(struct buffer *to, const struct history *history)
{
	static const char *const headings[] = { "UTC", "What", "Times", NULL };
	struct event events[HISTORY_EVENTS];

	open_table(to, "lately", "Lately");
	memcpy(events, history->events, sizeof(events));
	qsort(events, HISTORY_EVENTS, sizeof(*events), by_time);
	if (events[0].time == 0) {
		append_nothing(to, "Nobody was refused, nothing failed, and nobody was too slow.");
	} else {
		open_columns(to, "What happened lately", headings);
		for (size_t i = 0; i < HISTORY_EVENTS && events[i].time > 0; i++)
			append_event(to, &events[i]);
		close_columns(to);
	}
	close_table(to);
}

/* ---- slow clients ---- */

static void append_slow_client(struct buffer *to, struct json_object *client)
{
	html_fill(to, "<tr><td>$</td>", json_string(snapshot_find(client, "user")));
	html_fill(to, "<td>$</td>", json_string(snapshot_find(client, "address")));
	html_fill(to, "<td>$</td><td>", json_string(snapshot_find(client, "kind")));
	quantity_seconds(to, (uint64_t)snapshot_number(client, "age"));
	buffer_append_string(to, "</td><td>");
	html_append_bytes(to, snapshot_number(client, "queue"));
	buffer_append_string(to, "</td></tr>\n");
}

static void append_slow(struct buffer *to, struct json_object *slow)
{
	static const char *const headings[] = { "User", "Address", "Kind", "For", "Waiting", NULL };
	size_t count = json_object_array_length(slow);

	open_table(to, "slow", "Slow clients");
	if (count == 0) {
		append_nothing(to, "Every client takes what it is sent.");
	} else {
		open_columns(to, "Clients that are slow", headings);
		for (size_t i = 0; i < count; i++)
			append_slow_client(to, json_object_array_get_idx(slow, i));
		close_columns(to);
	}
	close_table(to);
}

/* ---- counters with several members ---- */

static void append_counter(struct buffer *to, const char *name, double count, double sum)
{
	html_fill(to, "<tr><th scope=\"row\">$</th><td>", slice_of(name));
	html_append_number(to, count);
	buffer_print(to,
		"</td><td><svg class=\"share\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><rect class=\"bar\" width=\"%.1f\" height=\"8\"/></svg></td>"
		"</tr>\n",
		100 * count / sum);
}

static double sum_of(struct json_object *object)
{
	double sum = 0;

	json_object_object_foreach(object, name, value)
	{
		(void)name;
		sum += fmax(0, snapshot_number(value, ""));
	}
	return sum;
}

/* Those of an object that are not 0, each with its share. */
static void append_counters(struct buffer *to, const struct status_view *view, const char *id,
	const char *title, const char *figure)
{
	struct json_object *object = snapshot_find(view->snapshot->json, figure);
	double sum;

	if (!json_object_is_type(object, json_type_object))
		return;
	open_table(to, id, title);
	sum = sum_of(object);
	if (sum == 0)
		append_nothing(to, "None.");
	else
		buffer_append_string(to, "<table class=\"counters\">\n");
	json_object_object_foreach(object, name, value)
	{
		if (snapshot_number(value, "") > 0)
			append_counter(to, name, snapshot_number(value, ""), sum);
	}
	if (sum > 0)
		buffer_append_string(to, "</table>\n");
	close_table(to);
}

/* ---- the store ---- */

static const struct row {
	const char *title, *figure;
	const char *more; /* another figure behind it; NULL = none */
	void (*format)(struct buffer *to, double number);
	const char *between; /* the two */
} store_rows[] = {
	{ "Tables", "store.size.dataBytes", NULL, html_append_bytes, "" },
	{ "Log", "store.size.logBytes", "store.size.logFiles", html_append_bytes, ", files: " },
	{ "Cache", "store.cache.bytes", NULL, html_append_bytes, "" },
	{ "Last checkpoint", "store.checkpoints.lastMicroseconds",
		"store.checkpoints.longestMicroseconds", html_append_microseconds, ", longest " },
	{ "Last flush", "store.flushes.lastMicroseconds", "store.flushes.longestMicroseconds",
		html_append_microseconds, ", longest " },
	{ "Requests in a flush", "store.flushes.meanRequests", "store.flushes.mostRequests",
		html_append_rate, ", most " },
	{ "Connections", "store.connections.now", NULL, html_append_number, "" },
	{ "Broadcasts", "store.broadcasts.live", NULL, html_append_number, "" },
};

static void append_row(struct buffer *to, const struct status_view *view, const struct row *row)
{
	buffer_print(to, "<tr><th scope=\"row\">%s</th><td>", row->title);
	row->format(to, snapshot_number(view->snapshot->json, row->figure));
	if (row->more) {
		buffer_append_string(to, row->between);
		if (strstr(row->more, "Microseconds"))
			html_append_microseconds(to,
				snapshot_number(view->snapshot->json, row->more));
		else
			html_append_number(to, snapshot_number(view->snapshot->json, row->more));
	}
	buffer_append_string(to, "</td></tr>\n");
}

static void append_store(struct buffer *to, const struct status_view *view)
{
	double hits = snapshot_number(view->snapshot->json, "store.cache.hitRate");

	if (!snapshot_find(view->snapshot->json, "store"))
		return;
	open_table(to, "store", "Store");
	buffer_append_string(to, "<table>\n");
	for (size_t i = 0; i < ARRAY_LENGTH(store_rows); i++)
		append_row(to, view, &store_rows[i]);
	if (!isnan(hits))
		buffer_print(to, "<tr><th scope=\"row\">Cache hits</th><td>%.1f %%</td></tr>\n",
			hits * 100);
	buffer_append_string(to, "</table>\n");
	close_table(to);
}

/* ---- all figures ---- */

static void append_value(struct buffer *to, const struct metric *metric, struct json_object *value)
{
	if (metric->kind == METRIC_TEXT)
		html_append(to, json_string(value));
	else if (metric->kind == METRIC_PRESENCE)
		buffer_append_string(to, value ? "1" : "0");
	else if (metric->kind == METRIC_HISTOGRAM)
		html_append_number(to, snapshot_number(value, "count"));
	else if (json_object_is_type(value, json_type_object))
		html_append_number(to, sum_of(value));
	else
		metrics_append_number(to, snapshot_number(value, "") * metric->unit);
}

static void append_figure(struct buffer *to, const struct metric *metric, struct json_object *value)
{
	html_fill(to, "<tr><th scope=\"row\"><code>$", slice_of(metric->name));
	if (metric->label && strchr(metric->label, '='))
		html_fill(to, "{$}", slice_of(metric->label));
	buffer_append_string(to, "</code></th><td>");
	append_value(to, metric, value);
	html_fill(to, "</td><td>$</td></tr>\n", slice_of(metric->help));
}

static void append_figures(struct buffer *to, const struct status_view *view)
{
	buffer_append_string(to,
		"<details class=\"card\">\n<summary>All figures</summary>\n"
		"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"All figures\">"
		"<table id=\"figures\" data-live>\n");
	for (const struct metric *metric = metrics_table(); metric->figure; metric++) {
		struct json_object *value = snapshot_find(view->snapshot->json, metric->figure);

		if (value || metric->kind == METRIC_PRESENCE)
			append_figure(to, metric, value);
	}
	buffer_append_string(to, "</table></div>\n</details>\n");
}

void status_tables_append(struct buffer *to, const struct status_view *view)
{
	buffer_append_string(to, "<div class=\"tables\">\n");
	if (view->history)
		append_events(to, view->history);
	if (view->slow)
		append_slow(to, view->slow);
	append_counters(to, view, "refused", "Clients refused, by reason", "push.refused");
	append_counters(to, view, "closed", "Connections ended, by code", "push.closed");
	append_counters(to, view, "requests", "Requests to the store", "store.requests");
	append_store(to, view);
	buffer_append_string(to, "</div>\n");
	append_figures(to, view);
}
