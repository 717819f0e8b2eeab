/* The handover: nobody notices that another program serves; and what is not a state is none. */
#include "pushd/handover.h"

#include "lib/codec.h"
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { HEADER = 20 + 4 }; /* bytes before the name of the program's version */

static void upgrade(void)
{
	close(fixture_upgrade(&talk_fixture));
}

static void send_bytes(size_t client, const char *data, size_t len)
{
	hub_client_send(&talk_clients[client], &talk_fixture, (struct slice){ data, len });
}

/* ---- what clients notice ---- */

static void test_idle(void)
{
	struct statistics before;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 0, "connected; count 0 0 0");
	talk_join(2, 1, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	before = talk_fixture.hub.statistics;
	upgrade();
	ok_int_equal(talk_answer(), 0, "nobody need be asked for");
	ok_int_equal(talk_fixture.hub.users, 2, "two users are connected");
	ok_int_equal(talk_fixture.hub.live, 3, "by three clients");
	ok_int_equal((intmax_t)talk_fixture.hub.statistics.authenticated, 3,
		"what was counted stays");
	tap_ok(before.messages_out > 0 &&
			talk_fixture.hub.statistics.messages_out == before.messages_out,
		"and so do messages");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_broadcast(&talk_fixture, CHANGE_BROADCAST_CREATED, false);
	talk_ok_heard(0, "new 1 1 1; new 2 2 2; new 3 3 3");
	talk_ok_heard(1, "new 1 1 1; new 2 2 2; new 3 3 3");
	talk_ok_heard(2, "new 1 1 1");
	talk_end();
}

/* A head, a frame and a message, each in the middle. */
static void test_halves(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 }, frame = { 0 };
	static const struct slice text = SLICE("{\"type\":\"ping\"}");

	fixture_append_frame(&frame, WEBSOCKET_TEXT, text);
	for (size_t cut = 1; cut < frame.len; cut++) {
		talk_begin();
		talk_join(0, 0, "connected; count 0 0 0");
		send_bytes(0, frame.data, cut);
		upgrade();
		send_bytes(0, frame.data + cut, frame.len - cut);
		talk_ok_heard(0, "pong");
		talk_end();
	}
	talk_begin();
	fixture_append_head(&head, &talk_fixture, 0, SLICE(""));
	for (size_t i = 0; i < 4; i++) {
		hub_client_connect(&talk_clients[i], &talk_fixture);
		talk_clients[i].spoken = true;
		send_bytes(i, head.data, i * 50);
	}
	upgrade();
	for (size_t i = 0; i < 3; i++)
		send_bytes(i, head.data + i * 50, head.len - i * 50);
	talk_answer();
	for (size_t i = 0; i < 3; i++)
		talk_ok_heard(i, "connected; count 0 0 0");
	talk_clients[3].spoken = false; /* the fourth never goes on */
	talk_end();
}

static void test_fragments(void)
{
	static const char first[] = "\x01\x84\0\0\0\0{\"ty",
			  second[] = "\x80\x8b\0\0\0\0pe\":\"ping\"}";
	static const char ping[] = "\x89\x82\0\0\0\0hi";

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	send_bytes(0, first, 7); /* of its payload one byte */
	upgrade();
	send_bytes(0, first + 7, sizeof(first) - 1 - 7);
	upgrade();
	send_bytes(0, ping, 7);
	upgrade();
	send_bytes(0, ping + 7, 1);
	send_bytes(0, second, 3);
	upgrade();
	send_bytes(0, second + 3, sizeof(second) - 1 - 3);
	talk_ok_heard(0, "pong");
	talk_end();
}

static void test_login(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 }, text = { 0 };

	talk_begin();
	fixture_append_head(&head, &talk_fixture, -1, SLICE(""));
	hub_client_connect(&talk_clients[0], &talk_fixture);
	send_bytes(0, head.data, head.len);
	upgrade();
	talk_ok_heard(0, "auth_required");
	buffer_print(&text, "{\"type\":\"auth\",\"token\":\"%s\"}", talk_fixture.tokens[0]);
	talk_clients[0].spoken = true;
	hub_client_say(&talk_clients[0], &talk_fixture, buffer_slice(&text));
	upgrade(); /* before the store has answered */
	ok_int_equal(talk_answer(), 1, "it is asked again");
	talk_ok_heard(0, "connected; count 0 0 0");
	talk_end();
}

