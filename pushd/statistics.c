/* Counters and their JSON, see statistics.h. */
#include "pushd/statistics.h"

#include "lib/json.h"
#include "lib/timestamp.h"
#include "pushd/hub.h"

static const char *const reason_names[] = {
#define X(enumerator, name) [enumerator] = name,
	STATISTICS_REASONS(X)
#undef X
};

static const struct end {
	unsigned code; /* 0 = has none */
	const char *name;
} ends[STATISTICS_ENDS_COUNT] = {
#define X(number) [END_##number] = { number, #number },
	STATISTICS_ENDS(X)
#undef X
	[END_OTHER] = { 0, "other" },
	[END_STREAM] = { 0, "stream" },
	[END_UNFINISHED] = { 0, "unfinished" },
};

static const char *const resync_names[STATISTICS_RESYNCS] = {
	[RESYNC_FEED_LOST] = "feed_lost",
	[RESYNC_NEW_EPOCH] = "new_epoch",
};

/* Microseconds */
static const uint32_t bounds[STATISTICS_BOUNDS] = { 50, 100, 200, 500, 1000, 2000, 5000, 10000,
	20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000 };

/* ---- counting ---- */

void statistics_refused(struct statistics *statistics, const char *code)
{
	size_t reason = 0;

	while (reason < REASON_OTHER && strcmp(reason_names[reason], code) != 0)
		reason++;
	statistics->refused[reason]++;
}

void statistics_closed(struct statistics *statistics, unsigned code)
{
	size_t end = 0;

	while (end < END_OTHER && ends[end].code != code)
		end++;
	statistics->closed[end]++;
}

static int64_t age_of(const struct change *change)
{
	return timestamp_now_us() - change->time * 1000 - change->microseconds;
}

void statistics_read(struct statistics *statistics, const struct change *change)
{
	statistics->changes[change->kind]++;
	statistics->age = age_of(change);
}

void statistics_delivered(struct statistics *statistics, const struct change *change)
{
	histogram_add(&statistics->latency, age_of(change));
}

void histogram_add(struct histogram *histogram, int64_t microseconds)
{
	size_t i = 0;

	if (microseconds < 0)
		microseconds = 0;
	while (i < STATISTICS_BOUNDS && microseconds > bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->sum += (uint64_t)microseconds;
}

/* ---- telling ---- */

/* What comes before each member but the first of an object. */
static void add_name(struct buffer *to, const char *name)
{
	bool first = to->len > 0 && to->data[to->len - 1] == '{';

	buffer_append_string(to, first ? "\"" : ",\"");
	buffer_append_string(to, name);
	buffer_append_string(to, "\":");
}

static void add_number(struct buffer *to, const char *name, uint64_t number)
{
	add_name(to, name);
	buffer_append_decimal(to, number);
}

static void add_text(struct buffer *to, const char *name, const char *text)
{
	add_name(to, name);
	json_append_string(to, slice_of(text));
}

static void open_object(struct buffer *to, const char *name)
{
	add_name(to, name);
	buffer_append_string(to, "{");
}

static void close_object(struct buffer *to)
{
	buffer_append_string(to, "}");
}

static void add_connections(struct buffer *to, const struct hub *hub)
{
	open_object(to, "connections");
	add_number(to, "open", hub->clients.count);
	add_number(to, "authenticated", hub->live);
	add_number(to, "users", hub->users);
	add_number(to, "max", hub->config->push.max_connections);
	add_number(to, "descriptors", hub->descriptors);
	close_object(to);
}

static void add_ends(struct buffer *to, const struct statistics *statistics)
{
	open_object(to, "refused");
	for (size_t i = 0; i < STATISTICS_REASONS_COUNT; i++)
		add_number(to, reason_names[i], statistics->refused[i]);
	close_object(to);
	open_object(to, "closed");
	for (size_t i = 0; i < STATISTICS_ENDS_COUNT; i++)
		add_number(to, ends[i].name, statistics->closed[i]);
	close_object(to);
}

static void add_changes(struct buffer *to, const struct statistics *statistics)
{
	open_object(to, "changes");
	for (int kind = 0; kind < CHANGE_KINDS_COUNT; kind++)
		add_number(to, change_kind_name((enum change_kind)kind), statistics->changes[kind]);
	close_object(to);
	open_object(to, "resyncs");
	for (size_t i = 0; i < STATISTICS_RESYNCS; i++)
		add_number(to, resync_names[i], statistics->resyncs[i]);
	close_object(to);
}

static void add_feed(struct buffer *to, const struct hub *hub)
{
	struct feed_position position = feed_position(hub->feed);
	uint64_t lag = feed_lag(hub->feed);
	int64_t age = hub->statistics.age / 1000;

	open_object(to, "feed");
	add_number(to, "file", position.file);
	add_number(to, "offset", position.offset);
	add_number(to, "lagBytes", lag);
	add_number(to, "lagMilliseconds", lag > 0 && age > 0 ? (uint64_t)age : 0);
	close_object(to);
}

/* Each bound with how many are not above it, as Prometheus has them. */
static void add_latency(struct buffer *to, const struct histogram *histogram)
{
	uint64_t count = 0;
	char name[16];

	open_object(to, "latency");
	open_object(to, "buckets");
	for (size_t i = 0; i < STATISTICS_BOUNDS; i++) {
		snprintf(name, sizeof(name), "%u", bounds[i]);
		count += histogram->counts[i];
		add_number(to, name, count);
	}
	close_object(to);
	add_number(to, "count", count + histogram->counts[STATISTICS_BOUNDS]);
	add_number(to, "sum", histogram->sum);
	close_object(to);
}

void statistics_format(struct buffer *to, const struct hub *hub)
{
	const struct statistics *statistics = &hub->statistics;

	buffer_append_string(to, "{");
	add_text(to, "version", PACKAGE_VERSION);
	add_number(to, "uptime", hub->now - statistics->begun);
	add_text(to, "epoch", hub->epoch);
	add_connections(to, hub);
	add_number(to, "opened", statistics->opened);
	add_number(to, "upgraded", statistics->upgraded);
	add_number(to, "streams", statistics->streams);
	add_number(to, "authenticated", statistics->authenticated);
	add_ends(to, statistics);
	add_number(to, "messagesIn", statistics->messages_in);
	add_number(to, "messagesOut", statistics->messages_out);
	add_number(to, "bytesOut", statistics->bytes_out);
	add_changes(to, statistics);
	add_number(to, "conflations", statistics->conflations);
	add_number(to, "stalls", statistics->stalls);
	add_feed(to, hub);
	add_latency(to, &statistics->latency);
	close_object(to);
}
