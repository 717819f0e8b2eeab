/*
 * Exchanges, see exchange.h. An answer counts only when it has come to its end:
 * what a killed program has said of it is not repeated to anybody.
 */
#include "tests/crash/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { READ_CHUNK = 65536 };

void reply_release(struct reply *reply)
{
	json_object_put(reply->body);
	*reply = (struct reply){ 0 };
}

int exchange_begin(struct exchange *exchange, const char *path, struct slice request)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closing_fd) int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	exchange->fd = take_fd(&fd);
	exchange->request = request;
	exchange->sent = 0;
	buffer_clear(&exchange->received);
	return 0;
}

short exchange_events(const struct exchange *exchange)
{
	return exchange->sent < exchange->request.len ? POLLIN | POLLOUT : POLLIN;
}

static int send_some(struct exchange *exchange)
{
	while (exchange->sent < exchange->request.len) {
		ssize_t n = send(exchange->fd, exchange->request.data + exchange->sent,
			exchange->request.len - exchange->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		exchange->sent += (size_t)n;
	}
	return 0;
}

/* Returns 0 at the end of what will ever come, or EXCHANGE_WAITS. */
static int receive_some(struct exchange *exchange)
{
	for (;;) {
		char *to = buffer_reserve(&exchange->received, READ_CHUNK);
		ssize_t n;

		if (!to)
			return -ENOMEM;
		n = recv(exchange->fd, to, READ_CHUNK, 0);
		if (n < 0)
			return errno == EAGAIN ? EXCHANGE_WAITS : -errno;
		if (n == 0)
			return 0;
		exchange->received.len += (size_t)n;
	}
}

/* Takes a line that ends with CR LF; false at the empty one, and where there is none. */
static bool next_line(struct slice *text, struct slice *ret_line)
{
	const char *end = memmem(text->data, text->len, "\r\n", 2);

	if (!end)
		return false;
	*ret_line = (struct slice){ text->data, (size_t)(end - text->data) };
	text->len -= ret_line->len + 2;
	text->data = end + 2;
	return ret_line->len > 0;
}

/* The value of this header field, if the line is one. */
static bool has_name(struct slice line, const char *name, struct slice *ret_value)
{
	size_t len = strlen(name);

	if (line.len < len + 2 || strncasecmp(line.data, name, len) != 0 || line.data[len] != ':')
		return false;
	*ret_value = (struct slice){ line.data + len + 2, line.len - len - 2 };
	return true;
}

static int reply_parse(struct slice text, struct reply *ret_reply)
{
	_cleanup_(reply_release) struct reply reply = { .status = 200 };
	struct slice line, value;

	while (next_line(&text, &line)) {
		if (has_name(line, "Status", &value))
			reply.status = atoi(value.data); /* a space follows it */
		if (has_name(line, "Idempotent-Replayed", &value))
			reply.replayed = slice_is(value, "true");
	}
	if (text.len > 0 && json_parse(text, &reply.body) != 0)
		return -EBADMSG;
	*ret_reply = take(reply);
	return 0;
}

int exchange_go_on(struct exchange *exchange, struct reply *ret_reply)
{
	_cleanup_(buffer_release) struct buffer output = { 0 };
	int sent = send_some(exchange);
	int received = receive_some(exchange);
	int r = fastcgi_decode(buffer_slice(&exchange->received), &output);

	if (r == 0)
		r = reply_parse(buffer_slice(&output), ret_reply);
	if (r != FASTCGI_PARTIAL)
		return r;
	if (sent < 0)
		return sent;
	return received == 0 ? -ECONNRESET : received;
}

void exchange_end(struct exchange *exchange)
{
	if (exchange->fd >= 0)
		close(take_fd(&exchange->fd));
}

void exchange_release(struct exchange *exchange)
{
	exchange_end(exchange);
	buffer_release(&exchange->received);
}