static void test_resuming(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_connect(1, 0, "since=0&epoch=1");
	talk_connect(2, 0, "since=0&epoch=7");
	upgrade();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	upgrade();
	talk_answer();
	talk_ok_heard(0, "new 1 1 1; new 2 2 2");
	talk_ok_heard(1, "connected; new 1 1 1; new 2 2 2; count 2 2 2");
	talk_ok_heard(2, "connected; reset 2 2 2; count 2 2 2");
	talk_end();
}

/* Changes wait for the list that the store was asked for. */
static void test_backlog(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_ALL_READ, false);
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_ok_heard(0, "new 1 1 1");
	upgrade();
	talk_answer();
	talk_ok_heard(0, "update 2 0 0 all_read; new 3 1 1");
	talk_end();
}

/* So many changes have waited that they were dropped. */
static void test_overflow(void)
{
	enum { MANY = 2000 };

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_ALL_READ, false);
	for (int i = 1; i < MANY; i++)
		fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	tap_ok(registry_find(&talk_fixture.hub.registry, SLICE("a"))->overflow, "too many wait");
	upgrade();
	talk_answer();
	talk_ok_heard(0, "update 2000 1999 1999");
	talk_end();
}

/* The client reads nothing: what is queued is still queued afterwards, and then one update. */
static void test_slow(void)
{
	unsigned made = 0;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_clients[0].paused = true;
	for (; made < 200; made++)
		fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	for (int i = 0; i < 3; i++)
		upgrade();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_clients[0].paused = false;
	talk_forget_heard(0);
	talk_answer();
	talk_ok_heard(0, "update 201 201 201");
	talk_end();
}

static void test_own_requests(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	for (int i = 0; i < 3; i++)
		hub_client_say(&talk_clients[0], &talk_fixture,
			SLICE("{\"type\":\"fetch_notifications\"}"));
	ok_int_equal(talk_fixture.hub.errands, 3, "three requests are under way");
	upgrade();
	ok_int_equal(talk_answer(), 0, "they are not repeated");
	talk_ok_heard(0, "error; error; error");
	upgrade();
	talk_ok_heard(0, "");
	talk_end();
}

static void test_streams(void)
{
	talk_begin();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_stream(0, 0, "");
	talk_answer();
	talk_ok_heard(0, "connected; count 1 1 1");
	talk_stream(1, 0, "1:0"); /* the store has not answered yet */
	upgrade();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_answer();
	talk_ok_heard(0, "new 2 2 2");
	talk_ok_heard(1, "connected; new 1 1 1; new 2 2 2; count 2 2 2");
	fixture_dismiss(&talk_fixture, 0, CHANGE_REVOKED);
	upgrade();
	talk_ok_heard(0, "end token_revoked");
	talk_end();
}

static void test_times(void)
{
	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	fixture_pass(&talk_fixture, FIXTURE_LIFE - 60);
	talk_ok_heard(0, "token_expiring; ping");
	hub_client_say(&talk_clients[0], &talk_fixture, SLICE("{\"type\":\"pong\"}"));
	upgrade();
	fixture_pass(&talk_fixture, 1);
	talk_ok_heard(0, "");
	fixture_pass(&talk_fixture, 59);
	talk_ok_heard(0, "close 4401 token_expired");
	upgrade(); /* while it is being closed */
	ok_int_equal((intmax_t)talk_fixture.hub.clients.count, 1, "it may still answer");
	fixture_pass(&talk_fixture, 5);
	ok_int_equal((intmax_t)talk_fixture.hub.clients.count, 0, "but need not");
	talk_end();
}

static void test_refused(void)
{
	static const char request[] = "GET /elsewhere HTTP/1.1\r\nHost: h\r\n\r\n";

	talk_begin();
	hub_client_connect(&talk_clients[0], &talk_fixture);
	talk_clients[0].wild = true;
	send_bytes(0, request, sizeof(request) - 1);
	upgrade();
	ok_int_equal((intmax_t)talk_fixture.hub.clients.count, 1, "the answer is on its way");
	fixture_pass(&talk_fixture, 5);
	ok_int_equal((intmax_t)talk_fixture.hub.clients.count, 0, "and then it is done");
	talk_end();
}

/* The one that is connected longest is evicted: the order stays. */
static void test_order(void)
{
	talk_begin();
	for (size_t i = 0; i < 3; i++)
		talk_join(i, 0, "connected; count 0 0 0");
	upgrade();
	talk_join(3, 0, "connected; count 0 0 0");
	talk_ok_heard(0, "close 4409 a newer connection took the place of this one");
	talk_ok_heard(1, "");
	talk_end();
}

