/*
 * A publisher, see publisher.h. A web server may close a connection after so many requests,
 * and says so in the answer, or one that was idle for long; another is opened in its place.
 */
#include "tests/bench/publisher.h"

#include "tests/bench/loopback.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
	EVENTS = 64,
	READ_SIZE = 16384,
	PATIENCE_MS = 60000, /* a server that says nothing for so long has failed */
};

struct connection {
	struct connection *next; /* that is idle */
	int fd;			 /* -1 = closed */
	int64_t due;		 /* when the request under way was to be sent; 0 = there is none */
	struct buffer answer;
};

struct publisher {
	const struct publisher_plan *plan;
	struct samples *times;
	int epoll_fd;
	int64_t begin;
	uint64_t sent, answered;
	struct connection *idle;
	struct buffer body, request;
	struct connection connections[];
};

/* ---- answers ---- */

/* The value of a header field, up to the end of the line; absent = NULL data. */
static struct slice field(struct slice head, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = head.data; line < head.data + head.len;) {
		size_t left = (size_t)(head.data + head.len - line);
		const char *end = memchr(line, '\n', left);

		if (left > len && strncasecmp(line, name, len) == 0)
			return (struct slice){ line + len, end ? (size_t)(end - line) - len : 0 };
		line = end ? end + 1 : head.data + head.len;
	}
	return (struct slice){ 0 };
}

enum { ANSWER_INCOMPLETE = 1 };

/* Whether a whole answer has come, which must be a success, and whether it is the last here. */
static int read_answer(const struct buffer *answer, bool *ret_last)
{
	static const char end[] = "\r\n\r\n", success[] = "HTTP/1.1 2";
	const char *at = answer->len > 0 ? memmem(answer->data, answer->len, end, 4) : NULL;
	struct slice head = { answer->data, at ? (size_t)(at - answer->data) + 4 : 0 };
	struct slice length, connection;

	if (!at)
		return ANSWER_INCOMPLETE;
	length = field(head, "Content-Length:");
	connection = field(head, "Connection:");
	if (memcmp(head.data, success, sizeof(success) - 1) != 0 || !length.data)
		return -EPROTO;
	if (answer->len < head.len + strtoull(length.data, NULL, 10))
		return ANSWER_INCOMPLETE;
	*ret_last = connection.data && memmem(connection.data, connection.len, "close", 5);
	return 0;
}

static int connection_open(struct publisher *publisher, struct connection *connection)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
	int on = 1;

	connection->fd = loopback_connect(&publisher->plan->address, 0, false);
	if (connection->fd < 0)
		return connection->fd;
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(publisher->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0)
		return -errno;
	connection->next = publisher->idle;
	publisher->idle = connection;
	return 0;
}

static int connection_answered(struct publisher *publisher, struct connection *connection,
	bool last)
{
	publisher->answered++;
	if (publisher->times)
		samples_add(publisher->times, microseconds_since(connection->due));
	buffer_clear(&connection->answer);
	connection->due = 0;
	if (last) {
		close(take_fd(&connection->fd));
		return connection_open(publisher, connection);
	}
	connection->next = publisher->idle;
	publisher->idle = connection;
	return 0;
}

/* The server has closed it: if nothing was asked, another one takes its place. */
static int connection_ended(struct publisher *publisher, struct connection *connection)
{
	struct connection **link = &publisher->idle;

	if (connection->due != 0)
		return -ECONNRESET;
	while (*link && *link != connection)
		link = &(*link)->next;
	if (*link)
		*link = connection->next;
	close(take_fd(&connection->fd));
	return connection_open(publisher, connection);
}

static int connection_receive(struct publisher *publisher, struct connection *connection)
{
	char *room = buffer_reserve(&connection->answer, READ_SIZE);
	ssize_t n = room ? recv(connection->fd, room, READ_SIZE, MSG_DONTWAIT) : 0;
	bool last = false;
	int r;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return room ? connection_ended(publisher, connection) : -ENOMEM;
	connection->answer.len += (size_t)n;
	r = read_answer(&connection->answer, &last);
	if (r == 0)
		return connection_answered(publisher, connection, last);
	return r < 0 ? r : 0;
}

/* ---- requests ---- */

