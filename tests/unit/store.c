/*
 * What the store keeps and refuses, beyond the single operations: the ring of
 * changes, epochs, a second owner, other schema versions, a full disk, clocks.
 */
#include "stored/store.h"

#include "lib/log.h"
#include "stored/environment.h"
#include "tests/tap.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct fixture fixture;

static int ask_changes(const char *user, uint64_t since, const char *epoch)
{
	struct inbox_request request = {
		.operation = INBOX_CHANGES,
		.user = slice_of(user),
		.since = since,
		.epoch = slice_of(epoch),
	};

	return fixture_do(&fixture, &request);
}

static struct inbox_greeting greeting(void)
{
	struct inbox_greeting greeting = { 0 };

	tap_ok(store_greeting(fixture.store, &greeting) == 0, "the store greets");
	return greeting;
}

/* Whether the reply holds these changes, in order, up to the last. */
static bool changes_are(uint64_t first, uint64_t last)
{
	struct inbox_answer answer = fixture_answer(&fixture);
	struct change change;
	uint64_t seq = first;

	if (answer.reset)
		return false;
	for (; inbox_next_change(&answer, &change); seq++)
		if (change.counts.seq != seq || change.kind != CHANGE_CREATED)
			return false;
	return seq == last + 1;
}

static void test_changes(void)
{
	struct inbox_greeting life = greeting();
	struct uuid id;

	for (int i = 0; i < 250; i++)
		fixture_create(&fixture, "ring", NOTIFICATION_INFO, "", &id);
	tap_ok(ask_changes("ring", 250, life.epoch) == 0 && changes_are(251, 250),
		"nothing missed: no changes, no reset");
	tap_ok(ask_changes("ring", 249, life.epoch) == 0 && changes_are(250, 250), "one missed");
	tap_ok(ask_changes("ring", 150, life.epoch) == 0 && changes_are(151, 250), "100 missed");
	tap_ok(ask_changes("ring", 149, life.epoch) == 0 && fixture.reply.answer.reset,
		"101 missed: reset");
	tap_ok(ask_changes("ring", 0, life.epoch) == 0 && fixture.reply.answer.reset,
		"all missed: reset");
	tap_ok(ask_changes("ring", 251, life.epoch) == 0 && fixture.reply.answer.reset,
		"ahead of the store: reset");
	tap_ok(ask_changes("ring", 250, "another") == 0 && fixture.reply.answer.reset,
		"another epoch: reset");
	ok_int_equal(fixture.reply.answer.counts.seq, 250, "a reset bears the counts");
	tap_ok(ask_changes("nobody", 0, life.epoch) == 0 && changes_are(1, 0),
		"a user never heard of has missed nothing");
}

static void test_seen(void)
{
	struct uuid first, second;

	fixture_create(&fixture, "seen", NOTIFICATION_INFO, "", &first);
	fixture_run(&fixture, INBOX_SEEN, "seen");
	ok_int_equal(fixture.reply.answer.counts.unseen, 0, "opening the panel sees all");
	ok_int_equal(fixture.reply.answer.counts.unread, 1, "and reads nothing");
	fixture_run(&fixture, INBOX_SEEN, "seen");
	ok_int_equal(fixture.reply.answer.counts.seq, 2, "seeing nothing new is no change");
	fixture_create(&fixture, "seen", NOTIFICATION_INFO, "", &second);
	ok_int_equal(fixture.reply.answer.counts.unseen, 1, "the next one is unseen");
	fixture_mark(&fixture, INBOX_MARK_READ, "seen", &second);
	ok_int_equal(fixture.reply.answer.counts.unseen, 0, "what is read is no longer unseen");
	fixture_mark(&fixture, INBOX_MARK_READ, "seen", &first);
	ok_int_equal(fixture.reply.answer.counts.unread, 0, "reading a seen one counts once");
}

