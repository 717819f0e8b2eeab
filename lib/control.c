/*
 * The client of the push daemon's control socket, see control.h.
 *
 * One deadline is for all of a call, so that a daemon that sends a byte now and then cannot
 * make it last. Before connecting there is nothing to poll for: a daemon whose queue of
 * connections is full makes connect() wait, which the kernel bounds by SO_SNDTIMEO.
 */
#include "lib/control.h"

#include "lib/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum { READ_CHUNK = 16384 /* bytes asked for in one recv() */ };

void control_answer_release(struct control_answer *answer)
{
	buffer_release(&answer->text);
	json_object_put(answer->json);
	*answer = (struct control_answer){ 0 };
}

static int open_connection(const char *path, int timeout, int *ret_fd)
{
	struct timeval limit = { timeout / 1000, timeout % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closing_fd) int fd = -1;

	if (!*path)
		return -EDESTADDRREQ;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		if (errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Waits until the connection is ready for this. Returns 0 or -errno. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - clock_ms();
		n = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* A peer that has closed may have said why: that is left to who reads. */
static int send_all(int fd, struct slice bytes, int64_t deadline)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r = 0;

		if (n > 0) {
			bytes.data += n;
			bytes.len -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno == EAGAIN) {
			r = wait_for(fd, POLLOUT, deadline);
		} else if (errno != EINTR) {
			r = -errno;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Reads once. Returns 0 or -errno. */
static int receive(int fd, struct buffer *to)
{
	char *at = buffer_reserve(to, READ_CHUNK);
	ssize_t n;

	if (!at)
		return -ENOMEM;
	n = recv(fd, at, READ_CHUNK, MSG_DONTWAIT);
	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	to->len += (size_t)n;
	return to->len > CONTROL_RECEIVED_MAX ? -EMSGSIZE : 0;
}

/* Reads a line, and takes its end away; behind it there may be nothing. */
static int receive_line(int fd, struct buffer *line, int64_t deadline)
{
	const char *end = NULL;
	int r = 0;

	while (r == 0 && !end) {
		size_t seen = line->len;

		r = wait_for(fd, POLLIN, deadline);
		if (r == 0)
			r = receive(fd, line);
		if (r == 0 && line->len > seen)
			end = memchr(line->data + seen, '\n', line->len - seen);
	}
	if (r < 0)
		return r;
	line->len--;
	return end == line->data + line->len ? 0 : -EBADMSG;
}

static int parse(struct control_answer *answer)
{
	int r = json_parse(buffer_slice(&answer->text), &answer->json);

	if (r < 0)
		return r;
	if (r > 0 || !json_object_is_type(answer->json, json_type_object))
		return -EBADMSG;
	return json_object_object_get_ex(answer->json, "error", NULL) ? CONTROL_REFUSED : 0;
}

int control_call(const struct config *config, struct slice request, int timeout,
	struct control_answer *ret_answer)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer line = { 0 };
	int64_t deadline = clock_ms() + timeout;
	_cleanup_(closing_fd) int fd = -1;
	int r;

	buffer_append_slice(&line, request);
	buffer_append(&line, "\n", 1);
	r = buffer_status(&line);
	if (r == 0)
		r = open_connection(config->push.control, timeout, &fd);
	if (r == 0)
		r = send_all(fd, buffer_slice(&line), deadline);
	if (r == 0)
		r = receive_line(fd, &answer.text, deadline);
	if (r == 0)
		r = parse(&answer);
	if (r >= 0)
		*ret_answer = take(answer);
	return r;
}

static struct slice member(const struct control_answer *answer, const char *name)
{
	struct slice text = json_string(json_object_object_get(answer->json, name));

	return text.data ? text : SLICE("");
}

struct slice control_refusal(const struct control_answer *answer)
{
	return member(answer, "error");
}

struct slice control_refusal_code(const struct control_answer *answer)
{
	return member(answer, "code");
}

int control_number(const struct control_answer *answer, const char *name, uint64_t *ret_number)
{
	int64_t number;

	if (json_member_number(answer->json, name, 0, INT64_MAX, -1, &number) < 0 || number < 0)
		return -EBADMSG;
	*ret_number = (uint64_t)number;
	return 0;
}

void control_format_disconnect(struct buffer *to, const char *user)
{
	buffer_append_string(to, "{\"command\":\"disconnect\",");
	if (user) {
		buffer_append_string(to, "\"user\":");
		json_append_string(to, slice_of(user));
	} else {
		buffer_append_string(to, "\"all\":true");
	}
	buffer_append_string(to, "}");
}
