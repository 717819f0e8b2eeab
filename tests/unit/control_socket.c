/*
 * The control socket: requests in whatever pieces, peers that do not read, that ask for nothing,
 * that are too many.
 */
#include "pushd/control_socket.h"

#include "pushd/control.h"
#include "pushd/server.h"
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PING "{\"command\":\"ping\"}\n"
#define PONG "{\"version\":\"" PACKAGE_VERSION "\"}\n"

enum { LONG_PATIENCE = 600, FULL_ROUNDS = 1000 };

static char path[64];
static sd_event *event;
static struct control_socket *served;

static void begin(unsigned patience)
{
	talk_begin();
	if (sd_event_new(&event) < 0 ||
		control_socket_new(&talk_fixture.hub, event, server_listen_unix(path, 0666), path,
			patience, &served) < 0)
		abort();
}

static void end(void)
{
	served = control_socket_free(served);
	event = sd_event_unref(event);
	talk_end();
}

/* Runs what is there to be done. */
static void run(void)
{
	while (sd_event_run(event, 0) > 0)
		;
}

/* Until there is something to hear, or the end. */
static void await(int fd)
{
	for (char byte; recv(fd, &byte, 1, MSG_PEEK) < 0;)
		if (sd_event_run(event, UINT64_MAX) < 0)
			abort();
}

static int connect_peer(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	return fd;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);

	if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		tap_ok(false, "sent: %zu bytes", len);
	run();
}

/* Takes what is there, and serves on; true if that was the end of the connection. */
static bool hear(int fd, struct buffer *heard)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		buffer_append(heard, bytes, (size_t)n);
		run();
	}
	return n == 0 || errno != EAGAIN;
}

static void ok_hears(int fd, const char *expected, bool ended, const char *name)
{
	_cleanup_(buffer_release) struct buffer heard = { 0 };
	bool end_heard = hear(fd, &heard);

	ok_string_equal(heard.len > 0 ? buffer_string(&heard) : "", expected, "%s", name);
	ok_int_equal(end_heard, ended, "%s: and %s", name, ended ? "the end" : "no end");
}

static size_t count_lines(const struct buffer *text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text->len; i++)
		lines += text->data[i] == '\n';
	return lines;
}

/* ---- requests in pieces ---- */

static void test_pieces(void)
{
	int fd, other;

	begin(LONG_PATIENCE);
	fd = connect_peer();
	other = connect_peer();
	say(fd, PING);
	ok_hears(fd, PONG, false, "one request");
	say(fd, PING PING "x\n" PING);
	ok_hears(fd,
		PONG PONG "{\"error\":\"The request must be one valid JSON object on a line\","
			  "\"code\":\"invalid_request\"}\n" PONG,
		false, "several at once are answered in order");
	for (const char *at = PING; *at; at++) {
		say(fd, (char[]){ *at, '\0' });
		if (at[1])
			ok_hears(fd, "", false, "a part of one");
	}
	ok_hears(fd, PONG, false, "and the whole");
	say(other, PING "{\"command\":");
	ok_hears(other, PONG, false, "one and a half, of another peer");
	say(fd, PING);
	ok_hears(fd, PONG, false, "which concerns nobody else");
	say(other, "\"ping\"}\n");
	ok_hears(other, PONG, false, "the other half");
	close(fd);
	close(other);
	run();
	end();
}

static void test_ends(void)
{
	int fd;

	begin(LONG_PATIENCE);
	fd = connect_peer();
	say(fd, PING PING "{\"command\":\"pi");
	shutdown(fd, SHUT_WR);
	run();
	ok_hears(fd, PONG PONG, true, "all that was asked before the end is answered");
	close(fd);
	fd = connect_peer();
	close(fd);
	run();
	fd = connect_peer();
	say(fd, "");
	if (send(fd, PING PING, 2 * strlen(PING), 0) < 0)
		abort();
	close(fd); /* before any answer */
	run();
	fd = connect_peer();
	say(fd, PING);
	ok_hears(fd, PONG, false, "whoever was gone before concerns nobody");
	close(fd);
	run();
	end();
}

/* A line of this length, without its end. */
static void say_long(int fd, size_t len)
{
	char *text = malloc(len + 1);

	memset(text, ' ', len);
	text[len] = '\0';
	memcpy(text + len - strlen(PING) + 1, PING, strlen(PING) - 1);
	say(fd, text);
	free(text);
}

