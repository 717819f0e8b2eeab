/*
 * Clients that are nobody yet, or not any more: the lists that they are in, what they may
 * cost, and for how long.
 */
#include "pushd/conversation.h"
#include "pushd/handshake.h"
#include "pushd/request.h"
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

#include <sys/socket.h>

enum { AUTH_TIMEOUT = 10, CLOSE_PATIENCE = 5 };

/* ---- the list ---- */

/* Whether it holds these sessions, in this order both ways. */
static bool holds(const struct newcomers *list, struct session *const *expected, size_t count)
{
	const struct newcomer *at = list->oldest;
	size_t n = 0;

	for (; at && n < count && at->session == expected[n]; at = at->newer, n++)
		;
	if (at || n < count || list->count != count)
		return false;
	for (at = list->newest; at && n > 0 && at->session == expected[n - 1]; at = at->older)
		n--;
	return !at && n == 0;
}

static void test_list(void)
{
	struct newcomers list = { 0 }, other = { 0 };
	struct session *s[4];

	tap_ok(!newcomers_oldest(&list), "nobody is the oldest of none");
	for (size_t i = 0; i < 4; i++) {
		s[i] = session_new(-1);
		ok_int_equal(newcomers_add(&list, s[i]), 0, "one more");
	}
	tap_ok(holds(&list, s, 4), "in the order in which they came");
	tap_ok(newcomers_oldest(&list) == s[0], "the first is the oldest");
	newcomers_remove(s[1]);
	tap_ok(holds(&list, (struct session *[]){ s[0], s[2], s[3] }, 3), "one out of the middle");
	tap_ok(!s[1]->newcomer, "who then has no place, and costs nothing for it");
	newcomers_remove(s[1]);
	ok_int_equal(list.count, 3, "and is removed but once");
	buffer_append_string(&s[0]->newcomer->head, "GET");
	ok_int_equal(newcomers_add(&other, s[0]), 0, "to another list");
	tap_ok(holds(&list, (struct session *[]){ s[2], s[3] }, 2), "off the first");
	tap_ok(holds(&other, s, 1), "on the other");
	ok_int_equal(s[0]->newcomer->head.size, 0, "without the head");
	newcomers_add(&list, s[2]);
	tap_ok(holds(&list, (struct session *[]){ s[3], s[2] }, 2), "to the end of the same");
	session_free(s[2]);
	tap_ok(holds(&list, (struct session *[]){ s[3] }, 1),
		"the end of a session is its end here");
	session_free(s[3]);
	tap_ok(holds(&list, NULL, 0), "of the last, too");
	session_free(s[0]);
	session_free(s[1]);
}

/* ---- in the hub ---- */

static void ok_lists(size_t newcomers, size_t leavers, const char *what)
{
	ok_int_equal(talk_fixture.hub.newcomers.count, newcomers, "%s: newcomers", what);
	ok_int_equal(talk_fixture.hub.leavers.count, leavers, "%s: leavers", what);
}

static void say(size_t client, struct slice bytes)
{
	talk_clients[client].wild = true;
	hub_client_send(&talk_clients[client], &talk_fixture, bytes);
}

static void arrive(size_t client)
{
	hub_client_connect(&talk_clients[client], &talk_fixture);
	talk_clients[client].wild = true;
}

/* Sends a head without a token. */
static void upgrade(size_t client)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	fixture_append_head(&head, &talk_fixture, -1, (struct slice){ 0 });
	say(client, buffer_slice(&head));
}

/* Reads what has come, and checks its beginning. */
static void ok_answered(size_t client, const char *begin)
{
	char bytes[1024] = { 0 };

	if (recv(talk_clients[client].fd, bytes, sizeof(bytes) - 1, 0) < 0)
		bytes[0] = '\0';
	tap_ok(strncmp(bytes, begin, strlen(begin)) == 0, "client %zu is answered %s", client,
		begin);
}

static void test_stages(void)
{
	talk_begin();
	arrive(0);
	ok_lists(1, 0, "a client that has come");
	upgrade(0);
	talk_ok_heard(0, "auth_required");
	ok_lists(1, 0, "upgraded");
	talk_connect(1, 0, "");
	ok_lists(1, 0, "another is authenticated");
	talk_answer();
	talk_ok_heard(1, "connected; count 0 0 0");
	hub_client_say(&talk_clients[0], &talk_fixture, SLICE("{\"type\":\"ping\"}"));
	talk_ok_heard(0, "error; close 4401 the first message must be auth");
	ok_lists(0, 1, "closed, and until it answers on its way out");
	fixture_dismiss(&talk_fixture, 0, CHANGE_REVOKED);
	ok_lists(0, 2, "so is a user who is closed");
	talk_ok_heard(1, "close 4403 token_revoked");
	say(1, (struct slice){ "\x88\x80\0\0\0\0", 6 });
	ok_lists(0, 1, "who has answered is gone");
	talk_end();
}

/* The time is of the whole phase: no byte gives more of it. */
static void test_time(void)
{
	_cleanup_(buffer_release) struct buffer ping = { 0 };

	talk_begin();
	fixture_append_frame(&ping, 9, (struct slice){ 0 });
	arrive(0);
	arrive(1);
	for (int i = 0; i < AUTH_TIMEOUT - 1; i++) {
		fixture_pass(&talk_fixture, 1);
		say(0, SLICE("G"));
		if (i == 4)
			upgrade(1);
		else if (i > 4)
			say(1, buffer_slice(&ping));
	}
	ok_lists(2, 0, "a second before the end");
	fixture_pass(&talk_fixture, 1);
	ok_lists(0, 2, "at the end");
	ok_answered(0, "HTTP/1.1 408 ");
	talk_ok_heard(1, "auth_required; close 4408 no auth message came in time");
	fixture_pass(&talk_fixture, CLOSE_PATIENCE - 1);
	ok_lists(0, 1, "who does not hang up stays");
	fixture_pass(&talk_fixture, 1);
	ok_lists(0, 0, "but not for long");
	ok_int_equal(talk_fixture.hub.clients.count, 0, "nobody is left");
	talk_end();
}

