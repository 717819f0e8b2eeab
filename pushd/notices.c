/* Lines of the log about clients, see notices.h. */
#include "pushd/notices.h"

#include "pushd/hub.h"

enum { NAME_SIZE = 255 + 1 + sizeof(" at ") + sizeof("user ") + ADDRESS_SIZE };

void notices_settle(struct notices *notices, uint32_t now)
{
	if (notices->second == now)
		return;
	if (notices->omitted > 0)
		log_warning("%u more lines about clients were left out", notices->omitted);
	*notices = (struct notices){ .second = now };
}

bool notices_take(struct notices *notices, enum log_level level, uint32_t now)
{
	if (!log_takes(level))
		return false;
	notices_settle(notices, now);
	if (notices->said == NOTICES_MAX) {
		notices->omitted++;
		return false;
	}
	notices->said++;
	return true;
}

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

static size_t queued(const struct session *session)
{
	return session->queue ? session->queue->bytes.len : 0;
}

/* How long nothing was taken. */
static uint32_t stalled(const struct hub *hub, const struct session *session)
{
	return session->queue ? hub->now - session->queue->drained : 0;
}

void notice_conflated(struct hub *hub, const struct session *session)
{
	char name[NAME_SIZE];

	if (!notices_take(&hub->notices, LOG_LEVEL_DEBUG, hub->now))
		return;
	log_debug("slow %s: %zu bytes wait, the last were taken %u s ago: further messages become "
		  "one",
		name_of(session, name), queued(session), stalled(hub, session));
}

void notice_stalled(struct hub *hub, const struct session *session)
{
	char name[NAME_SIZE];

	if (!notices_take(&hub->notices, LOG_LEVEL_WARNING, hub->now))
		return;
	log_warning("slow %s: %zu bytes wait, the last were taken %u s ago: closed",
		name_of(session, name), queued(session), stalled(hub, session));
}

void notice_close(const struct session *session, uint16_t code, const char *reason)
{
	char name[NAME_SIZE];

	if (log_takes(LOG_LEVEL_DEBUG))
		log_debug("%s: closed with %u: %s", name_of(session, name), (unsigned)code, reason);
}

void notice_refuse(const struct session *session, unsigned status)
{
	char name[NAME_SIZE];

	if (log_takes(LOG_LEVEL_DEBUG))
		log_debug("%s: refused with status %u", name_of(session, name), status);
}
