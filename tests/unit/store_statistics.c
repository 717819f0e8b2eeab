/* The store's statistics after what is known to have happened. */
#include "lib/json.h"
#include "lib/clock.h"
#include "tests/tap.h"
#include "tests/unit/store_fixture.h"

#include <math.h>

static struct fixture fixture;

/* Asks for them; to be freed. */
static struct json_object *ask(void)
{
	struct json_object *statistics = NULL;
	struct inbox_answer answer;
	struct slice text;

	if (fixture_run(&fixture, INBOX_STATISTICS, "") != 0)
		abort();
	answer = fixture_answer(&fixture);
	if (!inbox_next_statistics(&answer, &text) || json_parse(text, &statistics) != 0)
		abort();
	tap_ok(!inbox_next_statistics(&answer, &text), "there is one item");
	return statistics;
}

/* The number of this name in the object of that name. */
static int64_t number_of(struct json_object *statistics, const char *object, const char *name)
{
	struct json_object *number =
		json_object_object_get(json_object_object_get(statistics, object), name);

	return json_object_is_type(number, json_type_int) ? json_object_get_int64(number) : -1;
}

/* All numbers of an object, in their order, with spaces between. */
static void ok_numbers(const char *object, const char *expected)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	_cleanup_(freeing_json) struct json_object *statistics = ask();

	json_object_object_foreach(json_object_object_get(statistics, object), name, value)
	{
		buffer_print(&text, "%s%s %s", text.len > 0 ? ", " : "", name,
			json_object_to_json_string(value));
	}
	ok_string_equal(buffer_string(&text), expected, "%s", object);
}

static void create(const char *user, int count, struct uuid *ret_id)
{
	struct uuid id;

	for (int i = 0; i < count; i++)
		fixture_create(&fixture, user, NOTIFICATION_INFO, "", &id);
	if (ret_id)
		*ret_id = id;
}

static struct uuid broadcast(void)
{
	struct draft draft = { .content = SLICE("\"title\":\"t\",\"message\":\"m\"") };
	struct inbox_request request = {
		.operation = INBOX_BROADCAST,
		.drafts = &draft,
		.draft_count = 1,
	};

	fixture_do(&fixture, &request);
	return fixture.reply.answer.next;
}

/* Several of a user at once, as a batch and as a bulk operation, count each. */
static void test_notifications(void)
{
	struct uuid id, other;

	ok_numbers("notifications",
		"created 0, read 0, unread 0, deleted 0, expired 0, withdrawn 0");
	create("anna", 5, &id);
	create("bob", 2, &other);
	fixture_mark(&fixture, INBOX_MARK_READ, "anna", &id);
	fixture_mark(&fixture, INBOX_MARK_READ, "anna", &id); /* which changes nothing */
	fixture_mark(&fixture, INBOX_MARK_UNREAD, "anna", &id);
	fixture_run(&fixture, INBOX_SEEN, "anna");
	fixture_run(&fixture, INBOX_READ_ALL, "anna");
	fixture_mark(&fixture, INBOX_WITHDRAW, "bob", &other);
	fixture_mark(&fixture, INBOX_WITHDRAW, "bob", &other); /* which is gone */
	fixture_mark(&fixture, INBOX_DELETE, "anna", &id);
	fixture_run(&fixture, INBOX_DELETE_READ, "anna");
	fixture_run(&fixture, INBOX_DELETE_ALL, "bob");
	ok_numbers("notifications",
		"created 7, read 6, unread 1, deleted 6, expired 0, withdrawn 1");
}

static void test_batch(void)
{
	struct draft drafts[3] = { 0 };
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = drafts,
		.draft_count = ARRAY_LENGTH(drafts),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(drafts); i++)
		drafts[i] = (struct draft){
			.user = i == 0 ? SLICE("carl") : SLICE("dora"),
			.content = SLICE("\"title\":\"t\",\"message\":\"m\""),
			.expires = 1, /* which is over */
		};
	fixture_do(&fixture, &request);
	ok_numbers("notifications",
		"created 10, read 6, unread 1, deleted 6, expired 0, withdrawn 1");
	fixture_sweep(&fixture);
	ok_numbers("notifications",
		"created 10, read 6, unread 1, deleted 6, expired 3, withdrawn 1");
}

