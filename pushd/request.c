/*
 * Request heads, see request.h. What a head is made of is judged by pushd/handshake.c, who
 * may pass by pushd/gate.c; here it becomes a session.
 */
#include "pushd/request.h"

#include "pushd/command.h"
#include "pushd/event_stream.h"
#include "pushd/gate.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* What was written into hub->bytes; nothing if memory ran out, which ends the connection. */
static struct slice written(const struct hub *hub)
{
	if (buffer_status(&hub->bytes) < 0)
		return (struct slice){ 0 };
	return buffer_slice(&hub->bytes);
}

/* Answers a request that is no session, and ends the connection. */
static void refuse(struct hub *hub, struct session *session, const struct gate_refusal *refusal,
	struct buffer *headers)
{
	statistics_refused(&hub->statistics, refusal->code);
	if (*refusal->user)
		hub_note_refusal(hub, slice_of(refusal->user), refusal->code);
	buffer_append_string(headers, refusal->headers);
	if (!buffer_string(headers)) {
		hub_kill(hub, session);
		return;
	}
	buffer_clear(&hub->bytes);
	notice_refuse(session, refusal->status);
	handshake_refuse(&hub->bytes, refusal->status, refusal->code, refusal->sentence,
		headers->data);
	hub_refuse(hub, session, written(hub));
}

static void refuse_error(struct hub *hub, struct session *session, enum handshake_error error)
{
	statistics_refused(&hub->statistics, handshake_error_code(error));
	buffer_clear(&hub->bytes);
	notice_refuse(session, handshake_error_status(error));
	handshake_refuse_error(&hub->bytes, error);
	hub_refuse(hub, session, written(hub));
}

static void authenticate(struct hub *hub, struct session *session, const struct gate_pass *pass)
{
	command_authenticate(hub, session, &pass->principal, pass->since, slice_of(pass->epoch));
}

/* ---- WebSocket ---- */

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
	session->protocol = request->protocol_offered;
	session->state = SESSION_ANONYMOUS;
	hub->statistics.upgraded++;
	hub_send_control(hub, session, written(hub));
	if (session->state == SESSION_DEAD)
		return; /* it was gone before this */
	if (pass->authenticated) {
		authenticate(hub, session, pass);
		return;
	}
	message_begin(&hub->message);
	message_auth_required(&hub->message);
	hub_tell_surely(hub, session);
}

static void judge_upgrade(struct hub *hub, struct session *session,
	const struct handshake_request *request)
{
	_cleanup_(buffer_release) struct buffer headers = { 0 };
	struct gate_refusal refusal;
	struct gate_pass pass;
	int r;

	r = slice_is(request->method, "GET") ? handshake_check_upgrade(request) : HANDSHAKE_METHOD;
	if (r != 0) {
		refuse_error(hub, session, (enum handshake_error)r);
		return;
	}
	r = gate_check(hub->config, hub->verifier, request, hub->wall, &pass, &refusal);
	if (r < 0) {
		hub_kill(hub, session);
	} else if (r > 0) {
		refuse(hub, session, &refusal, &headers);
	} else {
		upgrade(hub, session, request, &pass);
		if (pass.authenticated)
			principal_release(&pass.principal);
	}
}

/* ---- streams of events ---- */

/*
 * Whether the client is still there only the kernel can tell, since it has nothing to say: by
 * heartbeats that are not acknowledged. It counts the time of a client that reads nothing, too,
 * for which stall-timeout is the limit. Without effect on unix sockets, which need none of this.
 */
