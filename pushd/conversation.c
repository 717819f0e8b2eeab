/* One client's conversation, see conversation.h. */
#include "pushd/conversation.h"

#include "pushd/command.h"
#include "pushd/gate.h"
#include "pushd/message.h"

#include <errno.h>

enum {
	WARNING = 60,	   /* seconds before a token ends */
	CORK_PATIENCE = 1, /* seconds that an upgraded client waits for our answer, at most */
};

void conversation_begin(struct hub *hub, struct session *session)
{
	session->heard = hub->now;
	clients_set_due(&hub->clients, session, hub->now + hub->config->push.auth_timeout);
}

/* Answers a request that is no session, and ends the connection. */
static void refuse(struct hub *hub, struct session *session, const struct gate_refusal *refusal)
{
	buffer_clear(&hub->bytes);
	handshake_refuse(&hub->bytes, refusal->status, refusal->code, refusal->sentence, "");
	hub_refuse(hub, session, buffer_slice(&hub->bytes));
}

static void refuse_error(struct hub *hub, struct session *session, enum handshake_error error)
{
	buffer_clear(&hub->bytes);
	handshake_refuse_error(&hub->bytes, error);
	hub_refuse(hub, session, buffer_slice(&hub->bytes));
}

/* Switches to WebSocket. */
static void upgrade(struct hub *hub, struct session *session,
	const struct handshake_request *request, const struct gate_pass *pass)
{
	buffer_clear(&hub->bytes);
	if (handshake_accept(&hub->bytes, request) < 0) {
		hub_kill(hub, session);
		return;
	}
	if (pass->authenticated)
		hub_cork(session); /* until the greeting */
	hub_send_control(hub, session, buffer_slice(&hub->bytes));
	session->protocol = request->protocol_offered;
	session->state = SESSION_ANONYMOUS;
	if (pass->authenticated) {
		command_authenticate(hub, session, &pass->principal, pass->since,
			slice_of(pass->epoch));
		return;
	}
	message_begin(&hub->message);
	message_auth_required(&hub->message);
	hub_tell_surely(hub, session);
}

static void judge_head(struct hub *hub, struct session *session,
	const struct handshake_request *request)
{
	struct gate_refusal refusal = { 404, "not_found", "There is nothing at this path" };
	struct gate_pass pass;
	int r;

	if (!gate_knows_path(hub->config, request->path)) {
		refuse(hub, session, &refusal);
		return;
	}
	r = slice_is(request->method, "GET") ? handshake_check_upgrade(request) : HANDSHAKE_METHOD;
	if (r != 0) {
		refuse_error(hub, session, (enum handshake_error)r);
		return;
	}
	r = gate_check(hub->config, hub->verifier, request, hub->wall, &pass, &refusal);
	if (r < 0) {
		hub_kill(hub, session);
	} else if (r > 0) {
		refuse(hub, session, &refusal);
	} else {
		upgrade(hub, session, request, &pass);
		if (pass.authenticated)
			principal_release(&pass.principal);
	}
}

/* Keeps an incomplete head until more of it comes. */
static void keep_head(struct hub *hub, struct session *session, struct slice bytes)
{
	if (session->head)
		return; /* it is kept already */
	session->head = calloc(1, sizeof(*session->head));
	if (session->head)
		buffer_append_slice(session->head, bytes);
	if (!session->head || buffer_status(session->head) < 0)
		hub_kill(hub, session);
}

static void drop_head(struct session *session)
{
	if (session->head)
		buffer_release(session->head);
	free(session->head);
	session->head = NULL;
}

static void receive_frames(struct hub *hub, struct session *session, struct websocket_input *input);

/* Takes the request head; what lies behind it is frames already. */
static void receive_head(struct hub *hub, struct session *session, struct slice bytes)
{
	struct handshake_request request;
	struct websocket_input rest;
	size_t seen = 0, len;
	int r;

	if (session->head) {
		seen = session->head->len;
		buffer_append_slice(session->head, bytes);
		if (buffer_status(session->head) < 0) {
			hub_kill(hub, session);
			return;
		}
		bytes = buffer_slice(session->head);
	}
	r = handshake_parse(bytes, seen, &request, &len);
	if (r == HANDSHAKE_INCOMPLETE) {
		keep_head(hub, session, bytes);
		return;
	}
	if (r != 0) {
		refuse_error(hub, session, (enum handshake_error)r);
		return;
	}
	judge_head(hub, session, &request);
	rest = (struct websocket_input){ (uint8_t *)bytes.data + len, bytes.len - len };
	if (session->state != SESSION_REFUSED)
		receive_frames(hub, session, &rest);
	drop_head(session);
}

static void receive_text(struct hub *hub, struct session *session, struct slice text)
{
	if (!session_rate(session, hub->now, hub->config->push.max_messages_per_second))
		hub_close(hub, session, CLOSE_TOO_MANY_MESSAGES, "too many messages");
	else
		command_run(hub, session, text);
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
		receive_text(hub, session, event->payload);
		break;
	case WEBSOCKET_BINARY:
		hub_close(hub, session, WEBSOCKET_UNSUPPORTED, "only text is understood here");
		break;
	case WEBSOCKET_PING:
		send_pong(hub, session, event->payload);
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

static void receive_frames(struct hub *hub, struct session *session, struct websocket_input *input)
{
	struct websocket_event event = { .kind = WEBSOCKET_PING };

	while (session->state != SESSION_DEAD && event.kind != WEBSOCKET_NOTHING) {
		if (websocket_next(&session->websocket, input,
			    (size_t)hub->config->push.max_message, &event) < 0) {
			hub_kill(hub, session);
			return;
		}
		if (is_open(session) || event.kind == WEBSOCKET_CLOSE)
			receive_event(hub, session, &event);
	}
}

void conversation_receive(struct hub *hub, struct session *session, uint8_t *data, size_t len)
{
	struct websocket_input input = { data, len };

	session->heard = hub->now;
	session->pinged = false;
	if (session->state == SESSION_HEAD)
		receive_head(hub, session, (struct slice){ (char *)data, len });
	else if (session->state != SESSION_REFUSED)
		receive_frames(hub, session, &input);
}

/* ---- time ---- */

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

static void warn(struct hub *hub, struct session *session)
{
	session->warned = true;
	message_begin(&hub->message);
	message_token_expiring(&hub->message, session->expires);
	hub_tell_surely(hub, session);
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
		hub_close(hub, session, CLOSE_UNAUTHENTICATED, "token_expired");
		return;
	}
	if (session->queue && hub->now - session->queue->drained >= hub->config->push.stall_timeout) {
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
		send_ping(hub, session);
	if (session->state == SESSION_LIVE)
		conversation_schedule(hub, session);
}

void conversation_due(struct hub *hub, struct session *session)
{
	switch (session->state) {
	case SESSION_HEAD:
		refuse_error(hub, session, HANDSHAKE_INCOMPLETE);
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
