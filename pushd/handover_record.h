/*
 * The records of the handover. Private to pushd/handover_save.c, which writes them,
 * pushd/handover_load.c, which reads them, and pushd/handover_session.c and
 * pushd/handover_statistics.c, which know the largest.
 */
#pragma once

#include "lib/codec.h"
#include "pushd/handover.h"

#define HANDOVER_MAGIC "tidings-pushd state\n"

/* These numbers are for good, and so are the bits below. */
enum handover_kind {
	HANDOVER_HUB = 1,
	HANDOVER_SOCKET,
	HANDOVER_BROADCAST,
	HANDOVER_SUBSCRIBER, /* the sessions of this user follow */
	HANDOVER_SESSION,
	HANDOVER_END,
	HANDOVER_OPTIONAL = 0x80, /* this bit: may be skipped */
	HANDOVER_STATISTICS,
};

enum { SUBSCRIBER_PLACED = 1, SUBSCRIBER_OVERFLOW = 2, SUBSCRIBER_KNOWN = 3 };

/* What a session's record says beside the session. */
struct handover_session {
	struct session *session; /* without a subscriber and a descriptor; to be discarded */
	int fd;
	uint32_t due;	   /* as clients_set_due() takes it */
	unsigned requests; /* of the client, that were not answered */
	struct slice head; /* of the request, as far as it has come */
};

/* Appends the members of a record. */
void handover_session_encode(const struct hub *hub, const struct session *session,
	struct buffer *to);

/* Returns 0, -ENOMEM or -EBADMSG. */
int handover_session_decode(struct hub *hub, struct decoder *from,
	struct handover_session *ret_session);

/* Frees one that has not joined the hub. Returns NULL. */
struct session *handover_session_discard(struct session *session);

DEFINE_CLEANUP(struct session *, handover_session_discard)

/* What was counted goes on. Decoding returns 0 or -EBADMSG. */
void handover_statistics_encode(const struct statistics *statistics, struct buffer *to);
int handover_statistics_decode(struct statistics *statistics, struct decoder *from);