/* Those who speak for no user go in the order in which they came, whatever their numbers. */
static void test_newcomers(void)
{
	struct newcomers *newcomers = &talk_fixture.hub.newcomers;
	static const struct address address = { { 1, 2, 3, [15] = 16 } };
	struct session *oldest;
	int fd;

	talk_begin();
	for (size_t i = 0; i < 3; i++)
		hub_client_connect(&talk_clients[i], &talk_fixture);
	hub_client_forget(&talk_clients[0]);
	fixture_run(&talk_fixture);
	hub_client_connect(&talk_clients[0], &talk_fixture);
	oldest = newcomers_oldest(newcomers);
	oldest->address = address;
	oldest->connected = 4711;
	fd = oldest->fd;
	tap_ok(newcomers->newest->session->fd < fd, "the newest has a lower number");
	upgrade();
	oldest = newcomers_oldest(newcomers);
	ok_int_equal((intmax_t)newcomers->count, 3, "all newcomers are there");
	ok_int_equal(oldest->fd, fd, "the oldest is the oldest");
	ok_int_equal(oldest->connected, 4711, "connected since then");
	ok_bytes_equal(&oldest->address, sizeof(address), &address, sizeof(address), "from there");
	talk_end();
}

static void test_beside(void)
{
	struct handover *handover = &talk_fixture.handover;
	int fds[2];

	talk_begin();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		abort();
	*handover = (struct handover){ .begun = true, .position = { 7, 4711 }, .paused = 99 };
	ok_int_equal(handover_add_socket(handover, "listen", fds[0]), 0, "a socket is added");
	ok_int_equal(handover_add_socket(handover, "control", fds[1]), 0, "and another");
	ok_int_equal(handover_add_socket(handover, "a name that is too long", 0), -E2BIG,
		"but not one of this name");
	upgrade();
	tap_ok(handover->begun && handover->position.file == 7 &&
			handover->position.offset == 4711 && handover->paused == 99,
		"what is handed over beside the hub is there");
	ok_int_equal((intmax_t)handover->socket_count, 2, "both sockets are");
	ok_string_equal(handover->sockets[1].name, "control", "by their names");
	ok_int_equal(handover->sockets[1].fd, fds[1], "and numbers");
	ok_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC, "they are not for any other program");
	ok_int_equal(handover_keep_open(&talk_fixture.hub, handover, true), 0,
		"unless they are kept");
	ok_int_equal(fcntl(fds[1], F_GETFD), 0, "open");
	*handover = (struct handover){ 0 };
	talk_end();
	close(fds[0]);
	close(fds[1]);
}

/* ---- bytes that are no state ---- */

/* A state with something of everything, as bytes. The clients are still connected. */
static void make_state(struct buffer *to)
{
	struct slice bytes;
	int state_fd;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 1, "connected; count 0 0 0");
	talk_connect(2, 1, "since=0&epoch=1");
	fixture_broadcast(&talk_fixture, CHANGE_BROADCAST_CREATED, false);
	fixture_change(&talk_fixture, 0, CHANGE_ALL_READ, false);
	hub_client_connect(&talk_clients[3], &talk_fixture);
	send_bytes(3, "GET ", 4);
	send_bytes(0, "\x01\x84\0\0\0\0{\"t", 9);
	state_fd = fixture_save(&talk_fixture);
	bytes = fixture_state(state_fd);
	buffer_append_slice(to, bytes);
	munmap((void *)bytes.data, bytes.len);
	close(state_fd);
	for (size_t i = 0; i < TALK_CLIENTS; i++)
		hub_client_forget(&talk_clients[i]);
	talk_end();
}

/* What an empty hub says to these bytes, without the descriptors. */
static int check_bytes(struct slice bytes)
{
	struct hub_fixture fixture;
	int r;

	fixture_begin(&fixture);
	r = handover_check(&fixture.hub, bytes);
	fixture_end(&fixture);
	return r;
}

static int load_bytes(struct slice bytes)
{
	struct hub_fixture fixture;
	int r;

	fixture_begin(&fixture);
	r = handover_load(&fixture.hub, bytes, &fixture.handover);
	fixture_end(&fixture);
	return r;
}

static void test_truncated(void)
{
	_cleanup_(buffer_release) struct buffer state = { 0 };
	size_t wrong = 0;

	make_state(&state);
	ok_int_equal(check_bytes(buffer_slice(&state)), 0, "all of it is a state");
	for (size_t len = 0; len < state.len; len++)
		wrong += check_bytes((struct slice){ state.data, len }) != -EBADMSG;
	ok_int_equal((intmax_t)wrong, 0, "cut anywhere it is damaged");
	buffer_append(&state, "", 1);
	ok_int_equal(check_bytes(buffer_slice(&state)), -EBADMSG, "and with a byte behind it, too");
}

