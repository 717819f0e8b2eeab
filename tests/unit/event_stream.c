/*
 * Streams of events: the bytes around messages, the HTTP around the stream, and what a client is
 * told from its beginning to its end, beside clients of the other kind.
 */
#include "pushd/event_stream.h"

#include "pushd/conversation.h"
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* ---- bytes ---- */

static void ok_header(const char *type, const char *epoch, uint64_t seq, const char *expected)
{
	char room[EVENT_STREAM_HEADER_MAX];
	char *end = room + sizeof(room), *begin = event_stream_header(end, type, epoch, seq);

	ok_bytes_equal(begin, (size_t)(end - begin), expected, strlen(expected), "before \"%s\"",
		type);
}

static void test_headers(void)
{
	ok_header("connected", "e", MESSAGE_NO_SEQ, "event: connected\ndata: ");
	ok_header("unread_count", "e", 0, "event: unread_count\nid: e:0\ndata: ");
	ok_header("x", "a:b", 1234567890123, "event: x\nid: a:b:1234567890123\ndata: ");
}

/* A request as it came, parsed. */
static struct handshake_request request_of(struct buffer *head, const char *line,
	const char *headers)
{
	struct handshake_request request = { 0 };
	size_t len;

	buffer_print(head, "%s\r\nHost: h\r\n%s\r\n", line, headers);
	tap_ok(handshake_parse(buffer_slice(head), 0, &request, &len) == 0, "%s", line);
	return request;
}

static char no_cookie[] = "", a_cookie[] = "session";

static void ok_shared(const char *headers, char *cookie, const char *expected, const char *what)
{
	_cleanup_(buffer_release) struct buffer head = { 0 }, answer = { 0 };
	struct handshake_request request = request_of(&head, "GET / HTTP/1.1", headers);
	struct config config = { .auth.cookie = cookie };

	event_stream_share(&answer, &config, &request);
	ok_string_equal(buffer_string(&answer), expected, "%s", what);
}

#define VARY  "Vary: Authorization, Cookie, Origin\r\n"
#define ALLOW "Access-Control-Allow-Origin: https://a.test\r\n"

static void test_sharing(void)
{
	ok_shared("", no_cookie, VARY, "no origin");
	ok_shared("", a_cookie, VARY, "no origin, where there may be a cookie");
	ok_shared("Origin: https://a.test\r\n", no_cookie, VARY ALLOW, "an origin");
	ok_shared("Origin: https://a.test\r\n", a_cookie,
		VARY ALLOW "Access-Control-Allow-Credentials: true\r\n", "an origin, and a cookie");
}

static void test_accept(void)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
				   "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
				   "X-Content-Type-Options: nosniff\r\nConnection: close\r\n"
				   "X-More: 1\r\n\r\nretry: ";

	for (int i = 0; i < 20; i++) {
		_cleanup_(buffer_release) struct buffer answer = { 0 };
		char *rest;
		unsigned long retry;

		event_stream_accept(&answer, SLICE("X-More: 1\r\n"));
		tap_ok(strncmp(buffer_string(&answer), head, strlen(head)) == 0, "the answer");
		retry = strtoul(answer.data + strlen(head), &rest, 10);
		tap_ok(retry >= 2000 && retry < 4000, "begins with the time to wait: %lu", retry);
		ok_string_equal(rest, "\n\n", "and nothing else");
	}
}

static void test_preflight(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 }, other = { 0 }, answer = { 0 };
	struct handshake_request request =
		request_of(&head, "OPTIONS / HTTP/1.1", "Origin: https://a.test\r\n");

	event_stream_preflight(&answer, &request, SLICE(ALLOW));
	ok_string_equal(buffer_string(&answer),
		"HTTP/1.1 204 No Content\r\nAllow: GET, OPTIONS\r\nCache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\nConnection: close\r\n"
		"Access-Control-Allow-Methods: GET, OPTIONS\r\n"
		"Access-Control-Allow-Headers: Authorization, Cache-Control, Last-Event-ID\r\n"
		"Access-Control-Max-Age: 600\r\n" ALLOW "\r\n",
		"a preflight");
	request = request_of(&other, "OPTIONS / HTTP/1.1", "");
	buffer_clear(&answer);
	event_stream_preflight(&answer, &request, SLICE(VARY));
	tap_ok(!strstr(buffer_string(&answer), "Access-Control"), "the same without an origin");
}

