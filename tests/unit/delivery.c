/*
 * From changes to what clients are told: broadcasts to users with different counts, batches,
 * and what comes amid all kinds of waiting. The client of hub_client.h checks that nothing is
 * missing and all counts are true; here stands what is told how, and when the store is asked.
 */
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

static void broadcast(enum change_kind kind)
{
	fixture_broadcast(&talk_fixture, kind, false);
}

static void test_created(void)
{
	talk_begin();
	fixture_change(&talk_fixture, 1, CHANGE_CREATED, false);
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 1, "connected; count 1 1 1");
	talk_join(2, 1, "connected; count 1 1 1");
	broadcast(CHANGE_BROADCAST_CREATED);
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_change(&talk_fixture, 1, CHANGE_CREATED, false);
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_ok_heard(0, "new 1 1 1; new 2 2 2; new 3 3 3");
	talk_ok_heard(1, "new 2 2 2; new 3 3 3; new 4 4 4; new 5 5 5");
	talk_ok_heard(2, "new 2 2 2; new 3 3 3; new 4 4 4; new 5 5 5");
	ok_int_equal(fixture_waiting(&talk_fixture), 0, "the store was asked nothing");
	talk_end();
}

static void test_ended(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 0, "connected; count 0 0 0");
	talk_join(2, 1, "connected; count 0 0 0");
	broadcast(CHANGE_BROADCAST_CREATED);
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_change(&talk_fixture, 1, CHANGE_ALL_READ, false);
	talk_answer();
	talk_ok_heard(2, "new 1 1 1; new 2 2 2; update 3 0 0 all_read");
	broadcast(CHANGE_BROADCAST_WITHDRAWN);
	ok_int_equal(talk_answer(), 2, "the store is asked once for each user");
	talk_ok_heard(0, "new 1 1 1; new 2 2 2; update 3 1 1 withdrawn");
	talk_ok_heard(1, "new 1 1 1; new 2 2 2; update 3 1 1 withdrawn");
	talk_ok_heard(2, "update 4 0 0 withdrawn");
	broadcast(CHANGE_BROADCAST_EXPIRED);
	talk_answer();
	talk_ok_heard(0, "update 4 0 0 expired");
	talk_end();
}

/* Several at once: what the counts of are not known is told with what follows. */
static void test_together(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	broadcast(CHANGE_BROADCAST_CREATED);
	broadcast(CHANGE_BROADCAST_WITHDRAWN);
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	broadcast(CHANGE_BROADCAST_EXPIRED);
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_answer();
	talk_ok_heard(0, "new 1 1 1; update 4 2 2 withdrawn,created,created; new 5 3 3; "
			 "update 7 3 3 expired,created");
	talk_end();
}

/* A broadcast that is not new to everybody is told with the store's counts. */
static void test_imported(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_broadcast(&talk_fixture, CHANGE_BROADCAST_CREATED, true);
	talk_answer();
	talk_ok_heard(0, "update 1 0 0 created");
	talk_end();
}

/* While the store is asked for one who joins, or changes are on their way. */
static void test_joining(void)
{
	talk_begin();
	talk_connect(0, 0, "");
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_compute(&talk_fixture); /* becomes known: after the first, before the second */
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_deliver(&talk_fixture, 0);
	talk_ok_heard(0, "connected; count 1 0 0; new 2 1 1");
	ok_int_equal(fixture_waiting(&talk_fixture), 0, "one question was enough");
	talk_connect(1, 0, "");
	fixture_compute(&talk_fixture);
	broadcast(CHANGE_BROADCAST_CREATED);
	broadcast(CHANGE_BROADCAST_WITHDRAWN);
	talk_answer();
	talk_ok_heard(0, "new 3 2 2; update 4 2 2 withdrawn");
	talk_ok_heard(1, "connected; count 2 1 1; new 3 2 2; update 4 2 2 withdrawn");
	talk_end();
}

/* Answers that are faster than the feed. */
static void test_feed_behind(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_hold(&talk_fixture, true);
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	broadcast(CHANGE_BROADCAST_WITHDRAWN);
	talk_join(1, 0, "connected; count 3 1 1");
	talk_ok_heard(0, "");
	fixture_hold(&talk_fixture, false);
	talk_answer();
	talk_ok_heard(0, "new 1 1 1; new 2 2 2; update 3 1 1 withdrawn");
	talk_ok_heard(1, "");
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_ok_heard(0, "new 4 2 2");
	talk_ok_heard(1, "new 4 2 2");
	talk_end();
}

/* What the answer held already is not asked for again. */
static void test_answer_ahead(void)
{
	talk_begin();
	fixture_hold(&talk_fixture, true);
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_READ, false);
	talk_join(0, 0, "connected; count 3 0 0");
	fixture_hold(&talk_fixture, false);
	ok_int_equal(fixture_waiting(&talk_fixture), 0, "the store is asked nothing");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_ok_heard(0, "new 4 1 1");
	talk_end();
}

