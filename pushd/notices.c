/* Lines of the log about clients, see notices.h. */
#include "pushd/notices.h"

#include "lib/log.h"
#include "pushd/hub.h"

enum { NAME_SIZE = 255 + 1 + sizeof(" at ") + sizeof("user ") + ADDRESS_SIZE };

/* Whom a line is about: for people, and for who searches. */
struct party {
	char name[NAME_SIZE];
	char address[ADDRESS_SIZE];
	struct slice user; /* empty = not authenticated */
};

static struct party party_of(const struct session *session)
{
	const struct subscriber *subscriber = session->subscriber;
	struct party party;

	address_format(&session->address, party.address);
	party.user = (struct slice){ 0 };
	if (subscriber)
		party.user = (struct slice){ subscriber->name, subscriber->name_len };
	if (subscriber)
		snprintf(party.name, sizeof(party.name), "user %.*s at %s", (int)party.user.len,
			party.user.data, party.address);
	else
		snprintf(party.name, sizeof(party.name), "client at %s", party.address);
	return party;
}

#define PARTY_FIELDS(party)                     \
	LOG_TEXT("TIDINGS_USER", (party).user), \
		LOG_TEXT("TIDINGS_ADDRESS", slice_of((party).address))

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
	struct party party;

	if (!log_takes(level))
		return;
	party = party_of(session);
	log_event(level, event,
		LOG_FIELDS(PARTY_FIELDS(party), LOG_NUMBER("TIDINGS_BYTES", queued(session))),
		"slow %s: %zu bytes wait, the last were taken %u s ago: %s", party.name,
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
	struct party party;

	if (!log_takes(LOG_LEVEL_DEBUG))
		return;
	party = party_of(session);
	log_event(LOG_LEVEL_DEBUG, LOG_CLIENT_CLOSED,
		LOG_FIELDS(PARTY_FIELDS(party), LOG_NUMBER("TIDINGS_CODE", code)),
		"%s: closed with %u: %s", party.name, (unsigned)code, reason);
}

void notice_refuse(const struct session *session, unsigned status)
{
	struct party party;

	if (!log_takes(LOG_LEVEL_DEBUG))
		return;
	party = party_of(session);
	log_event(LOG_LEVEL_DEBUG, LOG_CLIENT_REFUSED,
		LOG_FIELDS(PARTY_FIELDS(party), LOG_NUMBER("TIDINGS_CODE", status)),
		"%s: refused with status %u", party.name, status);
}
