/*
 * Metrics, see metrics.h.
 *
 * Times are in seconds and sizes in bytes, whatever the figure's unit is, and what only grows
 * ends in _total, as Prometheus wants it. A figure that is missing, because its program is away
 * or older than this one, is left out; tidings_up tells the former.
 */
#include "cgi/metrics.h"

#include "cgi/snapshot.h"

#include <math.h>

#define MICROSECONDS 1e-6
#define MILLISECONDS 1e-3

/* clang-format off */
static const struct metric table[] = {
	{ "push", "tidings_up", "part=\"push\"", METRIC_PRESENCE, 1,
		"Whether a daemon answers" },
	{ "store", "tidings_up", "part=\"store\"", METRIC_PRESENCE, 1,
		"Whether a daemon answers" },
	{ "version", "tidings_status_info", "version", METRIC_TEXT, 1,
		"Version of status.fcgi" },

	{ "push.version", "tidings_push_info", "version", METRIC_TEXT, 1,
		"Version of tidings-pushd" },
	{ "push.uptime", "tidings_push_uptime_seconds", NULL, METRIC_GAUGE, 1,
		"Since tidings-pushd began" },
	{ "push.epoch", "tidings_push_epoch_info", "epoch", METRIC_TEXT, 1,
		"Life of the store that clients are told of" },
	{ "push.connections.open", "tidings_connections", NULL, METRIC_GAUGE, 1,
		"Connections of clients" },
	{ "push.connections.authenticated", "tidings_connections_authenticated", NULL,
		METRIC_GAUGE, 1, "Connections of clients that speak for a user" },
	{ "push.connections.users", "tidings_users", NULL, METRIC_GAUGE, 1,
		"Users who are connected" },
	{ "push.connections.max", "tidings_connections_max", NULL, METRIC_GAUGE, 1,
		"Connections that there may be" },
	{ "push.connections.descriptors", "tidings_descriptors_max", NULL, METRIC_GAUGE, 1,
		"Descriptors that the system lets tidings-pushd have" },
	{ "push.opened", "tidings_connections_opened_total", NULL, METRIC_COUNTER, 1,
		"Connections that were accepted" },
	{ "push.upgraded", "tidings_websockets_opened_total", NULL, METRIC_COUNTER, 1,
		"Connections that became WebSockets" },
	{ "push.streams", "tidings_streams_opened_total", NULL, METRIC_COUNTER, 1,
		"Connections that became streams of events" },
	{ "push.authenticated", "tidings_authentications_total", NULL, METRIC_COUNTER, 1,
		"Connections that were authenticated" },
	{ "push.refused", "tidings_refused_total", "reason", METRIC_COUNTER, 1,
		"Clients that were refused" },
	{ "push.closed", "tidings_closed_total", "code", METRIC_COUNTER, 1,
		"Connections that ended, by close code" },
	{ "push.messagesIn", "tidings_messages_total", "direction=\"in\"", METRIC_COUNTER, 1,
		"Messages from and to clients" },
	{ "push.messagesOut", "tidings_messages_total", "direction=\"out\"", METRIC_COUNTER, 1,
		"Messages from and to clients" },
	{ "push.bytesOut", "tidings_sent_bytes_total", NULL, METRIC_COUNTER, 1,
		"Bytes sent to clients" },
	{ "push.changes", "tidings_changes_total", "kind", METRIC_COUNTER, 1,
		"Changes read from the log of the store" },
	{ "push.conflations", "tidings_conflations_total", NULL, METRIC_COUNTER, 1,
		"Times that messages began to be dropped for a slow client" },
	{ "push.stalls", "tidings_stalls_total", NULL, METRIC_COUNTER, 1,
		"Clients that were closed because they took nothing" },
	{ "push.resyncs", "tidings_resyncs_total", "cause", METRIC_COUNTER, 1,
		"Times that all clients were told to fetch anew" },
	{ "push.feed.file", "tidings_feed_file", NULL, METRIC_GAUGE, 1,
		"File of the log that is read" },
	{ "push.feed.offset", "tidings_feed_offset_bytes", NULL, METRIC_GAUGE, 1,
		"Position in that file" },
	{ "push.feed.lagBytes", "tidings_feed_lag_bytes", NULL, METRIC_GAUGE, 1,
		"Bytes of the log that are not read yet" },
	{ "push.feed.lagMilliseconds", "tidings_feed_lag_seconds", NULL, METRIC_GAUGE,
		MILLISECONDS, "Age of the last change when it was read, while others wait" },
	{ "push.latency", "tidings_delivery_seconds", NULL, METRIC_HISTOGRAM, MICROSECONDS,
		"Time of a change from the store to the sockets of its users" },

	{ "store.version", "tidings_store_info", "version", METRIC_TEXT, 1,
		"Version of tidings-stored" },
	{ "store.uptime", "tidings_store_uptime_seconds", NULL, METRIC_GAUGE, 1,
		"Since tidings-stored began" },
	{ "store.schema", "tidings_store_schema", NULL, METRIC_GAUGE, 1,
		"Version of the format of the store" },
	{ "store.epoch", "tidings_store_epoch_info", "epoch", METRIC_TEXT, 1,
		"Life of the store" },
	{ "store.diskFull", "tidings_store_disk_full", NULL, METRIC_GAUGE, 1,
		"Whether writes are refused for want of space" },
	{ "store.notifications", "tidings_notifications_total", "event", METRIC_COUNTER, 1,
		"Notifications, by what became of them" },
	{ "store.broadcasts.live", "tidings_broadcasts_live", NULL, METRIC_GAUGE, 1,
		"Broadcasts that there are" },
	{ "store.broadcasts.created", "tidings_broadcasts_total", "event=\"created\"",
		METRIC_COUNTER, 1, "Broadcasts, by what became of them" },
	{ "store.broadcasts.expired", "tidings_broadcasts_total", "event=\"expired\"",
		METRIC_COUNTER, 1, "Broadcasts, by what became of them" },
	{ "store.broadcasts.withdrawn", "tidings_broadcasts_total", "event=\"withdrawn\"",
		METRIC_COUNTER, 1, "Broadcasts, by what became of them" },
	{ "store.requests", "tidings_store_requests_total", "result", METRIC_COUNTER, 1,
		"Requests to the store" },
	{ "store.connections.now", "tidings_store_connections", NULL, METRIC_GAUGE, 1,
		"Connections to the store" },
	{ "store.connections.accepted", "tidings_store_connections_accepted_total", NULL,
		METRIC_COUNTER, 1, "Connections to the store that were accepted" },
	{ "store.connections.withoutRights", "tidings_store_connections_refused_total",
		"reason=\"rights\"", METRIC_COUNTER, 1,
		"Connections to the store that were refused for want of rights or room" },
	{ "store.connections.withoutRoom", "tidings_store_connections_refused_total",
		"reason=\"room\"", METRIC_COUNTER, 1,
		"Connections to the store that were refused for want of rights or room" },
	{ "store.size.dataBytes", "tidings_store_data_bytes", NULL, METRIC_GAUGE, 1,
		"Size of the tables" },
	{ "store.size.logBytes", "tidings_store_log_bytes", NULL, METRIC_GAUGE, 1,
		"Size of the log" },
	{ "store.size.logFiles", "tidings_store_log_files", NULL, METRIC_GAUGE, 1,
		"Files of the log" },
	{ "store.disk.freeBytes", "tidings_store_disk_free_bytes", NULL, METRIC_GAUGE, 1,
		"Free space where the store is" },
	{ "store.disk.reserveBytes", "tidings_store_disk_reserve_bytes", NULL, METRIC_GAUGE, 1,
		"Free space below which writes are refused" },
	{ "store.cache.bytes", "tidings_store_cache_bytes", NULL, METRIC_GAUGE, 1,
		"Size of the cache" },
	{ "store.cache.hits", "tidings_store_cache_hits_total", NULL, METRIC_COUNTER, 1,
		"Pages that were found in the cache" },
	{ "store.cache.misses", "tidings_store_cache_misses_total", NULL, METRIC_COUNTER, 1,
		"Pages that were not found in the cache" },
	{ "store.cache.hitRate", "tidings_store_cache_hit_ratio", NULL, METRIC_GAUGE, 1,
		"Share of pages that were found in the cache" },
	{ "store.checkpoints.count", "tidings_store_checkpoints_total", NULL, METRIC_COUNTER, 1,
		"Checkpoints" },
	{ "store.checkpoints.lastMicroseconds", "tidings_store_checkpoint_last_seconds", NULL,
		METRIC_GAUGE, MICROSECONDS, "Duration of the last checkpoint" },
	{ "store.checkpoints.longestMicroseconds", "tidings_store_checkpoint_longest_seconds", NULL,
		METRIC_GAUGE, MICROSECONDS, "Duration of the longest checkpoint" },
	{ "store.checkpoints.meanMicroseconds", "tidings_store_checkpoint_mean_seconds", NULL,
		METRIC_GAUGE, MICROSECONDS, "Mean duration of checkpoints" },
	{ "store.flushes.count", "tidings_store_flushes_total", NULL, METRIC_COUNTER, 1,
		"Flushes of the log" },
	{ "store.flushes.lastMicroseconds", "tidings_store_flush_last_seconds", NULL, METRIC_GAUGE,
		MICROSECONDS, "Duration of the last flush" },
	{ "store.flushes.longestMicroseconds", "tidings_store_flush_longest_seconds", NULL,
		METRIC_GAUGE, MICROSECONDS, "Duration of the longest flush" },
	{ "store.flushes.meanMicroseconds", "tidings_store_flush_mean_seconds", NULL, METRIC_GAUGE,
		MICROSECONDS, "Mean duration of flushes" },
	{ "store.flushes.meanRequests", "tidings_store_flush_requests_mean", NULL, METRIC_GAUGE, 1,
		"Mean number of requests that shared a flush" },
	{ "store.flushes.mostRequests", "tidings_store_flush_requests_most", NULL, METRIC_GAUGE, 1,
		"Greatest number of requests that shared a flush" },
	{ 0 },
};
/* clang-format on */