static void test_long(void)
{
	int fd;

	begin(LONG_PATIENCE);
	fd = connect_peer();
	say_long(fd, CONTROL_LINE_MAX);
	ok_hears(fd, "", false, "the longest line, but for its end");
	say(fd, "\n");
	ok_hears(fd, PONG, false, "and that");
	say_long(fd, CONTROL_LINE_MAX + 1);
	ok_hears(fd, "{\"error\":\"The request is too long\",\"code\":\"too_large\"}\n", true,
		"one byte more");
	close(fd);
	end();
}

/* ---- peers that cost something ---- */

/* Asks and asks, and reads nothing, as long as bytes are taken. Returns how often. */
static unsigned ask_until_full(int fd)
{
	static const char request[] = "{\"command\":\"statistics\"}\n";
	unsigned asked = 0;

	while (asked < FULL_ROUNDS * 100 &&
		send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1) {
		asked++;
		run();
	}
	return asked;
}

static void test_not_reading(void)
{
	_cleanup_(buffer_release) struct buffer heard = { 0 };
	int fd, other, small = 1;
	unsigned asked;

	begin(LONG_PATIENCE);
	fd = connect_peer();
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	other = connect_peer();
	asked = ask_until_full(fd);
	tap_ok(asked > 10 && asked < FULL_ROUNDS * 100,
		"whoever does not read is not read at some time, after %u requests", asked);
	say(other, PING);
	ok_hears(other, PONG, false, "others are");
	tap_ok(!hear(fd, &heard), "whoever reads again …");
	ok_int_equal(count_lines(&heard), asked, "… gets each answer");
	close(fd);
	close(other);
	run();
	end();
}

static void test_patience(void)
{
	int silent, halfway;

	begin(1);
	silent = connect_peer();
	halfway = connect_peer();
	say(halfway, "{\"command\"");
	await(silent);
	await(halfway);
	ok_hears(silent, "", true, "a peer that asks nothing is closed");
	ok_hears(halfway, "", true, "one that never gets to its line's end, too");
	close(silent);
	close(halfway);
	end();
}

static void test_too_many(void)
{
	int fds[CONTROL_PEERS_MAX + 1];

	begin(LONG_PATIENCE);
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		fds[i] = connect_peer();
		run();
	}
	ok_hears(fds[CONTROL_PEERS_MAX],
		"{\"error\":\"There are too many connections to this socket\",\"code\":\"busy\"}\n",
		true, "one too many");
	say(fds[0], PING);
	ok_hears(fds[0], PONG, false, "the others stay");
	close(fds[0]);
	close(fds[CONTROL_PEERS_MAX]);
	run();
	fds[0] = connect_peer();
	say(fds[0], PING);
	ok_hears(fds[0], PONG, false, "and there is room when one is gone");
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++)
		close(fds[i]);
	run();
	end();
}

/* Whoever looks after the daemon gets in even then. */
static void test_no_descriptors(void)
{
	struct rlimit before, none;
	int before_all, first, second;

	begin(LONG_PATIENCE);
	before_all = connect_peer();
	run();
	first = connect_peer();
	second = connect_peer();
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ (rlim_t)second + 1, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	say(first, PING);
	ok_hears(first, PONG, false, "one gets in when there are no descriptors left");
	say(second, PING);
	ok_hears(second, "", false, "the next waits");
	close(before_all);
	await(second);
	ok_hears(second, PONG, false, "until one is gone");
	setrlimit(RLIMIT_NOFILE, &before);
	close(first);
	close(second);
	end();
}

static void test_place(void)
{
	struct stat status;

	begin(LONG_PATIENCE);
	tap_ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0666,
		"everybody may connect");
	ok_int_equal(server_listen_unix(path, 0666), -EADDRINUSE, "nobody else may listen there");
	end();
	tap_ok(stat(path, &status) < 0, "in the end it is removed");
	close(server_listen_unix(path, 0666));
	tap_ok(stat(path, &status) == 0, "one that was left behind …");
	begin(LONG_PATIENCE);
	tap_ok(stat(path, &status) == 0, "… is replaced");
	end();
}

int main(void)
{
	char directory[] = "/tmp/tidings-control.XXXXXX";

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/socket", directory);
	test_pieces();
	test_ends();
	test_long();
	test_not_reading();
	test_patience();
	test_too_many();
	test_no_descriptors();
	test_place();
	rmdir(directory);
	return tap_done();
}
