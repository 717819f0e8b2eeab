/* What the parts of the daemon do to a session, see hub.h. */
#include "pushd/hub.h"

#include "pushd/delivery.h"
#include "pushd/event_stream.h"
#include "pushd/message.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum {
	CORK_MAX = 2048,      /* bytes that are gathered */
	CONTROL_ROOM = 1024,  /* bytes above the send queue that pings and a close may take */
	CLOSE_PATIENCE = 5,   /* seconds for the client to answer a close frame */
};

void hub_read_clock(struct hub *hub)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	hub->now = (uint32_t)now.tv_sec;
	hub->wall = (int64_t)time(NULL);
}

/* Of a connection that nobody closed or refused. */
static void count_end(struct hub *hub, const struct session *session)
{
	uint64_t *closed = hub->statistics.closed;

	if (session->state == SESSION_CLOSING || session->state == SESSION_REFUSED)
		return;
	if (session->events)
		closed[END_STREAM]++;
	else
		closed[session->state == SESSION_HEAD ? END_UNFINISHED : END_1006]++;
}

void hub_kill(struct hub *hub, struct session *session)
{
	if (session->state == SESSION_DEAD)
		return;
	count_end(hub, session);
	delivery_leave(hub, session);
	newcomers_remove(session);
	clients_remove(&hub->clients, session);
	close(take_fd(&session->fd));
	session->state = SESSION_DEAD;
	session->next = hub->dead;
	hub->dead = session;
}

void hub_bury(struct hub *hub)
{
	while (hub->dead) {
		struct session *session = hub->dead;

		hub->dead = session->next;
		session->buried = true;
		if (session->requests == 0)
			session_free(session);
	}
}

/* By edges: what a socket is watched for changes only when its queue comes or goes. */
static int hub_control(struct hub *hub, struct session *session, int how)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (session->queue ? EPOLLOUT : 0),
		.data.ptr = session,
	};

	return epoll_ctl(hub->clients_fd, how, session->fd, &event) < 0 ? -errno : 0;
}

int hub_watch(struct hub *hub, struct session *session)
{
	return hub_control(hub, session, EPOLL_CTL_ADD);
}

void hub_read_later(struct hub *hub, struct session *session)
{
	if (hub_control(hub, session, EPOLL_CTL_MOD) < 0)
		hub_kill(hub, session);
}

/* A queue has begun: now the socket must drain in time. */
static int hub_begin_queue(struct hub *hub, struct session *session)
{
	session->queue->drained = hub->now;
	clients_hasten(&hub->clients, session, hub->now + hub->config->push.stall_timeout);
	return hub_control(hub, session, EPOLL_CTL_MOD);
}

void hub_flush(struct hub *hub, struct session *session)
{
	size_t before = session->queue->bytes.len;
	int r = session_flush(session);

	if (r == SESSION_FULL && session->queue->bytes.len < before)
		session->queue->drained = hub->now;
	if (r == 0)
		r = hub_control(hub, session, EPOLL_CTL_MOD);
	if (r < 0)
		hub_kill(hub, session);
	else if (r == 0 && session->state == SESSION_REFUSED)
		hub_finish(session);
	else if (r == 0 && session->state == SESSION_LIVE && session->conflated)
		delivery_drained(hub, session);
}

void hub_cork(struct session *session)
{
	session->corked = true;
}

void hub_uncork(struct hub *hub, struct session *session)
{
	int r;

	if (!session->corked || session->state == SESSION_DEAD)
		return;
	session->corked = false;
	r = session_flush(session);
	if (r == SESSION_FULL)
		r = hub_begin_queue(hub, session);
	if (r < 0)
		hub_kill(hub, session);
}

/* Whether so many bytes more are few enough to be gathered. */
static bool fits_under_cork(const struct session *session, size_t len)
{
	return (session->queue ? session->queue->bytes.len : 0) + len <= CORK_MAX;
}

/* Sends what holds so many messages. */
static int hub_send_within(struct hub *hub, struct session *session, struct slice frame,
	size_t limit, unsigned messages)
{
	bool queued;
	int r;

	if (session->corked && !fits_under_cork(session, frame.len))
		hub_uncork(hub, session);
	if (session->state == SESSION_DEAD)
		return 0;
	queued = session->queue;
	r = frame.len > 0 ? session_send(session, frame, limit) : -ENOMEM;
	if (r == 0) {
		hub->statistics.bytes_out += frame.len;
		hub->statistics.messages_out += messages;
	}
	if (r == 0 && session->queue && !queued && !session->corked)
		r = hub_begin_queue(hub, session);
	if (r < 0)
		hub_kill(hub, session);
	return r < 0 ? 0 : r;
}

