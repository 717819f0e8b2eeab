/* Lines of the log about clients, see notices.h. */
#include "pushd/notices.h"

#include "lib/log.h"
#include "pushd/hub.h"

enum { NAME_SIZE = 255 + 1 + sizeof(" at ") + sizeof("user ") + ADDRESS_SIZE };

/* Names a client: its user, if there is one, and where it is. */
static const char *name_of(const struct session *session, char name[static NAME_SIZE])
{
	char address[ADDRESS_SIZE];

	address_format(&session->address, address);
	if (session->subscriber)
		snprintf(name, NAME_SIZE, "user %.*s at %s", (int)session->subscriber->name_len,
			session->subscriber->name, address);
	else
		snprintf(name, NAME_SIZE, "client at %s", address);
	return name;
}

static struct slice user_of(const struct session *session)
{
	const struct subscriber *user = session->subscriber;

	return user ? (struct slice){ user->name, user->name_len } : (struct slice){ 0 };
}

static size_t queued(const struct session *session)
{
	return session->queue ? session->queue->bytes.len : 0;
}

/* How long nothing was taken. */
static uint32_t stalled(const struct hub *hub, const struct session *session)
{
	return session->queue ? hub->now - session->queue->drained : 0;
}

/* What is said of a client that is slow. */
static void notice_slow(enum log_level level, enum log_event event, const struct hub *hub,
	const struct session *session, const char *consequence)
{
	char name[NAME_SIZE], address[ADDRESS_SIZE];

	if (!log_takes(level))
		return;
	address_format(&session->address, address);
	log_event(level, event,
		LOG_FIELDS(LOG_TEXT("TIDINGS_USER", user_of(session)),
			LOG_TEXT("TIDINGS_ADDRESS", slice_of(address)),
			LOG_NUMBER("TIDINGS_BYTES", queued(session))),
		"slow %s: %zu bytes wait, the last were taken %u s ago: %s", name_of(session, name),
		queued(session), stalled(hub, session), consequence);
}

void notice_conflated(struct hub *hub, const struct session *session)
{
	notice_slow(LOG_LEVEL_DEBUG, LOG_CLIENT_CONFLATED, hub, session,
		"further messages become one");
}

void notice_stalled(struct hub *hub, const struct session *session)
{
	notice_slow(LOG_LEVEL_WARNING, LOG_CLIENT_STALLED, hub, session, "closed");
}

void notice_close(const struct session *session, uint16_t code, const char *reason)
{
	char name[NAME_SIZE], address[ADDRESS_SIZE];

	if (!log_takes(LOG_LEVEL_DEBUG))
		return;
	address_format(&session->address, address);
	log_event(LOG_LEVEL_DEBUG, LOG_CLIENT_CLOSED,
		LOG_FIELDS(LOG_TEXT("TIDINGS_USER", user_of(session)),
			LOG_TEXT("TIDINGS_ADDRESS", slice_of(address)),
			LOG_NUMBER("TIDINGS_CODE", code)),
		"%s: closed with %u: %s", name_of(session, name), (unsigned)code, reason);
}

void notice_refuse(const struct session *session, unsigned status)
{
	char name[NAME_SIZE], address[ADDRESS_SIZE];

	if (!log_takes(LOG_LEVEL_DEBUG))
		return;
	address_format(&session->address, address);
	log_event(LOG_LEVEL_DEBUG, LOG_CLIENT_REFUSED,
		LOG_FIELDS(LOG_TEXT("TIDINGS_ADDRESS", slice_of(address)),
			LOG_NUMBER("TIDINGS_CODE", status)),
		"%s: refused with status %u", name_of(session, name), status);
}
