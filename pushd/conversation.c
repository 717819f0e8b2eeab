/* One client's conversation, see conversation.h. */
#include "pushd/conversation.h"

#include "pushd/command.h"
#include "pushd/event_stream.h"
#include "pushd/handshake.h"
#include "pushd/message.h"
#include "pushd/request.h"

enum {
	WARNING = 60,	   /* seconds before a token ends */
	CORK_PATIENCE = 1, /* seconds that an upgraded client waits for our answer, at most */
};

void conversation_begin(struct hub *hub, struct session *session)
{
	session->connected = session->heard = hub->now;
	clients_set_due(&hub->clients, session, hub->now + hub->config->push.auth_timeout);
	if (newcomers_add(&hub->newcomers, session) < 0)
		hub_kill(hub, session);
}

/* What is to be answered counts: whoever says too much of it is closed. */
static bool charge(struct hub *hub, struct session *session)
{
	if (session_rate(session, hub->now, hub->config->push.max_messages_per_second))
		return true;
	hub_close(hub, session, CLOSE_TOO_MANY_MESSAGES, "too many messages");
	return false;
}

/* The client closes, or answers a close of ours: the same code goes back, then the socket. */
static void receive_close(struct hub *hub, struct session *session, uint16_t code)
{
	hub_close(hub, session, code, "");
	hub_kill(hub, session);
}

static void send_pong(struct hub *hub, struct session *session, struct slice payload)
{
	buffer_clear(&hub->bytes);
	websocket_append(&hub->bytes, WEBSOCKET_PONG, payload);
	hub_send_control(hub, session, buffer_slice(&hub->bytes));
}

static void receive_event(struct hub *hub, struct session *session,
	const struct websocket_event *event)
{
	switch (event->kind) {
	case WEBSOCKET_TEXT:
		hub->statistics.messages_in++;
		if (charge(hub, session))
			command_run(hub, session, event->payload);
		break;
	case WEBSOCKET_BINARY:
		hub_close(hub, session, WEBSOCKET_UNSUPPORTED, "only text is understood here");
		break;
	case WEBSOCKET_PING:
		if (charge(hub, session))
			send_pong(hub, session, event->payload);
		break;
	case WEBSOCKET_PONG:
		charge(hub, session);
		break;
	case WEBSOCKET_CLOSE:
		receive_close(hub, session, event->code);
		break;
	case WEBSOCKET_FAILURE:
		hub_close(hub, session, event->code, event->payload.data);
		hub_finish(session);
		break;
	default:
		break;
	}
}

static bool is_open(const struct session *session)
{
	return session->state == SESSION_ANONYMOUS || session->state == SESSION_LIVE;
}

/* The largest message: whoever is nobody yet needs no more than a token's. */
static size_t max_message(const struct hub *hub, const struct session *session)
{
	size_t max = (size_t)hub->config->push.max_message;

	return session->state == SESSION_ANONYMOUS && max > HANDSHAKE_MAX ? HANDSHAKE_MAX : max;
}

static void receive_frames(struct hub *hub, struct session *session, struct websocket_input *input)
{
	struct websocket_event event = { .kind = WEBSOCKET_PING };

	while (session->state != SESSION_DEAD && event.kind != WEBSOCKET_NOTHING) {
		if (websocket_next(&session->websocket, input, max_message(hub, session), &event) <
			0) {
			hub_kill(hub, session);
			return;
		}
		if (is_open(session) || event.kind == WEBSOCKET_CLOSE)
			receive_event(hub, session, &event);
	}
}

/* Whether what comes is frames; what comes behind the request for a stream is nothing. */
static bool takes_frames(const struct session *session)
{
	return !session->events && (is_open(session) || session->state == SESSION_CLOSING);
}

void conversation_receive(struct hub *hub, struct session *session, uint8_t *data, size_t len)
{
	struct websocket_input input = { data, len };

	if (session->events)
		return;
	session->heard = hub->now;
	session->pinged = false;
	if (session->state == SESSION_HEAD) {
		struct slice bytes = { (char *)data, len };
		struct slice rest = request_receive(hub, session, bytes);

		input = (struct websocket_input){ (uint8_t *)rest.data, rest.len };
	}
	if (takes_frames(session))
		receive_frames(hub, session, &input);
}

