/* The text that Prometheus reads, byte by byte, and the table that it is made by. */
#include "cgi/metrics.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <string.h>

static struct json_object *parse(const char *text)
{
	struct json_object *json = NULL;

	if (json_parse(slice_of(text), &json) != 0)
		tap_ok(false, "%s is JSON", text);
	return json;
}

static void check(const char *text, const char *expected, const char *what)
{
	_cleanup_(freeing_json) struct json_object *json = parse(text);
	_cleanup_(buffer_release) struct buffer seen = { 0 };

	metrics_format(&seen, json);
	ok_string_equal(buffer_string(&seen), expected, "%s", what);
}

#define NOBODY                                         \
	"# HELP tidings_up Whether a daemon answers\n" \
	"# TYPE tidings_up gauge\n"                    \
	"tidings_up{part=\"push\"} 0\n"                \
	"tidings_up{part=\"store\"} 0\n"
#define PUSH                                           \
	"# HELP tidings_up Whether a daemon answers\n" \
	"# TYPE tidings_up gauge\n"                    \
	"tidings_up{part=\"push\"} 1\n"                \
	"tidings_up{part=\"store\"} 0\n"

static void test_kinds(void)
{
	check("{\"push\":null,\"store\":null}", NOBODY, "daemons that are away have no figures");
	check("{}", NOBODY, "nor such that are not heard of");
	check("{\"push\":{\"connections\":{\"open\":12}}}",
		PUSH "# HELP tidings_connections Connections of clients\n"
		     "# TYPE tidings_connections gauge\n"
		     "tidings_connections 12\n",
		"a gauge");
	check("{\"push\":{\"bytesOut\":9007199254740992}}",
		PUSH "# HELP tidings_sent_bytes_total Bytes sent to clients\n"
		     "# TYPE tidings_sent_bytes_total counter\n"
		     "tidings_sent_bytes_total 9007199254740992\n",
		"a counter larger than anybody's");
	check("{\"push\":{\"feed\":{\"lagMilliseconds\":1250}}}",
		PUSH "# HELP tidings_feed_lag_seconds Age of the last change when it was read, "
		     "while others wait\n"
		     "# TYPE tidings_feed_lag_seconds gauge\n"
		     "tidings_feed_lag_seconds 1.25\n",
		"milliseconds as seconds");
	check("{\"push\":{\"messagesIn\":1,\"messagesOut\":2}}",
		PUSH "# HELP tidings_messages_total Messages from and to clients\n"
		     "# TYPE tidings_messages_total counter\n"
		     "tidings_messages_total{direction=\"in\"} 1\n"
		     "tidings_messages_total{direction=\"out\"} 2\n",
		"two figures of one name");
	check("{\"push\":{\"messagesOut\":2}}",
		PUSH "# HELP tidings_messages_total Messages from and to clients\n"
		     "# TYPE tidings_messages_total counter\n"
		     "tidings_messages_total{direction=\"out\"} 2\n",
		"one of them alone has its help, too");
	check("{\"push\":{\"closed\":{\"1000\":3,\"other\":0}}}",
		PUSH "# HELP tidings_closed_total Connections that ended, by close code\n"
		     "# TYPE tidings_closed_total counter\n"
		     "tidings_closed_total{code=\"1000\"} 3\n"
		     "tidings_closed_total{code=\"other\"} 0\n",
		"a figure with members");
}

static void test_histogram(void)
{
	check("{\"push\":{\"latency\":{\"buckets\":{\"50\":1,\"1000\":4,\"5000000\":4},"
	      "\"count\":5,\"sum\":6000123}}}",
		PUSH "# HELP tidings_delivery_seconds Time of a change from the store to the "
		     "sockets of its users\n"
		     "# TYPE tidings_delivery_seconds histogram\n"
		     "tidings_delivery_seconds_bucket{le=\"5e-05\"} 1\n"
		     "tidings_delivery_seconds_bucket{le=\"0.001\"} 4\n"
		     "tidings_delivery_seconds_bucket{le=\"5\"} 4\n"
		     "tidings_delivery_seconds_bucket{le=\"+Inf\"} 5\n"
		     "tidings_delivery_seconds_sum 6.000123\n"
		     "tidings_delivery_seconds_count 5\n",
		"a histogram");
	check("{\"push\":{\"latency\":5}}", PUSH, "what should be one and is none");
}

static void test_texts(void)
{
	check("{\"push\":{\"version\":\"1\\\"2\\\\3\\n4\"}}",
		PUSH "# HELP tidings_push_info Version of tidings-pushd\n"
		     "# TYPE tidings_push_info gauge\n"
		     "tidings_push_info{version=\"1\\\"2\\\\3\\n4\"} 1\n",
		"what the format has to have escaped");
	check("{\"push\":{\"resyncs\":{\"a\\\"b\":1,\"text\":\"x\"}}}",
		PUSH "# HELP tidings_resyncs_total Times that all clients were told to fetch anew\n"
		     "# TYPE tidings_resyncs_total counter\n"
		     "tidings_resyncs_total{cause=\"a\\\"b\"} 1\n",
		"also in names of members; what is no number is left out");
	check("{\"push\":{\"uptime\":\"long\",\"version\":1}}", PUSH, "nor is a text a number");
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* As the conventions of Prometheus want it. */
static void test_table(void)
{
	const char *seen[128] = { NULL };
	size_t count = 0;

	for (const struct metric *metric = metrics_table(); metric->figure; metric++) {
		bool total = ends_in(metric->name, "_total");
		bool in_microseconds = ends_in(metric->figure, "Microseconds");

		tap_ok(strncmp(metric->name, "tidings_", 8) == 0, "%s: whose it is", metric->name);
		tap_ok(total == (metric->kind == METRIC_COUNTER), "%s: counters end in _total",
			metric->name);
		tap_ok(metric->help && *metric->help && !ends_in(metric->help, "."), "%s: its help",
			metric->name);
		tap_ok(!in_microseconds || (ends_in(metric->name, "_seconds") && metric->unit < 1),
			"%s: times are seconds", metric->name);
		if (count > 0 && strcmp(seen[count - 1], metric->name) == 0)
			continue;
		for (size_t i = 0; i < count; i++)
			tap_ok(strcmp(seen[i], metric->name) != 0, "%s stands together with %s",
				metric->name, seen[i]);
		seen[count++] = metric->name;
	}
	tap_ok(count > 40, "there are many");
}

int main(void)
{
	test_kinds();
	test_histogram();
	test_texts();
	test_table();
	return tap_done();
}
