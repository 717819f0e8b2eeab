/*
 * Retention: no more than so many for each user, nothing older than so many days, and what
 * it costs to find out whom that concerns.
 */
#include "lib/log.h"
#include "lib/timestamp.h"
#include "stored/store_internal.h"
#include "tests/tap.h"
#include "tests/unit/store_fixture.h"

enum { MAX = 20 };

static struct fixture fixture;
static struct uuid ids[400];

static const int64_t DAY = INT64_C(24) * 3600 * 1000;

static uint64_t total(const char *user)
{
	fixture_run(&fixture, INBOX_COUNT, user);
	return fixture.reply.answer.counts.total;
}

static bool has(const char *user, const struct uuid *id)
{
	return fixture_mark(&fixture, INBOX_GET, user, id) == 0;
}

static void fill(const char *user, int count)
{
	for (int i = 0; i < count; i++)
		fixture_create(&fixture, user, NOTIFICATION_INFO, "", &ids[i]);
}

static void test_oldest(void)
{
	fill("all-unread", MAX);
	ok_int_equal(fixture.reply.answer.counts.seq, MAX, "up to the limit nothing is removed");
	fixture_create(&fixture, "all-unread", NOTIFICATION_INFO, "", &ids[MAX]);
	ok_int_equal(total("all-unread"), MAX, "one more takes the place of one");
	tap_ok(!has("all-unread", &ids[0]) && has("all-unread", &ids[1]), "of the oldest");
	ok_int_equal(fixture.reply.answer.counts.seq, MAX + 2, "which is a change of its own");
	ok_int_equal(fixture.reply.answer.counts.unread, MAX, "and is no longer counted");
}

static void test_read_first(void)
{
	fill("some-read", MAX);
	fixture_mark(&fixture, INBOX_MARK_READ, "some-read", &ids[15]);
	fixture_mark(&fixture, INBOX_MARK_READ, "some-read", &ids[7]);
	fixture_create(&fixture, "some-read", NOTIFICATION_INFO, "", &ids[MAX]);
	tap_ok(!has("some-read", &ids[7]) && has("some-read", &ids[15]), "the oldest read one goes first");
	fixture_create(&fixture, "some-read", NOTIFICATION_INFO, "", &ids[MAX]);
	tap_ok(!has("some-read", &ids[15]) && has("some-read", &ids[0]), "then the next read one");
	fixture_mark(&fixture, INBOX_MARK_READ, "some-read", &ids[3]);
	fixture_create(&fixture, "some-read", NOTIFICATION_INFO, "", &ids[MAX]);
	tap_ok(!has("some-read", &ids[3]) && has("some-read", &ids[0]),
		"one that is read afterwards, before what was passed over");
	fixture_run(&fixture, INBOX_READ_ALL, "some-read");
	fixture_create(&fixture, "some-read", NOTIFICATION_INFO, "", &ids[MAX]);
	tap_ok(!has("some-read", &ids[0]) && has("some-read", &ids[1]),
		"all are read, though no row says so yet: the oldest");
	ok_int_equal(total("some-read"), MAX, "there are as many as allowed");
}

static void test_batch(void)
{
	struct draft drafts[3 * MAX];
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = drafts,
		.draft_count = ARRAY_LENGTH(drafts),
	};
	struct uuid first, last;

	for (size_t i = 0; i < ARRAY_LENGTH(drafts); i++)
		drafts[i] = (struct draft){
			.user = SLICE("batch"), .content = SLICE("\"title\":\"t\""),
		};
	ok_int_equal(fixture_do(&fixture, &request), 0, "a batch of more than is allowed is taken");
	first = fixture.reply.answer.next;
	last = uuid_add(&first, ARRAY_LENGTH(drafts) - 1);
	ok_int_equal(total("batch"), MAX, "but only the newest stay");
	tap_ok(has("batch", &last) && !has("batch", &first), "the newest, not the oldest");
}

