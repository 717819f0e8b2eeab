/* What the push daemon counts, and how it tells that. */
#include "lib/json.h"
#include "lib/timestamp.h"
#include "pushd/handshake.h"
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

static struct statistics *counted(void)
{
	return &talk_fixture.hub.statistics;
}

/* ---- the tables ---- */

static void test_reasons(void)
{
	struct statistics statistics = { 0 };

	statistics_refused(&statistics, "full");
	statistics_refused(&statistics, "token_revoked");
	statistics_refused(&statistics, "token_revoked");
	ok_int_equal(statistics.refused[REASON_FULL], 1, "the first reason");
	ok_int_equal(statistics.refused[REASON_TOKEN_REVOKED], 2, "the last one, twice");
	statistics_refused(&statistics, "");
	statistics_refused(&statistics, "ful");
	statistics_refused(&statistics, "other");
	ok_int_equal(statistics.refused[REASON_OTHER], 3, "what is unknown is another one");
	for (int error = 1; error < HANDSHAKE_ERRORS; error++)
		statistics_refused(&statistics, handshake_error_code((enum handshake_error)error));
	for (int error = 1; error < TOKEN_ERRORS; error++)
		statistics_refused(&statistics, token_error_code((enum token_error)error));
	ok_int_equal(statistics.refused[REASON_OTHER], 3, "all codes of our own are known");
	ok_int_equal(statistics.refused[REASON_UPGRADE_REQUIRED], 2,
		"several errors have one code");
}