static struct slice hub_envelope(const struct hub *hub, const struct session *session,
	struct message *message)
{
	_Static_assert(sizeof(hub->epoch) <= EVENT_STREAM_EPOCH_MAX + 1, "an epoch fits");

	return session->events ? message_event(message, hub->epoch) : message_frame(message);
}

int hub_tell(struct hub *hub, struct session *session)
{
	return hub_send_within(hub, session, hub_envelope(hub, session, &hub->message),
		hub->config->push.send_queue, 1);
}

static void hub_send_surely(struct hub *hub, struct session *session, struct slice bytes,
	unsigned messages)
{
	size_t limit = hub->config->push.send_queue + CONTROL_ROOM;

	if (hub_send_within(hub, session, bytes, limit, messages) != SESSION_FULL)
		return;
	notice_stalled(hub, session);
	hub_kill(hub, session);
}

void hub_send_control(struct hub *hub, struct session *session, struct slice bytes)
{
	hub_send_surely(hub, session, bytes, 0);
}

void hub_tell_surely(struct hub *hub, struct session *session)
{
	hub_send_surely(hub, session, hub_envelope(hub, session, &hub->message), 1);
}

static void close_websocket(struct hub *hub, struct session *session, uint16_t code,
	const char *reason)
{
	_cleanup_(buffer_release) struct buffer frame = { 0 };

	websocket_append_close(&frame, code, slice_of(reason));
	hub_send_control(hub, session, buffer_slice(&frame));
}

/* The stream ends as any HTTP answer that ends with its connection. */
static void close_events(struct hub *hub, struct session *session, uint16_t code,
	const char *reason)
{
	_cleanup_(message_release) struct message error = { 0 };
	_cleanup_(buffer_release) struct buffer retry = { 0 };
	struct event_stream_end end = event_stream_end_of(code, reason);

	event_stream_retry(&retry, end.retry);
	hub_send_control(hub, session, buffer_slice(&retry));
	if (end.code) {
		message_begin(&error);
		message_error(&error, end.code, end.sentence);
		hub_send_surely(hub, session, message_event(&error, hub->epoch), 1);
	}
}

static bool is_closed(const struct session *session)
{
	return session->state == SESSION_CLOSING || session->state == SESSION_REFUSED ||
	       session->state == SESSION_DEAD;
}

/* The last word is on its way: whoever hears it may stay a while, unless the place is needed. */
static void see_off(struct hub *hub, struct session *session, enum session_state state)
{
	if (session->state == SESSION_DEAD)
		return;
	session->state = (uint8_t)state;
	clients_set_due(&hub->clients, session, hub->now + CLOSE_PATIENCE);
	if (newcomers_add(&hub->leavers, session) < 0)
		hub_kill(hub, session);
}

void hub_note_refusal(struct hub *hub, struct slice user, const char *code)
{
	refusals_note(&hub->refusals, registry_hash(&hub->registry, user), code, hub->now);
}

/* Of a token the reason is its error's code, which is a constant. */
static void note_close(struct hub *hub, const struct session *session, uint16_t code,
	const char *reason)
{
	const char *word = code == CLOSE_UNAUTHENTICATED ? reason : refusals_word(code);

	if (word && session->subscriber)
		hub_note_refusal(hub, subscriber_name(session->subscriber), word);
}

void hub_close(struct hub *hub, struct session *session, uint16_t code, const char *reason)
{
	enum session_state state = session->events ? SESSION_REFUSED : SESSION_CLOSING;

	if (is_closed(session))
		return;
	statistics_closed(&hub->statistics, code);
	notice_close(session, code, reason);
	note_close(hub, session, code, reason);
	delivery_leave(hub, session);
	session->state = (uint8_t)state; /* if it is gone before it hears that, too */
	if (session->events)
		close_events(hub, session, code, reason);
	else
		close_websocket(hub, session, code, reason);
	hub_uncork(hub, session);
	see_off(hub, session, state);
	if (session->events)
		hub_finish(session);
}

void hub_refuse_token(struct hub *hub, struct session *session, enum token_error error)
{
	statistics_refused(&hub->statistics, token_error_code(error));
	message_begin(&hub->message);
	message_auth_failed(&hub->message, error);
	hub_tell_surely(hub, session);
	hub_close(hub, session, CLOSE_UNAUTHENTICATED, token_error_code(error));
}

void hub_finish(struct session *session)
{
	if (session->state != SESSION_DEAD && !session->queue)
		shutdown(session->fd, SHUT_WR);
}

void hub_refuse(struct hub *hub, struct session *session, struct slice answer)
{
	session->state = SESSION_REFUSED; /* if the answer cannot be sent, too */
	hub_send_control(hub, session, answer);
	see_off(hub, session, SESSION_REFUSED);
	hub_finish(session);
}