const struct metric *metrics_table(void)
{
	return table;
}

const char *metric_type(const struct metric *metric)
{
	switch (metric->kind) {
	case METRIC_COUNTER:
		return "counter";
	case METRIC_HISTOGRAM:
		return "histogram";
	default:
		return "gauge";
	}
}

/* The value of a label: these three, and no others, the format has escaped. */
static void append_escaped(struct buffer *to, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n')
			buffer_append_string(to, "\\n");
		else if (text.data[i] == '"' || text.data[i] == '\\')
			buffer_print(to, "\\%c", text.data[i]);
		else
			buffer_append(to, &text.data[i], 1);
	}
}

void metrics_append_number(struct buffer *to, double number)
{
	bool whole = number == floor(number) && fabs(number) < 1e16;

	buffer_print(to, whole ? "%.0f" : "%.15g", number);
}

/* NAME{LABEL="VALUE"} NUMBER; without a value the label is a whole one, or NULL. */
static void append_sample(struct buffer *to, const char *name, const char *label,
	struct slice value, double number)
{
	buffer_append_string(to, name);
	if (label && value.data) {
		buffer_print(to, "{%s=\"", label);
		append_escaped(to, value);
		buffer_append_string(to, "\"}");
	} else if (label) {
		buffer_print(to, "{%s}", label);
	}
	buffer_append_string(to, " ");
	metrics_append_number(to, number);
	buffer_append_string(to, "\n");
}

