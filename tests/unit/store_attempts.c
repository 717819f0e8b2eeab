/* Attempts with a key: what the store answers to the second, and to whom. */
#include "lib/log.h"
#include "lib/publisher.h"
#include "lib/timestamp.h"
#include "tests/tap.h"
#include "tests/unit/store_fixture.h"

static struct fixture fixture;

static const struct draft drafts[] = {
	{ .user = { "anna", 4 }, .content = { "\"title\":\"1\"", 11 } },
	{ .user = { "bob", 3 }, .content = { "\"title\":\"2\"", 11 } },
	{ .user = { "anna", 4 }, .content = { "\"title\":\"3\"", 11 } },
};
static const struct draft to_all = { .content = { "\"title\":\"4\"", 11 } };

static const struct inbox_once key_1 = { { 1 }, { 1 } };
static const struct inbox_once key_1_other_body = { { 1 }, { 2 } };
static const struct inbox_once key_2 = { { 2 }, { 1 } };
static const struct inbox_once key_3 = { { 3 }, { 1 } };

static struct inbox_request request(const char *caller, const struct inbox_once *once)
{
	return (struct inbox_request){
		.operation = INBOX_CREATE,
		.caller = { .name = slice_of(caller) },
		.once = once,
		.drafts = drafts,
		.draft_count = ARRAY_LENGTH(drafts),
	};
}

static int create(const char *caller, const struct inbox_once *once)
{
	struct inbox_request asked = request(caller, once);

	return fixture_do(&fixture, &asked);
}

static uint64_t seq_of(const char *user)
{
	return fixture_run(&fixture, INBOX_COUNT, user) == 0 ? fixture.reply.answer.counts.seq : 0;
}

static bool replays(const struct inbox_answer *first)
{
	const struct inbox_answer *answer = &fixture.reply.answer;

	return answer->replayed && answer->affected == first->affected &&
	       uuid_compare(&answer->next, &first->next) == 0;
}

static void test_repeat(void)
{
	struct inbox_answer first;

	ok_int_equal(create("shop", &key_1), 0, "the first attempt");
	first = fixture.reply.answer;
	tap_ok(!first.replayed, "is no repeat");
	tap_ok(create("shop", &key_1) == 0 && replays(&first), "the second has the same answer");
	ok_int_equal(create("shop", &key_1_other_body), INBOX_CONFLICT, "another body is refused");
	tap_ok(seq_of("anna") == 1 && seq_of("bob") == 1, "and all that creates nothing");
	fixture_run(&fixture, INBOX_DELETE_ALL, "anna");
	tap_ok(create("shop", &key_1) == 0 && replays(&first), "nor does one after it was deleted");
	ok_int_equal(seq_of("anna"), 2, "which stays so");
	fixture_reopen(&fixture);
	tap_ok(create("shop", &key_1) == 0 && replays(&first), "nor one after a restart");
	tap_ok(create("stall", &key_1) == 0 && !fixture.reply.answer.replayed,
		"another caller's key is another one");
	tap_ok(create(PUBLISHER_MARK "shop", &key_1) == 0 && !fixture.reply.answer.replayed,
		"so is that of who asks by a publisher key of the same name");
	tap_ok(create("shop", &key_2) == 0 && !fixture.reply.answer.replayed,
		"and so is another key");
	tap_ok(create("shop", NULL) == 0 && create("shop", NULL) == 0 &&
			!fixture.reply.answer.replayed && seq_of("bob") == 6,
		"without one each stands for itself");
}

static void test_only_repeat(void)
{
	struct inbox_request asked = request("shop", &key_3);
	struct inbox_answer first;

	asked.only_repeat = true;
	ok_int_equal(fixture_do(&fixture, &asked), INBOX_NOT_FOUND, "nothing to repeat");
	ok_int_equal(seq_of("bob"), 6, "creates nothing");
	ok_int_equal(create("shop", &key_3), 0, "an attempt");
	first = fixture.reply.answer;
	tap_ok(fixture_do(&fixture, &asked) == 0 && replays(&first), "is repeated");
	asked.operation = INBOX_BROADCAST;
	asked.drafts = &to_all;
	asked.draft_count = 1;
	asked.caller.name = SLICE("radio");
	ok_int_equal(fixture_do(&fixture, &asked), INBOX_NOT_FOUND, "no broadcast to repeat");
	asked.only_repeat = false;
	ok_int_equal(fixture_do(&fixture, &asked), 0, "a broadcast");
	first = fixture.reply.answer;
	tap_ok(fixture_do(&fixture, &asked) == 0 && replays(&first), "with a key is sent once");
	asked.only_repeat = true;
	tap_ok(fixture_do(&fixture, &asked) == 0 && replays(&first), "and is repeated");
	ok_int_equal(seq_of("bob"), 8, "creates no other");
}

/* Twins that come at once run in one transaction. */
static void test_twins(void)
{
	struct inbox_request asked = request("twin", &key_1);
	struct inbox_answer first;

	store_begin(fixture.store);
	ok_int_equal(store_execute(fixture.store, &asked, &fixture.reply), 0, "the one");
	first = fixture.reply.answer;
	tap_ok(store_execute(fixture.store, &asked, &fixture.reply) == 0 && replays(&first),
		"is known to the other");
	store_abort(fixture.store);
	tap_ok(create("twin", &key_1) == 0 && !fixture.reply.answer.replayed,
		"but not if neither was committed");
}

/* Who is forgotten loses what was kept; what comes afterwards is another one's. */
static void test_forgotten(void)
{
	struct inbox_answer first;

	create("stranger", &key_1);
	fixture_run(&fixture, INBOX_FORGET, "stranger");
	ok_int_equal(create("stranger", &key_2), 0, "one who was forgotten attempts something");
	first = fixture.reply.answer;
	fixture_sweep(&fixture);
	tap_ok(create("stranger", &key_2) == 0 && replays(&first), "which is kept");
	tap_ok(create("stranger", &key_1) == 0 && !fixture.reply.answer.replayed,
		"what was before is forgotten, though the caller never had an inbox");
	fixture_create(&fixture, "known", NOTIFICATION_INFO, "", &(struct uuid){ 0 });
	create("known", &key_1);
	fixture_run(&fixture, INBOX_FORGET, "known");
	fixture_sweep(&fixture);
	tap_ok(create("known", &key_1) == 0 && !fixture.reply.answer.replayed,
		"so it is of one who had an inbox");
}

int main(void)
{
	log_open("store_attempts", LOG_LEVEL_ERROR);
	fixture_open(&fixture);
	test_repeat();
	test_only_repeat();
	test_twins();
	test_forgotten();
	fixture_close(&fixture);
	return tap_done();
}