static void test_ends(void)
{
	static const unsigned codes[] = { 1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009,
		1011, 1013, 4401, 4403, 4408, 4409, 4429 };
	static const unsigned others[] = { 0, 1, 999, 1004, 1014, 3000, 4000, 4999, 65535 };
	struct statistics statistics = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
		statistics_closed(&statistics, codes[i]);
		ok_int_equal(statistics.closed[i], 1, "%u has its place", codes[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		statistics_closed(&statistics, others[i]);
	ok_int_equal(statistics.closed[END_OTHER], ARRAY_LENGTH(others),
		"all else is another code");
	ok_int_equal(statistics.closed[END_UNFINISHED], 0, "… and not without one");
}

/* Each bound is the last value in its bucket. */
static void test_histogram(void)
{
	static const int64_t bounds[STATISTICS_BOUNDS] = { 50, 100, 200, 500, 1000, 2000, 5000,
		10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000 };
	struct histogram histogram = { 0 };
	uint64_t sum = 0;

	for (size_t i = 0; i < STATISTICS_BOUNDS; i++) {
		histogram_add(&histogram, bounds[i]);
		ok_int_equal(histogram.counts[i], 1 + (i > 0), "%lld µs are up to the bound",
			(long long)bounds[i]);
		histogram_add(&histogram, bounds[i] + 1);
		ok_int_equal(histogram.counts[i + 1], 1, "and one more are above it");
		sum += 2 * (uint64_t)bounds[i] + 1;
	}
	tap_ok(histogram.sum == sum, "the sum");
	histogram_add(&histogram, INT64_MAX);
	ok_int_equal(histogram.counts[STATISTICS_BOUNDS], 2, "for ever is above all bounds");
	histogram = (struct histogram){ 0 };
	histogram_add(&histogram, 0);
	histogram_add(&histogram, -1);
	histogram_add(&histogram, INT64_MIN);
	ok_int_equal(histogram.counts[0], 3, "a clock that was set back makes no time negative");
	ok_int_equal(histogram.sum, 0, "… nor the sum");
}

/* The time of the change counts with its microseconds. */
static void test_age(void)
{
	int64_t now = timestamp_now_us();
	struct change change = {
		.kind = CHANGE_READ,
		.time = now / 1000 - 3,
		.microseconds = (unsigned)(now % 1000),
	};
	struct statistics statistics = { 0 };

	statistics_read(&statistics, &change);
	ok_int_equal(statistics.changes[CHANGE_READ], 1, "a change is counted by its kind");
	tap_ok(statistics.age >= 3000, "it is 3 ms old, or more");
	statistics_delivered(&statistics, &change);
	tap_ok(statistics.latency.sum >= 3000 && statistics.latency.counts[5] == 0,
		"it took 3 ms, or more");
}

/* ---- what counts ---- */

static void test_session(void)
{
	struct statistics *statistics;

	talk_begin();
	statistics = counted();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 0, "connected; count 0 0 0");
	talk_join(2, 1, "connected; count 0 0 0");
	ok_int_equal(statistics->upgraded, 3, "upgrades");
	ok_int_equal(statistics->authenticated, 3, "those who speak for somebody");
	ok_int_equal(talk_fixture.hub.users, 2, "users are counted once");
	ok_int_equal(statistics->messages_out, 6, "messages out, each once a client");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_ok_heard(0, "new 1 1 1");
	ok_int_equal(statistics->messages_out, 8, "a change goes to two");
	ok_int_equal(statistics->changes[CHANGE_CREATED], 1, "and is one change");
	fixture_broadcast(&talk_fixture, CHANGE_BROADCAST_CREATED, false);
	ok_int_equal(statistics->messages_out, 11, "a broadcast goes to all");
	ok_int_equal(statistics->changes[CHANGE_BROADCAST_CREATED], 1, "and is one change");
	ok_int_equal(statistics->latency.counts[STATISTICS_BOUNDS] + statistics->latency.counts[0],
		2, "the way of each was measured once, whatever the model's clock says");
	fixture_dismiss(&talk_fixture, 0, CHANGE_REVOKED);
	ok_int_equal(statistics->closed[END_4403], 2, "closed by their code");
	ok_int_equal(statistics->latency.counts[STATISTICS_BOUNDS] + statistics->latency.counts[0],
		2, "what told nobody anything took no time");
	ok_int_equal(talk_fixture.hub.users, 1, "one user has none left");
	talk_end();
}

static void test_nobody_there(void)
{
	talk_begin();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	ok_int_equal(counted()->changes[CHANGE_CREATED], 1, "a change of one who is away is read");
	ok_int_equal(counted()->latency.counts[STATISTICS_BOUNDS] + counted()->latency.counts[0], 0,
		"and not delivered");
	talk_end();
}

/* Sends bytes, ends the connection or not, and lets the hub see it. */
static void play(const char *bytes, bool end)
{
	int fd = fixture_connect(&talk_fixture);

	tap_ok(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes), "bytes are sent");
	if (end)
		close(fd);
	fixture_run(&talk_fixture);
	if (!end)
		close(fd);
	fixture_run(&talk_fixture);
}

static void test_refused(void)
{
	talk_begin();
	play("GET / HTTP/1.1\r\nHost: h\r\n\r\n", false);
	ok_int_equal(counted()->refused[REASON_NOT_FOUND], 1, "a path where there is nothing");
	play("GET /api/notifications/ws HTTP/1.1\r\nHost: h\r\n\r\n", false);
	ok_int_equal(counted()->refused[REASON_UPGRADE_REQUIRED], 1, "no upgrade");
	play("nonsense\r\n\r\n", false);
	ok_int_equal(counted()->refused[REASON_INVALID_REQUEST], 1, "no HTTP");
	play("GET /api/notifications/stream HTTP/1.1\r\nHost: h\r\n\r\n", false);
	ok_int_equal(counted()->refused[REASON_TOKEN_MISSING], 1, "a stream without a token");
	play("GET / HTTP/1.1\r\n", true);
	ok_int_equal(counted()->closed[END_UNFINISHED], 1, "half a head, and gone");
	ok_int_equal(counted()->closed[END_1006], 0, "which is no connection that vanished");
	talk_end();
}