static void test_epochs(void)
{
	struct inbox_greeting before = greeting(), after;
	char path[128];
	FILE *file;

	fixture_reopen(&fixture);
	after = greeting();
	ok_string_equal(after.epoch, before.epoch, "a clean stop begins no epoch");
	tap_ok(after.log_file > 0, "the greeting tells the end of the log");
	store_close(fixture.store);
	snprintf(path, sizeof(path), "%s/running", fixture.home);
	tap_ok(access(path, F_OK) < 0, "a clean stop takes its mark away");
	file = fopen(path, "w");
	fputs("00000000-0000-0000-0000-000000000000", file);
	fclose(file);
	tap_ok(store_open(&fixture.config, &fixture.store) == 0, "opens after the machine went down");
	after = greeting();
	tap_ok(strcmp(after.epoch, before.epoch) != 0, "which begins a new epoch");
	before = after;
	fixture_reopen(&fixture);
	after = greeting();
	ok_string_equal(after.epoch, before.epoch, "but only once");
}

static void test_second_owner(void)
{
	struct store *second = NULL;

	ok_int_equal(store_open(&fixture.config, &second), -EBUSY, "a second owner is refused");
}

/* Puts another schema version into the store's meta table. */
static void set_schema(const char *version)
{
	struct environment *environment;
	DBT key = { .data = (void *)"schema", .size = 6 };
	DBT value = { .data = (void *)version, .size = (u_int32_t)strlen(version) };
	DB_TXN *txn;
	DB *db;

	tap_ok(environment_open(&fixture.config, &environment) == 0, "the environment opens alone");
	environment_begin(environment, &txn);
	db_create(&db, environment_handle(environment), 0);
	tap_ok(db->open(db, txn, "meta.db", NULL, DB_BTREE, DB_THREAD, 0) == 0 &&
		       db->put(db, txn, &key, &value, 0) == 0,
		"schema version %s is written", version);
	environment_commit(environment, txn);
	db->close(db, 0);
	environment_close(environment);
}

/* Whether the last answer was about somebody who is not known. */
static bool was_stranger(const char *user, const char *caller)
{
	struct inbox_request request = {
		.operation = INBOX_COUNT,
		.user = slice_of(user),
		.caller = { .name = slice_of(caller) },
	};

	return fixture_do(&fixture, &request) == 0 && fixture.reply.answer.stranger;
}

static void test_strangers(void)
{
	struct uuid id;

	tap_ok(was_stranger("newcomer", ""), "who was never heard of is a stranger");
	tap_ok(was_stranger("newcomer", "admin"), "whoever else asks");
	tap_ok(!was_stranger("newcomer", "newcomer"), "but not once they have asked themselves");
	tap_ok(!was_stranger("newcomer", ""), "from then on");
	fixture_create(&fixture, "addressee", NOTIFICATION_INFO, "", &id);
	tap_ok(!was_stranger("addressee", ""), "nor is who was sent something");
	fixture_run(&fixture, INBOX_FORGET, "addressee");
	tap_ok(was_stranger("addressee", ""), "until they are forgotten");
}

/* The last change that this user is told of. */
static bool last_change(const char *user, const struct inbox_greeting *life, struct change *ret_change)
{
	struct inbox_answer answer;

	fixture_run(&fixture, INBOX_COUNT, user);
	if (ask_changes(user, fixture.reply.answer.counts.seq - 1, life->epoch) != 0)
		return false;
	answer = fixture_answer(&fixture);
	return inbox_next_change(&answer, ret_change);
}