static int connection_send(struct publisher *publisher, struct connection *connection, int64_t due)
{
	const struct publisher_plan *plan = publisher->plan;
	struct buffer *request = &publisher->request;

	buffer_clear(&publisher->body);
	buffer_clear(request);
	plan->body(plan->context, publisher->sent++, due, &publisher->body);
	buffer_print(request,
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		plan->path, plan->token, publisher->body.len);
	buffer_append_slice(request, buffer_slice(&publisher->body));
	if (buffer_status(&publisher->body) < 0 || buffer_status(request) < 0)
		return -ENOMEM;
	connection->due = due;
	return send(connection->fd, request->data, request->len, MSG_NOSIGNAL) ==
			       (ssize_t)request->len
		       ? 0
		       : -EPIPE;
}

/* When the next request is due; INT64_MAX if there is none any more. */
static int64_t next_due(const struct publisher *publisher, int64_t now)
{
	const struct publisher_plan *plan = publisher->plan;
	int64_t due = now;

	if (plan->rate > 0)
		due = publisher->begin + (int64_t)((double)publisher->sent * 1e9 / plan->rate);
	if (publisher->sent >= plan->count || due >= publisher->begin + plan->duration)
		return INT64_MAX;
	return due;
}

/* Sends what is due. Returns the nanoseconds until more is, or -1: an answer must come first. */
static int64_t send_due(struct publisher *publisher, int *result)
{
	int64_t due = INT64_MAX, now = clock_ns();

	while (*result == 0 && publisher->idle && (due = next_due(publisher, now)) <= now) {
		struct connection *connection = publisher->idle;

		publisher->idle = connection->next;
		*result = connection_send(publisher, connection, due);
	}
	return publisher->idle && due != INT64_MAX ? due - now : -1;
}

static bool is_over(const struct publisher *publisher)
{
	return publisher->sent == publisher->answered &&
	       next_due(publisher, clock_ns()) == INT64_MAX;
}

/* Waits for an answer, or until the next request is due. */
static int await(const struct publisher *publisher, int64_t left)
{
	struct pollfd answers = { .fd = publisher->epoll_fd, .events = POLLIN };
	int64_t wait = left < 0 ? PATIENCE_MS * 1000000LL : left;
	struct timespec timeout = { wait / 1000000000, wait % 1000000000 };
	int n = ppoll(&answers, 1, &timeout, NULL);

	if (n == 0 && left < 0)
		return -ETIMEDOUT;
	return n < 0 && errno != EINTR ? -errno : 0;
}

static int turn(struct publisher *publisher)
{
	struct epoll_event events[EVENTS];
	int r = 0, n;
	int64_t left = send_due(publisher, &r);

	if (r == 0 && !is_over(publisher))
		r = await(publisher, left);
	if (r < 0)
		return r;
	n = epoll_wait(publisher->epoll_fd, events, EVENTS, 0);
	for (int i = 0; r == 0 && i < n; i++)
		r = connection_receive(publisher, events[i].data.ptr);
	return r;
}

/* ---- the whole ---- */

static struct publisher *publisher_free(struct publisher *publisher)
{
	for (unsigned i = 0; i < publisher->plan->connections; i++) {
		closing_fd(&publisher->connections[i].fd);
		buffer_release(&publisher->connections[i].answer);
	}
	closing_fd(&publisher->epoll_fd);
	buffer_release(&publisher->body);
	buffer_release(&publisher->request);
	free(publisher);
	return NULL;
}

DEFINE_CLEANUP(struct publisher *, publisher_free)

int publisher_run(const struct publisher_plan *plan, uint64_t *ret_answered, struct samples *times)
{
	_cleanup_(freeing_publisher_free) struct publisher *publisher = calloc(1,
		sizeof(*publisher) + plan->connections * sizeof(publisher->connections[0]));
	int r = 0;

	if (!publisher)
		return -ENOMEM;
	publisher->plan = plan;
	publisher->times = times;
	for (unsigned i = 0; i < plan->connections; i++)
		publisher->connections[i].fd = -1;
	publisher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (publisher->epoll_fd < 0)
		return -errno;
	for (unsigned i = 0; r == 0 && i < plan->connections; i++)
		r = connection_open(publisher, &publisher->connections[i]);
	prctl(PR_SET_TIMERSLACK, 1); /* nanosecond: what is due is sent then */
	publisher->begin = clock_ns();
	while (r == 0 && !is_over(publisher))
		r = turn(publisher);
	if (r == 0)
		*ret_answered = publisher->answered;
	return r;
}