static void test_broadcasts(void)
{
	struct uuid id = broadcast();

	broadcast();
	ok_numbers("broadcasts", "live 2, created 2, expired 0, withdrawn 0");
	fixture_do(&fixture,
		&(struct inbox_request){ .operation = INBOX_WITHDRAW_BROADCAST, .id = id });
	ok_numbers("broadcasts", "live 1, created 2, expired 0, withdrawn 1");
}

/* What was not committed has not happened. */
static void test_aborted(void)
{
	struct draft draft = { .user = SLICE("eve"), .content = SLICE("\"title\":\"t\"") };
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
	};

	store_begin(fixture.store);
	ok_int_equal(store_execute(fixture.store, &request, &fixture.reply), 0, "a create");
	ok_numbers("notifications",
		"created 10, read 6, unread 1, deleted 6, expired 3, withdrawn 1");
	store_abort(fixture.store);
	create("eve", 1, NULL);
	ok_numbers("notifications",
		"created 11, read 6, unread 1, deleted 6, expired 3, withdrawn 1");
}

/* What others count. */
static void test_counters(void)
{
	struct counters *counters = store_counters(fixture.store);

	ok_numbers("requests",
		"done 0, notFound 0, forbidden 0, invalid 0, storageFull 0, busy 0, failed 0, "
		"revoked 0, conflict 0, tooMany 0");
	for (uint64_t i = 0; i < INBOX_STATUSES; i++)
		counters->results[i] = i + 1;
	ok_numbers("requests",
		"done 1, notFound 2, forbidden 3, invalid 4, storageFull 5, busy 6, failed 7, "
		"revoked 8, conflict 9, tooMany 10");
	counters->connections = 1;
	counters->accepted = 4;
	counters->without_rights = 2;
	counters->without_room = 3;
	ok_numbers("connections", "now 1, accepted 4, withoutRights 2, withoutRoom 3");
	counters->flushes = (struct flushes){ { 4, 100, 250, 600 }, 10, 6 };
	ok_numbers("flushes", "count 4, lastMicroseconds 100, longestMicroseconds 250, "
			      "meanMicroseconds 150, meanRequests 2.5000, mostRequests 6");
	ok_numbers("checkpoints", "count 0, lastMicroseconds 0, longestMicroseconds 0, "
				  "meanMicroseconds 0");
}

static void ok_key(size_t i, const char *name, int64_t requests, int64_t notifications)
{
	_cleanup_(freeing_json) struct json_object *statistics = ask();
	struct json_object *keys = json_object_object_get(statistics, "publisherKeys");
	struct json_object *key = json_object_array_get_idx(keys, i);

	ok_string_equal(json_object_get_string(json_object_object_get(key, "name")), name,
		"key number %zu", i);
	ok_int_equal(json_object_get_int64(json_object_object_get(key, "requests")), requests,
		"its requests");
	ok_int_equal(json_object_get_int64(json_object_object_get(key, "notifications")),
		notifications, "what they created");
}

static void test_keys(void)
{
	struct counters *counters = store_counters(fixture.store);

	ok_key(0, NULL, 0, 0);
	counters_add_key(counters, SLICE("shop"), 5);
	counters_add_key(counters, (struct slice){ 0 }, 5);
	ok_key(0, NULL, 0, 0);
	counters_add_key(counters, SLICE(PUBLISHER_MARK "shop"), 5);
	counters_add_key(counters, SLICE(PUBLISHER_MARK "cron"), 0);
	counters_add_key(counters, SLICE(PUBLISHER_MARK "shop"), 2);
	ok_key(0, "shop", 2, 7);
	ok_key(1, "cron", 1, 0);
	ok_key(2, NULL, 0, 0);
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), PUBLISHER_MARK "k%d", i);
		counters_add_key(counters, slice_of(name), 1);
	}
	counters_add_key(counters, SLICE(PUBLISHER_MARK "k253"), 1);
	counters_add_key(counters, SLICE(PUBLISHER_MARK "k299"), 1);
	ok_key(255, "k253", 2, 2);
	ok_key(256, "*", 47, 47);
	ok_key(257, NULL, 0, 0);
}