static void test_ends(void)
{
	static const struct {
		unsigned close_code;
		const char *reason;
		const char *code; /* NULL = no error is told */
		uint32_t least, most;
	} cases[] = {
		{ WEBSOCKET_GOING_AWAY, "12345", "going_away", 12345, 12345 },
		{ WEBSOCKET_TRY_AGAIN, "a sentence", "unavailable", 2000, 3999 },
		{ CLOSE_UNAUTHENTICATED, "token_expired", NULL, 2000, 3999 },
		{ CLOSE_UNAUTHENTICATED, "token_revoked", NULL, 60000, 119999 },
		{ CLOSE_FORBIDDEN, "disconnected", "disconnected", 60000, 119999 },
		{ CLOSE_FORBIDDEN, "token_revoked", "token_revoked", 60000, 119999 },
		{ CLOSE_TOO_MANY_CONNECTIONS, "a sentence", "too_many_connections", 60000, 119999 },
		{ 4999, "a sentence", "closed", 2000, 3999 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct event_stream_end end =
			event_stream_end_of(cases[i].close_code, cases[i].reason);

		ok_string_equal(end.code ? end.code : "none",
			cases[i].code ? cases[i].code : "none", "the end that is %u %s",
			cases[i].close_code, cases[i].reason);
		tap_ok(!end.code || (end.sentence && strchr(end.sentence, ' ')), "has a sentence");
		tap_ok(end.retry >= cases[i].least && end.retry <= cases[i].most,
			"and a time to wait: %u", (unsigned)end.retry);
	}
}

/* ---- sessions ---- */

static void test_mixed(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_stream(1, 0, "");
	talk_stream(2, 1, "");
	talk_answer();
	talk_ok_heard(1, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_broadcast(&talk_fixture, CHANGE_BROADCAST_CREATED, false);
	fixture_broadcast(&talk_fixture, CHANGE_BROADCAST_CREATED, false);
	ok_int_equal(fixture_waiting(&talk_fixture), 0, "the store was asked nothing");
	for (size_t i = 0; i < 2; i++)
		talk_ok_heard(i, "new 1 1 1; new 2 2 2; new 3 3 3");
	talk_ok_heard(2, "connected; count 0 0 0; new 1 1 1; new 2 2 2");
	fixture_change(&talk_fixture, 0, CHANGE_ALL_READ, false);
	talk_answer();
	for (size_t i = 0; i < 2; i++)
		talk_ok_heard(i, "update 4 0 0 all_read");
	talk_end();
}

static void test_resume(void)
{
	static const struct {
		const char *id;
		const char *heard;
	} cases[] = {
		{ "1:1", "connected; new 2 2 2; update 3 0 0 all_read; count 3 0 0" },
		{ "1:3", "connected; count 3 0 0" },
		{ "1:4", "connected; reset 3 0 0; count 3 0 0" },
		{ "2:1", "connected; reset 3 0 0; count 3 0 0" },
		{ "nonsense", "connected; reset 3 0 0; count 3 0 0" },
		{ "", "connected; count 3 0 0" },
	};

	talk_begin();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_ALL_READ, false);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		talk_stream(0, 0, cases[i].id);
		talk_answer();
		talk_ok_heard(0, cases[i].heard);
	}
	talk_end();
}

static void test_slow(void)
{
	talk_begin();
	talk_stream(0, 0, "");
	talk_answer();
	talk_ok_heard(0, "connected; count 0 0 0");
	talk_clients[0].paused = true;
	for (unsigned i = 0; i < 100; i++)
		fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	for (unsigned i = 0; i < 10; i++)
		fixture_pass(&talk_fixture, 2); /* heartbeats are not piled up */
	talk_clients[0].paused = false;
	hub_client_read(&talk_clients[0], &talk_fixture);
	tap_ok(talk_clients[0].applied.seq > 0 && talk_clients[0].applied.seq < 100,
		"not all was queued");
	talk_forget_heard(0);
	talk_answer();
	talk_ok_heard(0, "update 100 100 100");
	talk_end();
}

