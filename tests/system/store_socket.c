/*
 * What may come to the store's socket that should not: frames that are none, that are too
 * large, that come slowly or not to their end, that nobody reads the answers to, more
 * connections than there may be, and programs without the right to ask. None of it may
 * disturb a client that behaves.
 */
#include "lib/inbox.h"
#include "lib/store_protocol.h"
#include "tests/system/store_process.h"
#include "tests/tap.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 20000 };

static const char HTTP[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

static struct store_process process;
static struct inbox *inbox; /* of the client that behaves */

static int dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, process.config->store.socket);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno != ENOENT && errno != ECONNREFUSED)
			return -errno;
		store_process_check(&process);
		poll(NULL, 0, 5); /* it is starting */
	}
	return fd;
}

/* Reads until so many bytes are there; false if the connection ends or stays silent before. */
static bool read_whole(int fd, void *bytes, size_t size)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	size_t at = 0;

	while (at < size) {
		ssize_t n;

		if (poll(&waiting, 1, PATIENCE_MS) != 1)
			return false;
		n = read(fd, (char *)bytes + at, size - at);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Reads one frame and gives its status; -1 if there is none. */
static int read_status(int fd)
{
	uint8_t header[STORE_HEADER_BYTES];
	char payload[4096];
	size_t len;

	if (!read_whole(fd, header, sizeof(header)))
		return -1;
	len = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
	if (len > sizeof(payload) || !read_whole(fd, payload, len))
		return -1;
	return header[10] << 8 | header[11];
}

/* A connection that has been greeted. */
static int dial_greeted(void)
{
	int fd = dial();

	return fd >= 0 && read_status(fd) == 0 ? fd : -1;
}

static bool is_cut_off(int fd)
{
	char byte;
	bool cut = !read_whole(fd, &byte, 1);

	close(fd);
	return cut;
}

/* Whether the client that behaves is served. */
static bool others_are_served(void)
{
	struct inbox_request request = { .operation = INBOX_COUNT, .user = SLICE("somebody") };
	struct inbox_answer answer;

	if (inbox_call(inbox, &request, PATIENCE_MS, &answer) != 0)
		return false;
	inbox_answer_release(&answer);
	return true;
}

static void frame_header(uint8_t header[static STORE_HEADER_BYTES], uint32_t len, uint8_t version,
	uint8_t operation)
{
	memset(header, 0, STORE_HEADER_BYTES);
	for (int i = 0; i < 4; i++)
		header[i] = (uint8_t)(len >> (24 - 8 * i));
	header[7] = 1;
	header[8] = version;
	header[9] = operation;
}

static void send_and_expect_end(const void *bytes, size_t size, const char *name)
{
	int fd = dial_greeted();

	tap_ok(send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size && is_cut_off(fd),
		"%s: the connection ends", name);
	tap_ok(others_are_served(), "%s: others are served", name);
}

static void test_malformed(void)
{
	uint8_t frame[STORE_HEADER_BYTES + 64] = { 0 };

	frame_header(frame, STORE_REQUEST_MAX + 1, STORE_PROTOCOL_VERSION, INBOX_CREATE);
	send_and_expect_end(frame, STORE_HEADER_BYTES, "a frame that is too large");
	frame_header(frame, UINT32_MAX, STORE_PROTOCOL_VERSION, INBOX_CREATE);
	send_and_expect_end(frame, STORE_HEADER_BYTES, "a frame of four gigabytes");
	frame_header(frame, 2, STORE_PROTOCOL_VERSION + 1, INBOX_COUNT);
	send_and_expect_end(frame, STORE_HEADER_BYTES + 2, "another version");
	frame_header(frame, 2, STORE_PROTOCOL_VERSION, INBOX_OPERATIONS);
	send_and_expect_end(frame, STORE_HEADER_BYTES + 2, "an unknown operation");
	frame_header(frame, 64, STORE_PROTOCOL_VERSION, INBOX_CREATE);
	send_and_expect_end(frame, STORE_HEADER_BYTES + 64, "a create of zeros");
	send_and_expect_end(HTTP, sizeof(HTTP) - 1, "another protocol");
}

/* Half a frame, and nothing more for a while: it is nobody's business. */
static void test_slow(void)
{
	uint8_t frame[STORE_HEADER_BYTES + 3] = { 0 };
	int fd = dial_greeted();

	frame_header(frame, 3, STORE_PROTOCOL_VERSION, INBOX_COUNT);
	memcpy(frame + STORE_HEADER_BYTES, "\1a", 3);
	for (size_t i = 0; i < sizeof(frame); i++) {
		if (send(fd, &frame[i], 1, MSG_NOSIGNAL) != 1 || !others_are_served())
			break;
	}
	ok_int_equal(read_status(fd), 0, "a frame that comes byte by byte is answered");
	close(fd);
}

/* Asks and asks, and never reads an answer. */
static void test_deaf(void)
{
	uint8_t frame[STORE_HEADER_BYTES + 3] = { 0 };
	int fd = dial_greeted();
	size_t sent = 0;

	frame_header(frame, 3, STORE_PROTOCOL_VERSION, INBOX_COUNT);
	memcpy(frame + STORE_HEADER_BYTES, "\1a", 3);
	while (send(fd, frame, sizeof(frame), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(frame) ||
		errno == EINTR || poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 200) == 1)
		sent++;
	tap_ok(sent > 1000, "a client that reads nothing may ask for a while (%zu times)", sent);
	tap_ok(others_are_served(), "and is then left waiting, while others are served");
	close(fd);
}

/* In a child: somebody without any right, or with few. */
static int as_somebody(uid_t uid, int (*act)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0)
			_exit(100);
		_exit(act());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int first_status(void)
{
	return read_status(dial());
}

/* How many connections one gets before being turned away. */
static int count_connections(void)
{
	int count = 0;

	while (count < 2000 && dial_greeted() >= 0)
		count++;
	return count == 256 ? 0 : 1;
}

static int export_status(void)
{
	uint8_t frame[STORE_HEADER_BYTES + 6] = { 0 };
	int fd = dial_greeted();

	frame_header(frame, 6, STORE_PROTOCOL_VERSION, INBOX_EXPORT);
	if (send(fd, frame, sizeof(frame), MSG_NOSIGNAL) != sizeof(frame))
		return 101;
	return read_status(fd);
}

static void test_rights(void)
{
	if (geteuid() != 0) {
		tap_skip("only root can connect as somebody else");
		return;
	}
	if (chmod(process.directory, 0755) < 0)
		return;
	ok_int_equal(as_somebody(64001, first_status), INBOX_FORBIDDEN,
		"a user without rights is told so and gets no connection");
	ok_int_equal(as_somebody(64002, first_status), 0, "one of api-users gets one");
	ok_int_equal(as_somebody(64002, export_status), INBOX_FORBIDDEN,
		"but may not export the store");
	ok_int_equal(as_somebody(64002, count_connections), 0, "and has no more than 256");
	tap_ok(others_are_served(), "which leaves enough for others");
}

int main(void)
{
	store_process_init(&process, "disk-reserve=1M\napi-users=64002\n");
	store_process_start(&process);
	if (inbox_new(process.config, &inbox) < 0)
		return 1;
	tap_ok(others_are_served(), "the store is up");
	test_malformed();
	test_slow();
	test_deaf();
	test_rights();
	inbox_free(inbox);
	ok_int_equal(store_process_kill(&process, SIGTERM), 0, "the store ends in peace");
	store_process_release(&process);
	return tap_done();
}