static void test_sizes(void)
{
	_cleanup_(freeing_json) struct json_object *statistics = ask();
	double rate = json_object_get_double(
		json_object_object_get(json_object_object_get(statistics, "cache"), "hitRate"));
	int64_t hits = number_of(statistics, "cache", "hits");
	int64_t misses = number_of(statistics, "cache", "misses");

	tap_ok(number_of(statistics, "size", "dataBytes") >= 11 * 4096, "each table has a page");
	tap_ok(number_of(statistics, "size", "logBytes") > 0, "the log has a size");
	ok_int_equal(number_of(statistics, "size", "logFiles"), 1, "it is one file");
	tap_ok(number_of(statistics, "disk", "freeBytes") > 0, "there is room on the disk");
	ok_int_equal(number_of(statistics, "disk", "reserveBytes"),
		(intmax_t)fixture.config.store.disk_reserve, "of which a part is reserved");
	tap_ok(number_of(statistics, "cache", "bytes") >= 8 << 20, "the cache is as configured");
	tap_ok(hits > 0 && misses > 0 &&
			fabs(rate - (double)hits / (double)(hits + misses)) < 0.0001,
		"the hit rate is the hits' share");
}

static void test_self(void)
{
	_cleanup_(freeing_json) struct json_object *statistics = ask();
	struct inbox_greeting greeting;

	store_greeting(fixture.store, &greeting);
	ok_string_equal(json_object_get_string(json_object_object_get(statistics, "version")),
		PACKAGE_VERSION, "the version");
	ok_string_equal(json_object_get_string(json_object_object_get(statistics, "epoch")),
		greeting.epoch, "the epoch");
	tap_ok(json_object_get_int(json_object_object_get(statistics, "schema")) > 0, "the schema");
	tap_ok(json_object_get_int64(json_object_object_get(statistics, "uptime")) >= 0,
		"the uptime");
	tap_ok(!json_object_get_boolean(json_object_object_get(statistics, "diskFull")),
		"the disk is not full");
}

/* A new start counts anew. */
static void test_reopened(void)
{
	fixture_reopen(&fixture);
	ok_numbers("notifications",
		"created 0, read 0, unread 0, deleted 0, expired 0, withdrawn 0");
	ok_numbers("broadcasts", "live 1, created 0, expired 0, withdrawn 0");
}

static int64_t count_checkpoints(void)
{
	_cleanup_(freeing_json) struct json_object *statistics = ask();

	return number_of(statistics, "checkpoints", "count");
}

/* One comes when the log has grown enough. */
static void test_checkpoint(void)
{
	static char content[1000] = "\"title\":\"t\",\"message\":\"";
	static struct draft drafts[INBOX_DRAFTS_MAX];
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = drafts,
		.draft_count = ARRAY_LENGTH(drafts),
	};
	struct json_object *statistics;

	memset(content + strlen(content), 'm', sizeof(content) - 1 - strlen(content));
	content[sizeof(content) - 1] = '"';
	for (size_t i = 0; i < ARRAY_LENGTH(drafts); i++)
		drafts[i] = (struct draft){ .user = SLICE("fay"),
			.content = { content, sizeof(content) } };
	for (int i = 0; i < 100 && count_checkpoints() == 0; i++) {
		fixture_do(&fixture, &request);
		store_work(fixture.store);
	}
	statistics = ask();
	ok_int_equal(number_of(statistics, "checkpoints", "count"), 1, "there was a checkpoint");
	tap_ok(number_of(statistics, "checkpoints", "longestMicroseconds") > 0,
		"which took its time");
	tap_ok(number_of(statistics, "size", "logFiles") >= 2, "the log has files by now");
	json_object_put(statistics);
}

static void test_timing(void)
{
	struct timing timing = { 0 };

	timing_add(&timing, clock_us() - 1000000);
	timing_add(&timing, clock_us());
	ok_int_equal(timing.count, 2, "two were counted");
	tap_ok(timing.longest >= 1000000 && timing.last < timing.longest &&
			timing.total == timing.longest + timing.last,
		"the last, the longest and all together");
}

int main(void)
{
	fixture_open(&fixture);
	test_notifications();
	test_batch();
	test_broadcasts();
	test_aborted();
	test_counters();
	test_keys();
	test_sizes();
	test_self();
	test_reopened();
	test_checkpoint();
	test_timing();
	fixture_close(&fixture);
	return tap_done();
}