static void limit_silence(const struct hub *hub, const struct session *session)
{
	unsigned seconds = 2 * hub->config->push.ping_interval;
	unsigned milliseconds;

	if (seconds < hub->config->push.stall_timeout)
		seconds = hub->config->push.stall_timeout;
	milliseconds = 1000 * seconds;
	setsockopt(session->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
}

static void begin_events(struct hub *hub, struct session *session, struct slice headers,
	const struct gate_pass *pass)
{
	buffer_clear(&hub->bytes);
	event_stream_accept(&hub->bytes, headers);
	session->events = true;
	hub->statistics.streams++;
	limit_silence(hub, session);
	hub_cork(session); /* until the greeting */
	hub_send_control(hub, session, written(hub));
	if (session->state != SESSION_DEAD)
		authenticate(hub, session, pass);
}

static void answer_preflight(struct hub *hub, struct session *session,
	const struct handshake_request *request, struct slice headers)
{
	buffer_clear(&hub->bytes);
	event_stream_preflight(&hub->bytes, request, headers);
	hub_refuse(hub, session, written(hub));
}

static void judge_events(struct hub *hub, struct session *session,
	const struct handshake_request *request)
{
	_cleanup_(buffer_release) struct buffer headers = { 0 };
	bool allowed = gate_allows_origin(hub->config, request);
	struct gate_refusal refusal;
	struct gate_pass pass;
	int r;

	if (allowed)
		event_stream_share(&headers, hub->config, request);
	if (buffer_status(&headers) < 0) {
		hub_kill(hub, session);
		return;
	}
	if (allowed && slice_is(request->method, "OPTIONS")) {
		answer_preflight(hub, session, request, buffer_slice(&headers));
		return;
	}
	r = gate_check_events(hub->config, hub->verifier, request, hub->wall, &pass, &refusal);
	if (r < 0) {
		hub_kill(hub, session);
	} else if (r > 0) {
		refuse(hub, session, &refusal, &headers);
	} else {
		begin_events(hub, session, buffer_slice(&headers), &pass);
		principal_release(&pass.principal);
	}
}

/* ---- heads ---- */

static void judge_head(struct hub *hub, struct session *session,
	const struct handshake_request *request)
{
	static const struct gate_refusal nowhere = { 404, "not_found",
		"There is nothing at this path", "", "" };
	_cleanup_(buffer_release) struct buffer headers = { 0 };

	session->address = address_find_client(session->address, request->forwarded_for,
		hub->config->web.trusted_proxies);
	switch (gate_endpoint(hub->config, request->path)) {
	case GATE_WEBSOCKET:
		judge_upgrade(hub, session, request);
		break;
	case GATE_EVENTS:
		judge_events(hub, session, request);
		break;
	case GATE_NOWHERE:
		refuse(hub, session, &nowhere, &headers);
		break;
	}
}

/* What of the head came before is put before these bytes. Returns 0 or -ENOMEM. */
static int join_head(struct buffer *head, struct slice *bytes)
{
	buffer_append_slice(head, *bytes);
	*bytes = buffer_slice(head);
	return buffer_status(head);
}

/*
 * What was kept of the head is taken off the newcomer, who may be none any more when the
 * request has been judged. It never grows above HANDSHAKE_MAX, however much comes at once.
 */
struct slice request_receive(struct hub *hub, struct session *session, struct slice bytes)
{
	_cleanup_(buffer_release) struct buffer head = take(session->newcomer->head);
	size_t seen = head.len, room = HANDSHAKE_MAX - seen, len;
	struct slice whole = { bytes.data, bytes.len < room ? bytes.len : room };
	struct handshake_request request;
	int r = seen > 0 ? join_head(&head, &whole) : 0;

	if (r == 0)
		r = handshake_parse(whole, seen, &request, &len);
	if (r == 0) {
		judge_head(hub, session, &request);
		len -= seen;
		return (struct slice){ bytes.data + len, bytes.len - len };
	}
	if (r == HANDSHAKE_INCOMPLETE && seen == 0 && join_head(&head, &whole) < 0)
		r = -ENOMEM;
	if (r < 0)
		hub_kill(hub, session);
	else if (r == HANDSHAKE_INCOMPLETE)
		session->newcomer->head = take(head);
	else
		refuse_error(hub, session, (enum handshake_error)r);
	return (struct slice){ 0 };
}

void request_give_up(struct hub *hub, struct session *session)
{
	refuse_error(hub, session, HANDSHAKE_INCOMPLETE);
}

void request_write_refusal(struct buffer *to)
{
	handshake_refuse(to, 503, "unavailable", "There are too many connections; try again later",
		"Retry-After: 10\r\n");
}

void request_refuse(struct hub *hub, struct session *session)
{
	buffer_clear(&hub->bytes);
	statistics_refused(&hub->statistics, "full");
	request_write_refusal(&hub->bytes);
	notice_refuse(session, 503);
	hub_refuse(hub, session, written(hub));
}

void request_evict(struct hub *hub, struct session *session)
{
	if (session->state == SESSION_HEAD)
		request_refuse(hub, session);
	else
		hub_close(hub, session, CLOSE_TIMEOUT, "too many clients wait to be authenticated");
}