/* Nothing was read for stall-timeout. */
static void test_stalled(void)
{
	talk_begin();
	talk_stream(0, 0, "");
	talk_answer();
	talk_forget_heard(0);
	talk_clients[0].paused = true;
	for (unsigned i = 0; i < 100; i++)
		fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_pass(&talk_fixture, talk_fixture.config->push.stall_timeout);
	ok_int_equal(talk_fixture.hub.live, 0, "it speaks for nobody any more");
	talk_clients[0].paused = false;
	talk_forget_heard(0);
	ok_int_equal(talk_clients[0].fd, -1, "and has ended");
	talk_end();
}

/* Whatever it sends changes nothing, and needs no answer. */
static void test_heartbeat(void)
{
	unsigned interval;
	char bytes[64];
	int fd;

	talk_begin();
	interval = talk_fixture.config->push.ping_interval;
	talk_stream(0, 0, "");
	talk_answer();
	talk_ok_heard(0, "connected; count 0 0 0");
	fd = talk_clients[0].fd;
	for (unsigned i = 0; i < 5; i++) {
		ssize_t n;

		hub_client_send(&talk_clients[0], &talk_fixture, SLICE("GET / HTTP/1.1\r\n\r\n"));
		fixture_pass(&talk_fixture, interval - 1);
		tap_ok(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) < 0,
			"nothing comes before its time");
		hub_client_send(&talk_clients[0], &talk_fixture, SLICE("\x81\x00"));
		fixture_pass(&talk_fixture, 1);
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		ok_bytes_equal(bytes, n > 0 ? (size_t)n : 0, ":\n\n", 3, "then a heartbeat");
	}
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_ok_heard(0, "new 1 1 1");
	talk_end();
}

/* The server's end of a TCP connection; the client's is *ret_client. */
static int tcp_pair(int *ret_client)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server_fd;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listen_fd, (struct sockaddr *)&address, size) < 0 || listen(listen_fd, 1) < 0 ||
		getsockname(listen_fd, (struct sockaddr *)&address, &size) < 0 ||
		connect(*ret_client, (struct sockaddr *)&address, size) < 0)
		abort();
	server_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	close(listen_fd);
	return server_fd;
}

/* How long the kernel waits for the client of a connection that begins with this head. */
static unsigned patience_with(struct buffer *head)
{
	struct hub *hub = &talk_fixture.hub;
	unsigned milliseconds = 0;
	socklen_t size = sizeof(milliseconds);
	int client_fd, server_fd = tcp_pair(&client_fd);
	struct session *session = session_new(server_fd);

	if (!session || clients_add(&hub->clients, session) < 0 || hub_watch(hub, session) < 0)
		abort();
	conversation_begin(hub, session);
	conversation_receive(hub, session, (uint8_t *)head->data, head->len);
	tap_ok(getsockopt(server_fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size) == 0 &&
			session->state == SESSION_LIVE,
		"a session over TCP");
	hub_kill(hub, session);
	hub_bury(hub);
	close(client_fd);
	return milliseconds;
}

/* A client that is gone without a word: only the kernel can tell. */
static void test_patience(void)
{
	_cleanup_(buffer_release) struct buffer stream = { 0 }, upgrade = { 0 };

	talk_begin();
	fixture_append_stream_head(&stream, &talk_fixture, 0, SLICE(""));
	fixture_append_head(&upgrade, &talk_fixture, 0, SLICE(""));
	ok_int_equal(patience_with(&stream), 2000 * talk_fixture.config->push.ping_interval,
		"a stream's heartbeats must be acknowledged");
	talk_fixture.config->push.ping_interval = 1;
	ok_int_equal(patience_with(&stream), 1000 * talk_fixture.config->push.stall_timeout,
		"but a client may read nothing for stall-timeout");
	talk_fixture.config->push.ping_interval = 30;
	ok_int_equal(patience_with(&upgrade), 0, "the client of a WebSocket speaks for itself");
	talk_end();
}