/* ---- time ---- */

/* Where something is on its way already nothing more need be sent. */
static void send_heartbeat(struct hub *hub, struct session *session)
{
	session->heard = hub->now;
	if (!session->queue)
		hub_send_control(hub, session, SLICE(EVENT_STREAM_HEARTBEAT));
}

static void send_ping(struct hub *hub, struct session *session)
{
	buffer_clear(&hub->bytes);
	if (session->protocol) {
		websocket_append(&hub->bytes, WEBSOCKET_PING, (struct slice){ 0 });
		hub_send_control(hub, session, buffer_slice(&hub->bytes));
	} else {
		message_begin(&hub->message);
		message_ping(&hub->message);
		hub_tell_surely(hub, session);
	}
	session->pinged = true;
}

static void show_life(struct hub *hub, struct session *session)
{
	if (session->events)
		send_heartbeat(hub, session);
	else
		send_ping(hub, session);
}

static void warn(struct hub *hub, struct session *session)
{
	session->warned = true;
	message_begin(&hub->message);
	message_token_expiring(&hub->message, session->expires);
	hub_tell_surely(hub, session);
}

/* A close code says it; where there is none, a message. */
static void expire(struct hub *hub, struct session *session)
{
	if (session->events)
		hub_refuse_token(hub, session, TOKEN_EXPIRED);
	else
		hub_close(hub, session, CLOSE_UNAUTHENTICATED, token_error_code(TOKEN_EXPIRED));
}

void conversation_schedule(struct hub *hub, struct session *session)
{
	uint32_t interval = hub->config->push.ping_interval;
	int64_t left = (int64_t)session->expires - hub->wall - (session->warned ? 0 : WARNING);
	uint32_t due = session->heard + (session->pinged ? 2 * interval : interval);

	if (left < (int64_t)due - hub->now)
		due = hub->now + (left > 0 ? (uint32_t)left : 0);
	clients_set_due(&hub->clients, session, due);
	if (session->corked)
		clients_hasten(&hub->clients, session, hub->now + CORK_PATIENCE);
	else if (session->queue)
		clients_hasten(&hub->clients, session,
			session->queue->drained + hub->config->push.stall_timeout);
}

static void live_due(struct hub *hub, struct session *session)
{
	uint32_t interval = hub->config->push.ping_interval;
	uint32_t silent = hub->now - session->heard;

	hub_uncork(hub, session); /* the store is slow */
	if (session->state != SESSION_LIVE)
		return;
	if (hub->wall >= session->expires) {
		expire(hub, session);
		return;
	}
	if (session->queue && hub->now - session->queue->drained >= hub->config->push.stall_timeout) {
		hub->statistics.stalls++;
		notice_stalled(hub, session);
		hub_close(hub, session, WEBSOCKET_TRY_AGAIN, "nothing was read for too long");
		return;
	}
	if (session->pinged && silent >= 2 * interval) {
		hub_close(hub, session, CLOSE_TIMEOUT, "no sign of life");
		return;
	}
	if (!session->warned && session->want != WANT_GREETING &&
	    hub->wall >= (int64_t)session->expires - WARNING)
		warn(hub, session);
	if (session->state == SESSION_LIVE && !session->pinged && silent >= interval)
		show_life(hub, session);
	if (session->state == SESSION_LIVE)
		conversation_schedule(hub, session);
}

void conversation_due(struct hub *hub, struct session *session)
{
	switch (session->state) {
	case SESSION_HEAD:
		request_give_up(hub, session);
		break;
	case SESSION_ANONYMOUS:
		hub_close(hub, session, CLOSE_TIMEOUT, "no auth message came in time");
		break;
	case SESSION_LIVE:
		live_due(hub, session);
		break;
	default:
		hub_kill(hub, session);
		break;
	}
}
