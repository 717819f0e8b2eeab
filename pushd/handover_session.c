/*
 * One session as bytes and back, see handover_record.h. What a session asks of the store is
 * not written: what it wants is, and so it will be asked again. Only its client's own
 * requests cannot be repeated for it, and are counted.
 */
#include "pushd/handover_record.h"

#include "pushd/handshake.h"
#include "pushd/resume.h"

#include <errno.h>

/* Bits of a session's flags, as they are handed over: these numbers are for good. */
enum {
	FLAG_PROTOCOL = 1 << 0,
	FLAG_WANTS_COUNT = 1 << 1,
	FLAG_CONFLATED = 1 << 2,
	FLAG_WARNED = 1 << 3,
	FLAG_PINGED = 1 << 4,
	FLAG_RESUMES = 1 << 5,
	FLAG_EVENTS = 1 << 6,
	FLAGS_KNOWN = (1 << 7) - 1,
};

enum { QUEUE_MAX = 32 << 20 /* bytes: no configuration allows more */ };

static uint16_t flags_of(const struct session *session)
{
	return (uint16_t)((session->protocol ? FLAG_PROTOCOL : 0) |
			  (session->wants_count ? FLAG_WANTS_COUNT : 0) |
			  (session->conflated ? FLAG_CONFLATED : 0) |
			  (session->warned ? FLAG_WARNED : 0) |
			  (session->pinged ? FLAG_PINGED : 0) |
			  (session->resume ? FLAG_RESUMES : 0) |
			  (session->events ? FLAG_EVENTS : 0));
}

static void set_flags(struct session *session, uint16_t flags)
{
	session->protocol = flags & FLAG_PROTOCOL;
	session->wants_count = flags & FLAG_WANTS_COUNT;
	session->conflated = flags & FLAG_CONFLATED;
	session->warned = flags & FLAG_WARNED;
	session->pinged = flags & FLAG_PINGED;
	session->events = flags & FLAG_EVENTS;
}

/* ---- parts that are of a length of their own, so that they can grow ---- */

static void encode_input(const struct session *session, struct buffer *to)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	websocket_encode(&session->websocket, &bytes);
	encode_long(to, buffer_slice(&bytes));
	if (buffer_status(&bytes) < 0)
		to->failed = buffer_status(&bytes);
}

static void encode_resume(const struct session *session, struct buffer *to)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	if (session->resume)
		resume_encode(session->resume, &bytes);
	encode_long(to, buffer_slice(&bytes));
	if (buffer_status(&bytes) < 0)
		to->failed = buffer_status(&bytes);
}

/* Bytes that a session has only now and then. */
static void encode_bytes(const struct buffer *bytes, struct buffer *to)
{
	encode_long(to, bytes ? buffer_slice(bytes) : (struct slice){ 0 });
}

void handover_session_encode(const struct hub *hub, const struct session *session,
	struct buffer *to)
{
	encode_u32(to, (uint32_t)session->fd);
	encode_u8(to, session->state);
	encode_u8(to, session->want);
	encode_u16(to, flags_of(session));
	encode_u8(to, session->requests);
	encode_u64(to, session->seq);
	encode_u32(to, session->expires);
	encode_u32(to, session->issued);
	encode_u32(to, session->key);
	encode_u32(to, session->heard);
	encode_u32(to, hub->clients.due[session->fd]);
	encode_u32(to, session->connected);
	buffer_append(to, session->address.bytes, sizeof(session->address.bytes));
	encode_u32(to, session->rate_second);
	encode_u16(to, session->rate_count);
	encode_u32(to, session->queue && !session->corked ? session->queue->drained : hub->now);
	encode_bytes(session->queue ? &session->queue->bytes : NULL, to);
	encode_bytes(session->newcomer ? &session->newcomer->head : NULL, to);
	encode_input(session, to);
	encode_resume(session, to);
}

/* ---- and back ---- */

struct session *handover_session_discard(struct session *session)
{
	if (session)
		resume_free(take(session->resume));
	return session_free(session);
}

static int decode_queue(struct session *session, struct decoder *from)
{
	uint32_t drained = decode_u32(from);
	struct slice bytes = decode_long(from);

	if (bytes.len == 0)
		return 0;
	if (bytes.len > QUEUE_MAX)
		return -EBADMSG;
	session->queue = calloc(1, sizeof(*session->queue));
	if (!session->queue)
		return -ENOMEM;
	session->queue->drained = drained;
	buffer_append_slice(&session->queue->bytes, bytes);
	return buffer_status(&session->queue->bytes);
}

static int decode_head(struct handover_session *to, struct decoder *from)
{
	to->head = decode_long(from);
	return to->head.len > HANDSHAKE_MAX ||
			       (to->head.len > 0 && to->session->state != SESSION_HEAD)
		       ? -EBADMSG
		       : 0;
}

static int decode_input(struct session *session, struct decoder *from)
{
	struct slice bytes = decode_long(from);
	struct decoder input = decoder_of(bytes.data, bytes.len);

	return websocket_decode(&session->websocket, &input);
}

static int decode_resume(struct hub *hub, struct session *session, bool resumes,
	struct decoder *from)
{
	struct slice bytes = decode_long(from);
	struct decoder resume = decoder_of(bytes.data, bytes.len);

	if (!resumes)
		return 0;
	if (session->state != SESSION_LIVE || session->want != WANT_GREETING)
		return -EBADMSG;
	return resume_decode(hub, session, &resume);
}

/* Whether there can be such a session. */
static bool is_possible(const struct session *session)
{
	if (session->state >= SESSION_DEAD || session->want > WANT_RESET)
		return false;
	return !session->events || session->state == SESSION_LIVE ||
	       session->state == SESSION_REFUSED;
}

/* The members of fixed length. Returns 0 or -EBADMSG. */
static int decode_members(struct handover_session *to, struct decoder *from, uint16_t *ret_flags)
{
	struct session *session = to->session;
	uint32_t fd = decode_u32(from);
	struct slice address;

	session->state = decode_u8(from);
	session->want = decode_u8(from);
	*ret_flags = decode_u16(from);
	to->requests = decode_u8(from);
	session->seq = decode_u64(from);
	session->expires = decode_u32(from);
	session->issued = decode_u32(from);
	session->key = decode_u32(from);
	session->heard = decode_u32(from);
	to->due = decode_u32(from);
	session->connected = decode_u32(from);
	address = decode_bytes(from, sizeof(session->address.bytes));
	session->rate_second = decode_u32(from);
	session->rate_count = decode_u16(from);
	to->fd = (int)fd;
	set_flags(session, *ret_flags);
	if (from->failed || fd > INT32_MAX || *ret_flags & ~FLAGS_KNOWN)
		return -EBADMSG;
	memcpy(session->address.bytes, address.data, address.len);
	return is_possible(session) ? 0 : -EBADMSG;
}

int handover_session_decode(struct hub *hub, struct decoder *from,
	struct handover_session *ret_session)
{
	_cleanup_(freeing_handover_session_discard) struct session *session = session_new(-1);
	struct handover_session decoded = { .session = session };
	uint16_t flags;
	int r = session ? decode_members(&decoded, from, &flags) : -ENOMEM;

	if (r == 0)
		r = decode_queue(session, from);
	if (r == 0)
		r = decode_head(&decoded, from);
	if (r == 0)
		r = decode_input(session, from);
	if (r == 0)
		r = decode_resume(hub, session, flags & FLAG_RESUMES, from);
	if (r == 0 && from->failed)
		r = -EBADMSG;
	if (r < 0)
		return r;
	take(session);
	*ret_session = decoded;
	return 0;
}