static void test_eviction(void)
{
	talk_begin();
	arrive(0);
	arrive(1);
	upgrade(1);
	request_evict(&talk_fixture.hub, newcomers_oldest(&talk_fixture.hub.newcomers));
	request_evict(&talk_fixture.hub, newcomers_oldest(&talk_fixture.hub.newcomers));
	ok_lists(0, 2, "evicted");
	ok_answered(0, "HTTP/1.1 503 ");
	talk_ok_heard(1, "auth_required; close 4408 too many clients wait to be authenticated");
	arrive(2);
	request_refuse(&talk_fixture.hub, newcomers_oldest(&talk_fixture.hub.newcomers));
	ok_answered(2, "HTTP/1.1 503 ");
	talk_end();
}

/* ---- what a head may cost ---- */

static struct buffer *kept_head(void)
{
	return &newcomers_oldest(&talk_fixture.hub.newcomers)->newcomer->head;
}

static void test_head(void)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	talk_begin();
	arrive(0);
	buffer_append_string(&bytes, "GET / HTTP/1.1\r\nX: ");
	while (bytes.len < HANDSHAKE_MAX - 1)
		buffer_append_string(&bytes, "x");
	for (size_t at = 0; at < bytes.len; at += 1000)
		say(0, (struct slice){ bytes.data + at,
			       bytes.len - at < 1000 ? bytes.len - at : 1000 });
	ok_int_equal(kept_head()->len, HANDSHAKE_MAX - 1,
		"a head that lacks one byte of the limit");
	tap_ok(kept_head()->size <= HANDSHAKE_MAX, "takes no more memory than that");
	say(0, buffer_slice(&bytes));
	ok_answered(0, "HTTP/1.1 431 ");
	ok_lists(0, 1, "then it is refused");
	ok_int_equal(talk_fixture.hub.leavers.oldest->head.size, 0, "and nothing of it is kept");
	talk_end();
}

/* Frames that came with the end of a head, more of them than a head may have bytes. */
static void test_behind_head(void)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct session *session;
	char text[1000];

	snprintf(text, sizeof(text), "{\"type\":\"pong\",\"x\":\"%*s\"}", (int)sizeof(text) - 30,
		"");
	talk_begin();
	arrive(0);
	session = newcomers_oldest(&talk_fixture.hub.newcomers);
	fixture_append_head(&bytes, &talk_fixture, 0, (struct slice){ 0 });
	for (int i = 0; i < 18; i++)
		fixture_append_frame(&bytes, 1, slice_of(text));
	fixture_append_frame(&bytes, 1, SLICE("{\"type\":\"ping\"}"));
	tap_ok(bytes.len > HANDSHAKE_MAX, "%zu bytes", bytes.len);
	conversation_receive(&talk_fixture.hub, session, (uint8_t *)bytes.data, 10);
	conversation_receive(&talk_fixture.hub, session, (uint8_t *)bytes.data + 10,
		bytes.len - 10);
	ok_lists(0, 0, "authenticated by the head");
	talk_answer();
	talk_ok_heard(0, "pong; connected; count 0 0 0");
	talk_end();
}

/* ---- how much of a message ---- */

/* Begins a message of so many bytes, in a frame that announces them all. */
static void begin_message(size_t client, size_t len)
{
	const uint8_t header[] = { 0x81, 0x80 | 126, (uint8_t)(len >> 8), (uint8_t)len, 1, 2, 3,
		4 };

	say(client, (struct slice){ (const char *)header, sizeof(header) });
}

static void test_anonymous_message(void)
{
	uint64_t configured;

	talk_begin();
	configured = talk_fixture.config->push.max_message;
	talk_fixture.config->push.max_message = 65535;
	arrive(0);
	upgrade(0);
	begin_message(0, HANDSHAKE_MAX);
	talk_ok_heard(0, "auth_required");
	arrive(1);
	upgrade(1);
	begin_message(1, HANDSHAKE_MAX + 1);
	talk_ok_heard(1, "auth_required; close 1009 Message too big");
	talk_join(2, 0, "connected; count 0 0 0");
	begin_message(2, HANDSHAKE_MAX + 1);
	talk_ok_heard(2, "");
	talk_fixture.config->push.max_message = configured;
	talk_end();
}

/* Frames of the heartbeat are messages, too. */
static void test_rate(void)
{
	static const unsigned opcodes[] = { 9, 0xa };

	for (size_t i = 0; i < ARRAY_LENGTH(opcodes); i++) {
		_cleanup_(buffer_release) struct buffer frames = { 0 };

		talk_begin();
		for (int n = 0; n < 20; n++)
			fixture_append_frame(&frames, opcodes[i], (struct slice){ 0 });
		talk_join(0, 0, "connected; count 0 0 0");
		say(0, buffer_slice(&frames));
		fixture_pass(&talk_fixture, 1);
		say(0, buffer_slice(&frames));
		talk_ok_heard(0, "");
		fixture_append_frame(&frames, opcodes[i], (struct slice){ 0 });
		fixture_pass(&talk_fixture, 1);
		say(0, buffer_slice(&frames));
		talk_ok_heard(0, "close 4429 too many messages");
		talk_end();
	}
}

int main(void)
{
	test_list();
	test_stages();
	test_time();
	test_eviction();
	test_head();
	test_behind_head();
	test_anonymous_message();
	test_rate();
	return tap_done();
}