/* Only what is new to everybody is told in full. */
static void test_imported_broadcast(void)
{
	static const struct entry entry = {
		.kind = ENTRY_BROADCAST,
		.notification = { .id = { { 1 } }, .broadcast = true, .content = SLICE("\"title\":\"t\"") },
	};
	const struct inbox_request import = {
		.operation = INBOX_IMPORT,
		.entries = &entry,
		.entry_count = 1,
	};
	const struct draft draft = { .content = SLICE("\"title\":\"t\"") };
	const struct inbox_request broadcast = {
		.operation = INBOX_BROADCAST,
		.drafts = &draft,
		.draft_count = 1,
	};
	struct inbox_greeting life = greeting();
	struct change change = { 0 };

	was_stranger("reader", "reader");
	tap_ok(fixture_do(&fixture, &broadcast) == 0 && last_change("reader", &life, &change) &&
		change.notification.len > 0 && change.counts.unread == 1, "a broadcast is told in full");
	tap_ok(fixture_do(&fixture, &import) == 0 && last_change("reader", &life, &change) &&
		change.kind == CHANGE_BROADCAST_CREATED && change.ids.len > 0, "an old one is imported");
	ok_int_equal(change.notification.len, 0, "and told by its identifier alone");
	ok_int_equal(change.counts.unread, 1, "since it is not for those who came after it");
}

static void test_schema(void)
{
	store_close(fixture.store);
	set_schema("999");
	ok_int_equal(store_open(&fixture.config, &fixture.store), -EPROTONOSUPPORT,
		"a newer schema is refused");
	set_schema("1");
	tap_ok(store_open(&fixture.config, &fixture.store) == 0, "its own is opened");
}

static void test_disk(void)
{
	tap_ok(!store_disk_full(fixture.store), "without a reserve the disk is not full");
	store_close(fixture.store);
	fixture.config.store.disk_reserve = UINT64_MAX / 2;
	tap_ok(store_open(&fixture.config, &fixture.store) == 0, "opens on a full disk");
	tap_ok(store_disk_full(fixture.store), "and knows that it is full");
	store_close(fixture.store);
	fixture.config.store.disk_reserve = 0;
	tap_ok(store_open(&fixture.config, &fixture.store) == 0, "opens again");
}

/* Identifiers go on from the last one, even if the clock was in the future when that was made. */
static void test_identifiers(void)
{
	struct environment *environment;
	struct uuid last = { 0 }, id;
	int64_t future = INT64_C(4102444800000);
	DBT key = { .data = (void *)"last-id", .size = 7 };
	DBT value = { .data = last.bytes, .size = UUID_BYTES };
	DB_TXN *txn;
	DB *db;

	uuid_next(&last, future);
	store_close(fixture.store);
	environment_open(&fixture.config, &environment);
	environment_begin(environment, &txn);
	db_create(&db, environment_handle(environment), 0);
	tap_ok(db->open(db, txn, "meta.db", NULL, DB_BTREE, DB_THREAD, 0) == 0 &&
		       db->put(db, txn, &key, &value, 0) == 0,
		"the last identifier was made in the year 2100");
	environment_commit(environment, txn);
	db->close(db, 0);
	environment_close(environment);
	tap_ok(store_open(&fixture.config, &fixture.store) == 0, "the store opens with it");
	fixture_create(&fixture, "clock", NOTIFICATION_INFO, "", &id);
	tap_ok(uuid_compare(&id, &last) > 0, "the next one is above it");
}

static void test_damage(void)
{
	char path[128];
	int fd;

	store_close(fixture.store);
	snprintf(path, sizeof(path), "%s/data/users.db", fixture.home);
	fd = open(path, O_WRONLY);
	tap_ok(fd >= 0 && pwrite(fd, "damaged!damaged!", 16, 12) == 16, "a file is damaged");
	close(fd);
	tap_ok(store_open(&fixture.config, &fixture.store) < 0, "the store refuses to open");
	fixture.store = NULL;
}

int main(void)
{
	log_open("store", LOG_LEVEL_ERROR);
	fixture_open(&fixture);
	test_changes();
	test_seen();
	test_epochs();
	test_strangers();
	test_imported_broadcast();
	test_second_owner();
	test_schema();
	test_disk();
	test_identifiers();
	test_damage();
	fixture_close(&fixture);
	return tap_done();
}