static void append_members(struct buffer *to, const struct metric *metric,
	struct json_object *object)
{
	json_object_object_foreach(object, name, value)
	{
		double number = snapshot_number(value, "");

		if (!isnan(number))
			append_sample(to, metric->name, metric->label, slice_of(name),
				number * metric->unit);
	}
}

static void append_histogram(struct buffer *to, const struct metric *metric,
	struct json_object *object)
{
	double count = snapshot_number(object, "count"), sum = snapshot_number(object, "sum");
	char name[64];

	snprintf(name, sizeof(name), "%s_bucket", metric->name);
	json_object_object_foreach(snapshot_find(object, "buckets"), bound, below)
	{
		char upto[32];

		snprintf(upto, sizeof(upto), "%.15g", strtod(bound, NULL) * metric->unit);
		append_sample(to, name, "le", slice_of(upto), snapshot_number(below, ""));
	}
	append_sample(to, name, "le", SLICE("+Inf"), count);
	snprintf(name, sizeof(name), "%s_sum", metric->name);
	append_sample(to, name, NULL, (struct slice){ 0 }, sum * metric->unit);
	snprintf(name, sizeof(name), "%s_count", metric->name);
	append_sample(to, name, NULL, (struct slice){ 0 }, count);
}

static bool is_there(const struct metric *metric, struct json_object *value)
{
	switch (metric->kind) {
	case METRIC_PRESENCE:
		return true;
	case METRIC_HISTOGRAM:
		return json_object_is_type(snapshot_find(value, "buckets"), json_type_object);
	case METRIC_TEXT:
		return json_object_is_type(value, json_type_string);
	default:
		return json_object_is_type(value, json_type_object) ||
		       !isnan(snapshot_number(value, ""));
	}
}

static void append_metric(struct buffer *to, const struct metric *metric, struct json_object *value)
{
	struct slice nothing = { 0 };

	if (metric->kind == METRIC_PRESENCE)
		append_sample(to, metric->name, metric->label, nothing, value ? 1 : 0);
	else if (metric->kind == METRIC_TEXT)
		append_sample(to, metric->name, metric->label, json_string(value), 1);
	else if (metric->kind == METRIC_HISTOGRAM)
		append_histogram(to, metric, value);
	else if (json_object_is_type(value, json_type_object))
		append_members(to, metric, value);
	else
		append_sample(to, metric->name, metric->label, nothing,
			snapshot_number(value, "") * metric->unit);
}

void metrics_format(struct buffer *to, struct json_object *json)
{
	const char *family = "";

	for (const struct metric *metric = table; metric->figure; metric++) {
		struct json_object *value = snapshot_find(json, metric->figure);

		if (!is_there(metric, value))
			continue;
		if (strcmp(metric->name, family) != 0)
			buffer_print(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
				metric->name, metric_type(metric));
		family = metric->name;
		append_metric(to, metric, value);
	}
}