/* Broadcasts count among the notifications, but not towards what a user may have. */
static void test_broadcasts(void)
{
	struct draft draft = { .content = SLICE("\"title\":\"t\"") };
	struct inbox_request request = {
		.operation = INBOX_BROADCAST,
		.drafts = &draft,
		.draft_count = 1,
	};

	fill("listener", MAX);
	for (int i = 0; i < 5; i++)
		fixture_do(&fixture, &request);
	fixture_create(&fixture, "listener", NOTIFICATION_INFO, "", &ids[MAX]);
	ok_int_equal(total("listener"), MAX + 5, "broadcasts take no place away");
}

static struct entry old_entry(const char *user, int64_t created)
{
	return (struct entry){
		.kind = ENTRY_NOTIFICATION,
		.user = slice_of(user),
		.notification = { .created = created, .content = SLICE("\"title\":\"old\"") },
	};
}

/* Lets the walk over all users pass once. */
static void walk(void)
{
	store_close(fixture.store);
	store_open(&fixture.config, &fixture.store); /* a walk begins with the store */
	for (int i = 0; i < 50; i++)
		fixture_sweep(&fixture);
}

static void test_age(void)
{
	int64_t now = timestamp_now();
	struct entry entries[] = {
		old_entry("aged", now - 200 * DAY),
		old_entry("aged", now - 91 * DAY),
		old_entry("aged", now - 89 * DAY),
	};
	struct inbox_request request = {
		.operation = INBOX_IMPORT,
		.entries = entries,
		.entry_count = ARRAY_LENGTH(entries),
	};

	fixture.config.store.retention_days = 90;
	fixture_reopen(&fixture);
	fixture_do(&fixture, &request);
	ok_int_equal(fixture.reply.answer.affected, 3, "old notifications are imported");
	walk();
	ok_int_equal(total("aged"), 1, "what is older than the limit is removed");
	ok_int_equal(fixture.reply.answer.counts.seq, fixture.reply.answer.broadcasts + 2,
		"as one change");
	fixture.config.store.retention_days = 0;
	fixture_reopen(&fixture);
	fixture_do(&fixture, &request);
	ok_int_equal(total("aged"), 4, "without a limit they come back");
	walk();
	ok_int_equal(total("aged"), 4, "and stay");
}

static void test_lowered(void)
{
	fixture.config.store.max_per_user = 0;
	fixture_reopen(&fixture);
	fill("many", 400);
	ok_int_equal(total("many"), 400, "without a limit there may be many");
	fixture.config.store.max_per_user = MAX;
	walk();
	ok_int_equal(total("many"), MAX, "the walk catches up with a limit that was lowered");
	tap_ok(has("many", &ids[399]) && !has("many", &ids[0]), "and leaves the newest");
}

/* A mark on a broadcast that is no more is nothing to keep. */
static void test_marks(void)
{
	struct draft draft = { .content = SLICE("\"title\":\"t\"") };
	struct inbox_request create = {
		.operation = INBOX_BROADCAST,
		.drafts = &draft,
		.draft_count = 1,
	};
	struct inbox_request end = { .operation = INBOX_WITHDRAW_BROADCAST };
	struct user user;
	struct uuid id;

	fixture_create(&fixture, "marker", NOTIFICATION_INFO, "", &id);
	fixture_do(&fixture, &create);
	end.id = fixture.reply.answer.next;
	fixture_mark(&fixture, INBOX_MARK_READ, "marker", &end.id);
	store_load_user(fixture.store, SLICE("marker"), &user);
	ok_int_equal(user.marks, 1, "a broadcast that was read has a mark");
	fixture_do(&fixture, &end);
	ok_int_equal(total("marker"), 1, "it ends");
	walk();
	store_load_user(fixture.store, SLICE("marker"), &user);
	ok_int_equal(user.marks, 0, "and the walk removes the mark");
}

int main(void)
{
	log_open("retention", LOG_LEVEL_ERROR);
	fixture_open(&fixture);
	fixture.config.store.max_per_user = MAX;
	fixture_reopen(&fixture);
	test_oldest();
	test_read_first();
	test_batch();
	test_broadcasts();
	test_age();
	test_lowered();
	test_marks();
	fixture_close(&fixture);
	return tap_done();
}
