/*
 * Delivery: from the changes of the feed and the answers of the store to the
 * messages of each session, so that no client ever has a gap or a wrong count.
 *
 * A session joins first and takes its snapshot of the store afterwards. Changes
 * up to the snapshot's `seq` are skipped, later ones follow. While the store is
 * being asked about a user, the user's changes wait in a backlog; the answer
 * then serves everybody: those who joined, those who fell behind, and those whose
 * changes need the list of the newest notifications.
 */
#pragma once

#include "pushd/hub.h"

/*
 * Send hub->message: to one session, which gets an update later if it is too slow for this
 * one; or, as the change up to `seq`, to all of a user's sessions that lack it.
 */
void delivery_send_one(struct hub *hub, struct session *session);
void delivery_send(struct hub *hub, struct subscriber *subscriber, uint64_t seq);

/* Sends "new_notification" to all of a user's sessions that lack it. */
void delivery_send_created(struct hub *hub, struct subscriber *subscriber,
	const struct change *change);

/* Delivers one change to those whom it concerns. */
void delivery_change(struct hub *hub, const struct change *change);

enum { DELIVERY_MORE = FEED_LOST + 1 };

/*
 * Delivers what the feed gives, up to its end or until so many microseconds are over; of one
 * change everybody is told. Returns 0 at the end, DELIVERY_MORE, FEED_LOST, or -errno.
 */
int delivery_pump(struct hub *hub, int64_t usec);

/*
 * Makes a session speak for a user. `since` and `epoch` are where the client left off
 * (epoch empty: nowhere). Returns 0, or -ENOMEM.
 */
int delivery_join(struct hub *hub, struct session *session, struct slice user, uint64_t since,
	struct slice epoch);

/* Takes a session away from its user, if it has one. */
void delivery_leave(struct hub *hub, struct session *session);

/*
 * Ends all sessions of a user because an administrator wants it. Returns how many; the
 * subscriber may be gone.
 */
unsigned delivery_disconnect(struct hub *hub, struct subscriber *subscriber);

/* The session asks for "unread_count". */
void delivery_count(struct hub *hub, struct session *session);

/* The queue of a session that messages were dropped from is empty. */
void delivery_drained(struct hub *hub, struct session *session);

/* Nothing that was sent can be relied on: every session gets a reset. */
void delivery_resync(struct hub *hub);
