/* Clients that do not read: what is kept for them, when they are closed, and what stops that. */
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

#include <sys/socket.h>

enum { STALL_TIMEOUT = 30, CHANGES = 60 };

static struct session *session_of(const char *user)
{
	return registry_find(&talk_fixture.hub.registry, slice_of(user))->sessions;
}

/* A client joins, and reads nothing of so much that its queue is full. Returns its session. */
static struct session *stall(size_t client)
{
	struct session *session;

	talk_join(client, 0, "connected; count 0 0 0");
	talk_clients[client].paused = true;
	session = session_of("a");
	for (int i = 0; i < CHANGES; i++)
		fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	return session;
}

/* The bytes that wait for a client, and the memory that they take. */
static size_t waiting(const struct session *session)
{
	return session->queue ? session->queue->bytes.len : 0;
}

static size_t memory(const struct session *session)
{
	return session->queue ? session->queue->bytes.size : 0;
}

static void test_queue(void)
{
	struct session *session;
	size_t limit;

	talk_begin();
	limit = talk_fixture.config->push.send_queue;
	session = stall(0);
	tap_ok(session->conflated, "a client that does not read");
	tap_ok(waiting(session) <= limit, "of what waits no more is kept than may be");
	tap_ok(waiting(session) > limit / 2, "but as much as may be");
	tap_ok(memory(session) <= limit, "and in no more memory");
	talk_clients[0].paused = false;
	talk_answer();
	talk_forget_heard(0);
	talk_answer();
	ok_int_equal(memory(session), 0, "once it reads nothing is kept");
	tap_ok(!session->conflated, "and it is told all again");
	talk_end();
}

static void test_time(void)
{
	talk_begin();
	talk_join(1, 1, "connected; count 0 0 0");
	fixture_pass(&talk_fixture, 5);
	stall(0);
	fixture_pass(&talk_fixture, STALL_TIMEOUT - 1);
	ok_int_equal(session_of("a")->state, SESSION_LIVE, "a second before the time is over");
	fixture_pass(&talk_fixture, 1);
	tap_ok(!registry_find(&talk_fixture.hub.registry, SLICE("a")), "when it is it is closed");
	ok_int_equal(talk_fixture.hub.leavers.count, 1, "and may read the rest");
	fixture_pass(&talk_fixture, 5);
	ok_int_equal(talk_fixture.hub.clients.count, 1, "for five seconds");
	ok_int_equal(session_of("b")->state, SESSION_LIVE, "who reads has nothing of it");
	hub_client_forget(&talk_clients[0]);
	talk_end();
}

/* Whoever takes something, however little, has the time anew. */
static void test_progress(void)
{
	uint64_t configured;
	struct session *session;
	char bytes[4096];

	talk_begin();
	configured = talk_fixture.config->push.send_queue;
	talk_fixture.config->push.send_queue = 65536; /* more than the socket takes at a time */
	session = stall(0);
	fixture_pass(&talk_fixture, STALL_TIMEOUT - 1);
	tap_ok(recv(talk_clients[0].fd, bytes, sizeof(bytes), 0) > 0, "something is read");
	fixture_run(&talk_fixture);
	ok_int_equal(session->queue->drained, talk_fixture.hub.now, "which is noticed");
	fixture_pass(&talk_fixture, STALL_TIMEOUT - 1);
	ok_int_equal(session->state, SESSION_LIVE, "a second before the time is over");
	fixture_pass(&talk_fixture, 1);
	ok_int_equal(talk_fixture.hub.leavers.count, 1, "when it is");
	hub_client_forget(&talk_clients[0]);
	talk_fixture.config->push.send_queue = configured;
	talk_end();
}

/* A token that ends when nobody counts in 32 bits any more. */
static void test_far_end(void)
{
	struct session *session;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	session = session_of("a");
	session->expires = UINT32_MAX;
	for (int i = 0; i < 100; i++) {
		fixture_pass(&talk_fixture, 29);
		hub_client_say(&talk_clients[0], &talk_fixture, SLICE("{\"type\":\"pong\"}"));
	}
	talk_ok_heard(0, "");
	ok_int_equal(session->state, SESSION_LIVE, "a token without a near end");
	talk_end();
}

int main(void)
{
	test_queue();
	test_time();
	test_progress();
	test_far_end();
	return tap_done();
}