/* Nothing else happens, whichever byte is another one. */
static void test_damaged(void)
{
	_cleanup_(buffer_release) struct buffer state = { 0 };
	size_t odd = 0;

	make_state(&state);
	for (size_t i = 0; i < state.len; i++) {
		char kept = state.data[i];
		int r;

		state.data[i] = (char)~kept;
		r = check_bytes(buffer_slice(&state));
		odd += r != 0 && r != -EBADMSG && r != -EPROTONOSUPPORT;
		state.data[i] = kept;
	}
	ok_int_equal((intmax_t)odd, 0, "each byte alone: taken, damaged, or of another version");
}

static void test_versions(void)
{
	static const struct {
		char version;
		int expected;
	} versions[] = { { 0, -EPROTONOSUPPORT }, { 1, 0 }, { 2, -EPROTONOSUPPORT } };
	_cleanup_(buffer_release) struct buffer state = { 0 };

	make_state(&state);
	for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
		state.data[HEADER - 1] = versions[i].version;
		ok_int_equal(check_bytes(buffer_slice(&state)), versions[i].expected, "version %d",
			versions[i].version);
	}
}

/* The state with a record in front of all others. */
static int check_with_record(const struct buffer *state, uint8_t kind)
{
	_cleanup_(buffer_release) struct buffer changed = { 0 };
	size_t header = HEADER + 1 + (uint8_t)state->data[HEADER];

	buffer_append(&changed, state->data, header);
	encode_u8(&changed, kind);
	encode_long(&changed, SLICE("of the future"));
	buffer_append(&changed, state->data + header, state->len - header);
	return check_bytes(buffer_slice(&changed));
}

/* The state, where each record has a member more. */
static int check_with_members(const struct buffer *state)
{
	_cleanup_(buffer_release) struct buffer changed = { 0 };
	size_t header = HEADER + 1 + (uint8_t)state->data[HEADER];
	struct decoder records = decoder_of(state->data + header, state->len - header);

	buffer_append(&changed, state->data, header);
	while (records.at < records.end) {
		_cleanup_(buffer_release) struct buffer record = { 0 };

		encode_u8(&changed, decode_u8(&records));
		buffer_append_slice(&record, decode_long(&records));
		buffer_append_string(&record, "one more");
		encode_long(&changed, buffer_slice(&record));
	}
	return check_bytes(buffer_slice(&changed));
}

static void test_skew(void)
{
	_cleanup_(buffer_release) struct buffer state = { 0 };

	make_state(&state);
	ok_int_equal(check_with_record(&state, 0x7f), -EPROTONOSUPPORT,
		"a record that is not known is refused");
	ok_int_equal(check_with_record(&state, 0xff), 0, "unless it may be skipped");
	ok_int_equal(check_with_members(&state), 0, "members that are not known are ignored");
}

/* A state of which the descriptors are something else. */
static void test_descriptors(void)
{
	_cleanup_(buffer_release) struct buffer state = { 0 };

	make_state(&state);
	ok_int_equal(load_bytes(buffer_slice(&state)), -EBADF,
		"descriptors that are no sockets are left alone");
}

static void test_twice(void)
{
	struct handover *handover = &talk_fixture.handover;
	struct hub_fixture other;
	struct session *session;
	struct slice bytes;
	size_t at = 0;
	int state_fd;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	session = clients_next(&talk_fixture.hub.clients, &at);
	handover_add_socket(handover, "listen", session->fd);
	state_fd = fixture_save(&talk_fixture);
	bytes = fixture_state(state_fd);
	fixture_begin(&other);
	ok_int_equal(handover_load(&other.hub, bytes, &other.handover), -EBADF,
		"no descriptor is taken twice");
	fixture_end(&other);
	munmap((void *)bytes.data, bytes.len);
	close(state_fd);
	*handover = (struct handover){ 0 };
	talk_end();
}

int main(void)
{
	test_idle();
	test_halves();
	test_fragments();
	test_login();
	test_resuming();
	test_backlog();
	test_overflow();
	test_slow();
	test_own_requests();
	test_streams();
	test_times();
	test_refused();
	test_order();
	test_newcomers();
	test_beside();
	test_truncated();
	test_damaged();
	test_versions();
	test_skew();
	test_descriptors();
	test_twice();
	return tap_done();
}
