/* From changes to messages, see delivery.h. */
#include "pushd/delivery.h"

#include "pushd/backlog.h"
#include "pushd/catchup.h"
#include "pushd/message.h"

#include <errno.h>

void delivery_send_one(struct hub *hub, struct session *session)
{
	if (hub_send(hub, session, message_frame(&hub->message)) == SESSION_FULL)
		session->conflated = true;
}

/* Whether a session is up to date but for changes that are newer than `seq`. */
static bool takes_change(const struct session *session, uint64_t seq)
{
	return session->state == SESSION_LIVE && session->want == WANT_NOTHING &&
	       !session->conflated && session->seq < seq;
}

void delivery_send(struct hub *hub, struct subscriber *subscriber, uint64_t seq)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		if (!takes_change(session, seq))
			continue;
		delivery_send_one(hub, session);
		session->seq = seq;
	}
}

void delivery_send_created(struct hub *hub, struct subscriber *subscriber, const struct change *change)
{
	message_begin(&hub->message);
	message_new_notification(&hub->message, change);
	delivery_send(hub, subscriber, change->counts.seq);
}

void delivery_change(struct hub *hub, const struct change *change)
{
	struct subscriber *subscriber;

	if (change->kind == CHANGE_EPOCH)
		return; /* the store's next greeting tells it, too */
	subscriber = registry_find(&hub->registry, change->user);
	if (!subscriber)
		return;
	if (!subscriber->asking && !subscriber->backlog && backlog_is_create(change)) {
		delivery_send_created(hub, subscriber, change);
		return;
	}
	backlog_add(subscriber, change);
	catchup_ask(hub, subscriber);
}

int delivery_pump(struct hub *hub)
{
	struct change change;
	int r;

	while ((r = feed_next(hub->feed, &change)) == 0)
		delivery_change(hub, &change);
	return r == FEED_NOTHING ? 0 : r;
}

/* Makes room for one more session of this user, by the oldest or not at all. */
static bool make_room(struct hub *hub, struct subscriber *subscriber)
{
	if (subscriber->session_count < hub->config->push.max_connections_per_user)
		return true;
	if (hub->config->push.when_full == WHEN_FULL_REFUSE_NEWEST)
		return false;
	hub_close(hub, subscriber_oldest(subscriber), CLOSE_TOO_MANY_CONNECTIONS,
		"a newer connection took the place of this one");
	return true;
}

int delivery_join(struct hub *hub, struct session *session, struct slice user, uint64_t since,
	struct slice epoch)
{
	struct subscriber *subscriber = registry_get(&hub->registry, user);

	if (!subscriber)
		return -ENOMEM;
	if (epoch.len > 0 && resume_new(hub, session, since, epoch) < 0) {
		registry_drop(&hub->registry, subscriber);
		return -ENOMEM;
	}
	subscriber->in_use = true;
	if (make_room(hub, subscriber)) {
		session->state = SESSION_LIVE;
		session->want = WANT_GREETING;
		subscriber_add(subscriber, session);
		hub->live++;
		catchup_ask(hub, subscriber);
	} else {
		hub_close(hub, session, CLOSE_TOO_MANY_CONNECTIONS, "too many connections");
	}
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
	return 0;
}

/* The backlog stays while the store's answer is awaited: somebody may join before it comes. */
void delivery_leave(struct hub *hub, struct session *session)
{
	struct subscriber *subscriber = session->subscriber;

	resume_free(take(session->resume));
	if (!subscriber)
		return;
	subscriber_remove(subscriber, session);
	hub->live--;
	registry_drop(&hub->registry, subscriber);
}

void delivery_count(struct hub *hub, struct session *session)
{
	session->wants_count = true;
	catchup_ask(hub, session->subscriber);
}

void delivery_drained(struct hub *hub, struct session *session)
{
	session->conflated = false;
	if (session->want == WANT_NOTHING)
		session->want = WANT_UPDATE;
	catchup_ask(hub, session->subscriber);
}

void delivery_resync(struct hub *hub)
{
	size_t at = 0;

	for (struct session *session; (session = clients_next(&hub->clients, &at));) {
		if (session->state != SESSION_LIVE)
			continue;
		if (session->want != WANT_GREETING)
			session->want = WANT_RESET;
		else if (session->resume)
			resume_give_up(session->resume);
		catchup_ask(hub, session->subscriber);
	}
}
