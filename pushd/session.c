/* One client's socket and state, see session.h. */
#include "pushd/session.h"

#include "pushd/newcomers.h"

#include <errno.h>
#include <sys/socket.h>

struct session *session_new(int fd)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session)
		session->fd = fd;
	return session;
}

static struct session_queue *queue_free(struct session_queue *queue)
{
	if (queue)
		buffer_release(&queue->bytes);
	free(queue);
	return NULL;
}

struct session *session_free(struct session *session)
{
	if (!session)
		return NULL;
	if (session->fd >= 0)
		close(session->fd);
	websocket_release(&session->websocket);
	queue_free(session->queue);
	newcomers_remove(session);
	free(session);
	return NULL;
}

/* Sends from the front of the bytes and moves the front. */
static int send_some(int fd, struct slice *bytes)
{
	while (bytes->len > 0) {
		ssize_t n = send(fd, bytes->data, bytes->len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		bytes->data += n;
		bytes->len -= (size_t)n;
	}
	return 0;
}

/* The buffer's limit keeps it from growing to the double of what will ever be queued. */
static int session_queue(struct session *session, struct slice bytes, size_t limit)
{
	struct buffer *queued;

	if (!session->queue)
		session->queue = calloc(1, sizeof(*session->queue));
	if (!session->queue)
		return -ENOMEM;
	queued = &session->queue->bytes;
	queued->limit = bytes.len > limit ? bytes.len : limit;
	buffer_append_slice(queued, bytes);
	return buffer_status(queued);
}

int session_send(struct session *session, struct slice bytes, size_t limit)
{
	size_t queued = session->queue ? session->queue->bytes.len : 0;
	int r = 0;

	if (queued > 0 && queued + bytes.len > limit)
		return SESSION_FULL;
	if (queued == 0 && !session->corked)
		r = send_some(session->fd, &bytes);
	return r == 0 && bytes.len > 0 ? session_queue(session, bytes, limit) : r;
}

int session_flush(struct session *session)
{
	struct slice rest;
	int r;

	if (!session->queue)
		return 0;
	rest = buffer_slice(&session->queue->bytes);
	r = send_some(session->fd, &rest);
	if (r < 0)
		return r;
	buffer_consume(&session->queue->bytes, session->queue->bytes.len - rest.len);
	if (rest.len > 0)
		return SESSION_FULL;
	session->queue = queue_free(session->queue);
	return 0;
}

bool session_rate(struct session *session, uint32_t now, unsigned limit)
{
	if (session->rate_second != now) {
		session->rate_second = now;
		session->rate_count = 0;
	}
	if (session->rate_count < UINT16_MAX)
		session->rate_count++;
	return session->rate_count <= limit;
}