/* A whole upgrade of one who is gone before it can be answered. */
static void test_gone(int token)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	talk_begin();
	fixture_append_head(&head, &talk_fixture, token, (struct slice){ 0 });
	play(buffer_string(&head), true);
	ok_int_equal(talk_fixture.hub.clients.count, 0, "nobody is left");
	ok_int_equal(counted()->closed[END_1006], 1, "one has vanished");
	ok_int_equal(counted()->upgraded, 1, "of those who were to be upgraded");
	ok_int_equal(counted()->messages_in, 0, "and said nothing");
	talk_end();
}

static void test_vanished(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	talk_begin();
	fixture_append_head(&head, &talk_fixture, -1, (struct slice){ 0 });
	play(buffer_string(&head), false);
	ok_int_equal(counted()->upgraded, 1, "an upgrade without a token");
	ok_int_equal(counted()->authenticated, 0, "speaks for nobody yet");
	ok_int_equal(counted()->closed[END_1006], 1, "no close frame: 1006");
	talk_end();
}

static void test_stream(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	talk_begin();
	fixture_append_stream_head(&head, &talk_fixture, 0, (struct slice){ 0 });
	play(buffer_string(&head), false);
	ok_int_equal(counted()->streams, 1, "a stream of events");
	ok_int_equal(counted()->upgraded, 0, "is no upgrade");
	ok_int_equal(counted()->authenticated, 1, "and speaks for a user");
	ok_int_equal(counted()->closed[END_STREAM], 1, "its client has left it");
	ok_int_equal(counted()->closed[END_1006], 0, "which is how streams end");
	talk_end();
}

/* ---- the JSON ---- */

/* The number at a path of members, "a.b"; -1 if there is none. */
static int64_t number_at(struct json_object *object, const char *path)
{
	char name[64];

	for (size_t len; *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(object, name, &object))
			return -1;
	}
	return json_object_is_type(object, json_type_int) ? json_object_get_int64(object) : -1;
}

static void test_json(void)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	_cleanup_(buffer_release) struct buffer text = { 0 };

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	counted()->latency.counts[0] = 2;
	counted()->latency.counts[1] = 3;
	counted()->latency.counts[STATISTICS_BOUNDS] = 4;
	counted()->closed[END_OTHER] = 7;
	counted()->refused[REASON_FULL] = 8;
	counted()->resyncs[RESYNC_NEW_EPOCH] = 9;
	talk_fixture.hub.now += 60;
	statistics_format(&text, &talk_fixture.hub);
	ok_int_equal(json_parse(buffer_slice(&text), &object), 0, "it is JSON, no member twice");
	ok_int_equal(number_at(object, "connections.open"), 1, "connections");
	ok_int_equal(number_at(object, "connections.authenticated"), 1, "authenticated ones");
	ok_int_equal(number_at(object, "connections.users"), 1, "users");
	ok_int_equal(number_at(object, "upgraded"), 1, "upgraded");
	ok_int_equal(number_at(object, "closed.other"), 7, "ends");
	ok_int_equal(number_at(object, "closed.1006"), 0, "of each kind");
	ok_int_equal(number_at(object, "refused.full"), 8, "refusals");
	ok_int_equal(number_at(object, "resyncs.new_epoch"), 9, "resyncs");
	ok_int_equal(number_at(object, "changes.created"), 0, "changes");
	ok_int_equal(number_at(object, "feed.lagBytes"), 0, "the feed");
	ok_int_equal(number_at(object, "latency.buckets.50"), 2, "the first bucket");
	ok_int_equal(number_at(object, "latency.buckets.100"), 5, "buckets hold those before them");
	ok_int_equal(number_at(object, "latency.buckets.5000000"), 5, "the last");
	ok_int_equal(number_at(object, "latency.count"), 9, "and all");
	ok_int_equal(number_at(object, "uptime"), talk_fixture.hub.now, "uptime, of a clock at 0");
	talk_end();
}

int main(void)
{
	test_reasons();
	test_ends();
	test_histogram();
	test_age();
	test_session();
	test_nobody_there();
	test_refused();
	test_vanished();
	test_stream();
	test_gone(-1);
	test_gone(0);
	test_json();
	return tap_done();
}
