/*
 * A session: one client, from its accepted socket to its end.
 *
 * This struct is all that an idle client costs in this process, so what is only
 * needed now and then hangs off it by a pointer that is NULL otherwise.
 */
#pragma once

#include "lib/address.h"
#include "lib/buffer.h"
#include "pushd/websocket.h"

#include <stdint.h>

enum session_state {
	SESSION_HEAD,	   /* the request head is not complete */
	SESSION_ANONYMOUS, /* upgraded; the first message must bring a token */
	SESSION_LIVE,	   /* speaks for a user */
	SESSION_CLOSING,   /* a close frame is on its way */
	SESSION_REFUSED,   /* the end of an HTTP answer is on its way; what comes in is dropped */
	SESSION_DEAD,	   /* closed; freed when the round ends */
};

/* What a live session waits for from the store before it gets changes (again). */
enum session_want {
	WANT_NOTHING,
	WANT_GREETING, /* "connected", what was missed, "unread_count" */
	WANT_UPDATE,   /* a "notification_update" in the place of what could not be sent */
	WANT_RESET,    /* the same, and the client is told to fetch anew */
};

/*
 * What the socket did not take. It holds no more than the limit that it is sent with, and one
 * message, whatever its size, that began when nothing was queued; and takes no more memory.
 */
struct session_queue {
	struct buffer bytes;
	uint32_t drained; /* seconds of the loop's clock: some of them last left */
};

struct session {
	struct session *next; /* of the same user; or of the dead */
	struct subscriber *subscriber; /* NULL until there is a user */
	struct websocket websocket;
	struct session_queue *queue; /* NULL = empty */
	struct newcomer *newcomer; /* its place among those that speak for no user; NULL = it does */
	struct resume *resume;	/* where the client left off; NULL = nowhere */
	uint64_t seq;		/* of the last change that was sent */
	int fd;
	uint32_t expires;	/* the token does; seconds since the epoch */
	uint32_t issued;	/* the token was; the same, 0 = it does not say */
	uint32_t key;		/* that the token was signed with, as a principal has it */
	uint32_t connected;	/* seconds of the loop's clock: it was accepted */
	uint32_t heard;		/* the same: a byte last came; or, as a stream's client has
				 * nothing to say, the heartbeat last left */
	uint32_t rate_second;	/* the same: the second in which … */
	struct address address;	/* of the client, as far as it is known */
	uint16_t rate_count;	/* … so many messages came */
	uint8_t state;		/* enum session_state */
	uint8_t want;		/* enum session_want */
	uint8_t requests;	/* to the store, that it waits for itself */
	bool events : 1;	/* is a stream of events, and no WebSocket */
	bool protocol : 1;	/* speaks HANDSHAKE_PROTOCOL: protocol pings are enough */
	bool wants_count : 1;	/* asked for "unread_count" */
	bool conflated : 1;	/* messages were dropped: wants an update once the queue is empty */
	bool warned : 1;	/* of the token's end */
	bool pinged : 1;	/* and not heard since */
	bool corked : 1;	/* what is sent waits for hub_uncork() */
	bool buried : 1;	/* dead, and only kept for the requests under way */
};

struct session *session_new(int fd);
struct session *session_free(struct session *session);

enum { SESSION_FULL = 1 };

/*
 * Sends these bytes, or queues what the socket does not take; all of them if the session is
 * corked. Returns 0;
 * SESSION_FULL if they would bring the queue above `limit`: nothing of them is
 * sent; or -errno: the connection is over.
 */
int session_send(struct session *session, struct slice bytes, size_t limit);

/* Sends what is queued. Returns 0 when nothing is left, SESSION_FULL, or -errno. */
int session_flush(struct session *session);

/* Counts a message of this second; false if there were more than `limit` in it. */
bool session_rate(struct session *session, uint32_t now, unsigned limit);