static void pass_reading(unsigned seconds)
{
	for (; seconds > 0; seconds -= 10) {
		fixture_pass(&talk_fixture, 10);
		hub_client_read(&talk_clients[0], &talk_fixture);
	}
}

/* A warning, and the end. */
static void test_expiry(void)
{
	talk_begin();
	talk_stream(0, 0, "");
	talk_answer();
	talk_ok_heard(0, "connected; count 0 0 0");
	pass_reading(FIXTURE_LIFE - 70);
	talk_ok_heard(0, "");
	pass_reading(20);
	talk_ok_heard(0, "token_expiring");
	pass_reading(50);
	talk_ok_heard(0, "auth_failed");
	ok_int_equal(talk_clients[0].fd, -1, "the stream has ended");
	talk_end();
}

static void test_dismissed(void)
{
	static const struct {
		enum change_kind kind;
		const char *heard;
	} cases[] = {
		{ CHANGE_FORGOTTEN, "end forgotten" },
		{ CHANGE_REVOKED, "end token_revoked" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		talk_begin();
		talk_stream(0, 0, "");
		talk_stream(1, 1, "");
		talk_answer();
		talk_forget_heard(0);
		talk_forget_heard(1);
		talk_stream(2, 0, "1:0"); /* in the middle of joining */
		fixture_dismiss(&talk_fixture, 0, cases[i].kind);
		talk_ok_heard(0, cases[i].heard);
		talk_ok_heard(1, "");
		talk_ok_heard(2, cases[i].heard);
		ok_int_equal(talk_clients[0].fd, -1, "the stream has ended");
		talk_end();
	}
}

/* Of which only the store knows. */
static void test_revoked(void)
{
	talk_begin();
	fixture_dismiss(&talk_fixture, 0, CHANGE_REVOKED);
	talk_stream(0, 0, "");
	talk_stream(1, HUB_MODEL_USERS, "");
	talk_answer();
	talk_ok_heard(0, "auth_failed");
	ok_int_equal(talk_clients[0].fd, -1, "the stream has ended");
	talk_ok_heard(1, "connected; count 0 0 0");
	talk_end();
}

static void test_evicted(void)
{
	talk_begin();
	for (size_t i = 0; i < 4; i++) {
		if (i % 2)
			talk_connect(i, 0, "");
		else
			talk_stream(i, 0, "");
		talk_answer();
	}
	talk_ok_heard(0, "connected; count 0 0 0; end too_many_connections");
	for (size_t i = 1; i < 4; i++)
		talk_ok_heard(i, "connected; count 0 0 0");
	talk_end();
}

/* The server goes: each is told when to come back. */
static void test_going_away(void)
{
	_cleanup_(buffer_release) struct buffer heard = { 0 };
	struct session *session;
	char bytes[1024];
	size_t at = 0;
	ssize_t n;

	talk_begin();
	talk_stream(0, 0, "");
	talk_answer();
	talk_forget_heard(0);
	session = clients_next(&talk_fixture.hub.clients, &at);
	hub_close(&talk_fixture.hub, session, WEBSOCKET_GOING_AWAY, "4321");
	hub_close(&talk_fixture.hub, session, CLOSE_FORBIDDEN, "twice"); /* nothing happens */
	while ((n = recv(talk_clients[0].fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buffer_append(&heard, bytes, (size_t)n);
	ok_int_equal(n, 0, "the stream ends");
	ok_string_equal(buffer_string(&heard),
		"retry: 4321\n\nevent: error\ndata: {\"type\":\"error\",\"message\":"
		"\"The server goes away for a moment\",\"code\":\"going_away\"}\n\n",
		"after it has said why");
	hub_client_forget(&talk_clients[0]);
	talk_end();
}

int main(void)
{
	test_headers();
	test_sharing();
	test_accept();
	test_preflight();
	test_ends();
	test_mixed();
	test_resume();
	test_slow();
	test_stalled();
	test_heartbeat();
	test_patience();
	test_expiry();
	test_dismissed();
	test_revoked();
	test_evicted();
	test_going_away();
	return tap_done();
}
