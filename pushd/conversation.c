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
	session->connected = session->heard = hub->now;
	clients_set_due(&hub->clients, session, hub->now + hub->config->push.auth_timeout);
	if (newcomers_add(&hub->newcomers, session) < 0)
		hub_kill(hub, session);
}

/* Answers a request that is no session, and ends the connection. */
static void refuse(struct hub *hub, struct session *session, const struct gate_refusal *refusal)
{
	buffer_clear(&hub->bytes);
	notice_refuse(session, refusal->status);
	handshake_refuse(&hub->bytes, refusal->status, refusal->code, refusal->sentence, "");
	hub_refuse(hub, session, buffer_slice(&hub->bytes));
}

static void refuse_error(struct hub *hub, struct session *session, enum handshake_error error)
{
	buffer_clear(&hub->bytes);
	notice_refuse(session, handshake_error_status(error));
	handshake_refuse_error(&hub->bytes, error);
	hub_refuse(hub, session, buffer_slice(&hub->bytes));
}

void conversation_write_refusal(struct buffer *to)
{
	handshake_refuse(to, 503, "unavailable", "There are too many connections; try again later",
		"Retry-After: 10\r\n");
}

void conversation_refuse(struct hub *hub, struct session *session)
{
	buffer_clear(&hub->bytes);
	notice_refuse(session, 503);
	conversation_write_refusal(&hub->bytes);
	hub_refuse(hub, session, buffer_slice(&hub->bytes));
}

void conversation_evict(struct hub *hub, struct session *session)
{
	if (session->state == SESSION_HEAD)
		conversation_refuse(hub, session);
	else
		hub_close(hub, session, CLOSE_TIMEOUT, "too many clients wait to be authenticated");
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

	session->address = address_find_client(session->address, request->forwarded_for,
		hub->config->web.trusted_proxies);
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

static void receive_frames(struct hub *hub, struct session *session, struct websocket_input *input);

/* The frames that came right behind a head. */
static void receive_early(struct hub *hub, struct session *session, struct slice bytes)
{
	struct websocket_input input = { (uint8_t *)bytes.data, bytes.len };

	if (bytes.len > 0 && session->state != SESSION_REFUSED && session->state != SESSION_DEAD)
		receive_frames(hub, session, &input);
}

/* Takes off the front what a head may still grow by, or all of it. */
static struct slice take_piece(struct slice *bytes, size_t kept)
{
	size_t room = HANDSHAKE_MAX - kept;
	struct slice piece = { bytes->data, bytes->len < room ? bytes->len : room };

	bytes->data += piece.len;
	bytes->len -= piece.len;
	return piece;
}

/* What of the head came before is put before the bytes. Returns 0 or -ENOMEM. */
static int join_head(struct buffer *head, struct slice *bytes)
{
	buffer_append_slice(head, *bytes);
	*bytes = buffer_slice(head);
	return buffer_status(head);
}

/*
 * Takes the request head; what lies behind it is frames already. The head is taken off the
 * newcomer meanwhile, who may be none any more when it has been judged.
 */
static void receive_head(struct hub *hub, struct session *session, struct slice bytes)
{
	_cleanup_(buffer_release) struct buffer head = take(session->newcomer->head);
	struct slice piece = take_piece(&bytes, head.len);
	struct handshake_request request;
	size_t seen = head.len, len;
	int r = seen > 0 ? join_head(&head, &piece) : 0;

	if (r == 0)
		r = handshake_parse(piece, seen, &request, &len);
	if (r == HANDSHAKE_INCOMPLETE && seen == 0)
		r = join_head(&head, &piece) < 0 ? -ENOMEM : r;
	if (r < 0) {
		hub_kill(hub, session);
	} else if (r == HANDSHAKE_INCOMPLETE) {
		session->newcomer->head = take(head);
	} else if (r > 0) {
		refuse_error(hub, session, (enum handshake_error)r);
	} else {
		judge_head(hub, session, &request);
		receive_early(hub, session, (struct slice){ piece.data + len, piece.len - len });
		receive_early(hub, session, bytes);
	}
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