/* A change that does not follow: what was between is lost, and an update takes its place. */
static void test_gap(void)
{
	struct change change;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_hold(&talk_fixture, true);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	hub_model_read_log(fixture_model(&talk_fixture), &change);
	fixture_hold(&talk_fixture, false);
	talk_answer();
	talk_ok_heard(0, "update 2 2 2");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_ok_heard(0, "new 3 3 3");
	talk_end();
}

static void test_resume(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	hub_client_forget(&talk_clients[0]);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	broadcast(CHANGE_BROADCAST_CREATED);
	broadcast(CHANGE_BROADCAST_WITHDRAWN);
	fixture_change(&talk_fixture, 0, CHANGE_READ, false);
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_connect(1, 0, "since=0&epoch=1");
	talk_connect(2, 0, "since=1&epoch=1");
	talk_connect(3, 0, "since=4&epoch=1");
	talk_answer();
	talk_ok_heard(1, "connected; new 1 1 1; new 2 2 2; update 4 0 0 withdrawn,read; new 5 1 1; "
			 "count 5 1 1");
	talk_ok_heard(2, "connected; update 4 0 0 created,withdrawn,read; new 5 1 1; count 5 1 1");
	talk_ok_heard(3, "connected; new 5 1 1; count 5 1 1");
	talk_end();
}

/* What was missed comes from the store, and what happens meanwhile from the feed. */
static void test_resume_overtaken(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_connect(1, 0, "since=0&epoch=1");
	fixture_compute(&talk_fixture);
	fixture_overtake(&talk_fixture); /* the snapshot is here before what was missed */
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_deliver(&talk_fixture, 0);
	talk_ok_heard(1, "");
	talk_answer();
	talk_ok_heard(0, "new 1 1 1; new 2 2 2");
	talk_ok_heard(1, "connected; count 0 0 0; new 1 1 1; new 2 2 2");
	talk_end();
}

/* More than is kept while nobody is told: everybody gets an update. */
static void test_beyond_memory(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_ALL_READ, false);
	fixture_compute(&talk_fixture);
	for (unsigned i = 0; i < BROADCASTS_KEPT; i++) {
		broadcast(CHANGE_BROADCAST_CREATED);
		broadcast(CHANGE_BROADCAST_WITHDRAWN);
	}
	talk_answer();
	talk_ok_heard(0, "update 1 0 0 all_read; update 129 0 0");
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_ok_heard(0, "new 130 1 1");
	talk_end();
}

/* The same for one that reads nothing meanwhile: one update, not two. */
static void test_slow(void)
{
	struct hub_client *slow = &talk_clients[0];

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	slow->paused = true;
	for (unsigned i = 0; i < BROADCASTS_KEPT; i++) {
		broadcast(CHANGE_BROADCAST_CREATED);
		broadcast(CHANGE_BROADCAST_WITHDRAWN);
		talk_answer();
	}
	slow->paused = false;
	hub_client_read(slow, &talk_fixture);
	ok_int_equal(slow->applied.seq < 2 * BROADCASTS_KEPT, true, "not all was queued");
	talk_forget_heard(0);
	talk_answer();
	talk_ok_heard(0, "update 128 0 0");
	talk_end();
}

/* Whom the store could not make known gets updates, until it can. */
static void test_stranger(void)
{
	talk_begin();
	fixture_set_full(&talk_fixture, true);
	talk_join(0, 0, "connected; count 0 0 0");
	broadcast(CHANGE_BROADCAST_CREATED);
	fixture_compute(&talk_fixture);
	broadcast(CHANGE_BROADCAST_CREATED); /* the answer does not hold it */
	talk_answer();
	talk_ok_heard(0, "update 1 0 0; update 2 0 0");
	fixture_set_full(&talk_fixture, false);
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_answer();
	talk_ok_heard(0, "update 3 0 0");
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_ok_heard(0, "new 4 1 1");
	talk_end();
}

/* An answer of another life of the store, of which the hub does not know yet. */
static void test_new_life(void)
{
	talk_begin();
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_connect(0, 0, "");
	fixture_new_epoch(&talk_fixture, 1);
	talk_ok_heard(0, "");
	talk_answer();
	talk_ok_heard(0, "connected; count 0 0 0");
	broadcast(CHANGE_BROADCAST_CREATED);
	talk_ok_heard(0, "new 1 1 1");
	talk_end();
}

static void test_batch(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, true);
	fixture_change(&talk_fixture, 0, CHANGE_EXPIRED, false);
	fixture_change(&talk_fixture, 0, CHANGE_WITHDRAWN, true);
	talk_answer();
	talk_ok_heard(0,
		"update 3 1 1 created,created,created,expired,withdrawn,withdrawn,withdrawn");
	talk_end();
}

int main(void)
{
	test_created();
	test_ended();
	test_together();
	test_imported();
	test_joining();
	test_feed_behind();
	test_answer_ahead();
	test_gap();
	test_resume();
	test_resume_overtaken();
	test_beyond_memory();
	test_slow();
	test_stranger();
	test_new_life();
	test_batch();
	return tap_done();
}
