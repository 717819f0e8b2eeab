/* From changes to messages, see delivery.h. */
#include "pushd/delivery.h"

#include "lib/clock.h"
#include "pushd/backlog.h"
#include "pushd/catchup.h"
#include "pushd/message.h"
#include "pushd/resume.h"
#include "pushd/stream.h"

#include <errno.h>

void delivery_send_one(struct hub *hub, struct session *session)
{
	if (hub_tell(hub, session) != SESSION_FULL)
		return;
	hub->statistics.conflations += !session->conflated;
	notice_conflated(hub, session);
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

void delivery_send_created(struct hub *hub, struct subscriber *subscriber,
	const struct change *change)
{
	message_begin(&hub->message);
	message_new_notification(&hub->message, change);
	delivery_send(hub, subscriber, change->counts.seq);
}

/* Whether all that comes next can be told without the store, but for what this change is. */
static bool is_level(const struct subscriber *subscriber)
{
	return subscriber->placed && !subscriber->asking && !subscriber->backlog;
}

/* Something has changed, but not what comes before it: whoever keeps up gets an update. */
static void want_update(struct subscriber *subscriber)
{
	for (struct session *session = subscriber->sessions; session; session = session->next)
		if (session->want == WANT_NOTHING)
			session->want = WANT_UPDATE;
}

/* ---- what concerns one user ---- */

static void deliver_own(struct hub *hub, struct subscriber *subscriber, const struct change *change)
{
	const struct position *told = &subscriber->told;

	if (subscriber->placed && change->counts.seq <= told->seq)
		return; /* the answer that held it was faster */
	if (!subscriber->placed && !subscriber->asking) {
		want_update(subscriber);
	} else if (is_level(subscriber) && stream_is_create(change) &&
		   change->counts.seq == told->seq + 1) {
		subscriber->told = position_of(&change->counts, told->broadcasts);
		delivery_send_created(hub, subscriber, change);
		return;
	} else {
		backlog_add(subscriber, change);
	}
	catchup_ask(hub, subscriber);
}

/* Why all sessions of a user are to end; NULL if this change is no reason. */
static const char *reason_to_end(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_FORGOTTEN:
		return "forgotten";
	case CHANGE_REVOKED:
		return "token_revoked";
	default:
		return NULL;
	}
}

/*
 * Ends all sessions of a user, and lets nobody who comes later have an answer from before: it
 * would be about one who was not yet forgotten, or whose tokens were still good.
 */
static unsigned dismiss(struct hub *hub, struct subscriber *subscriber, const char *reason)
{
	unsigned count = subscriber->session_count;

	while (subscriber->sessions)
		hub_close(hub, subscriber->sessions, CLOSE_FORBIDDEN, reason);
	catchup_forget(subscriber);
	return count;
}

unsigned delivery_disconnect(struct hub *hub, struct subscriber *subscriber)
{
	unsigned count;

	subscriber->in_use = true;
	count = dismiss(hub, subscriber, "disconnected");
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
	return count;
}

static void deliver_to_user(struct hub *hub, const struct change *change)
{
	struct subscriber *subscriber = registry_find(&hub->registry, change->user);
	const char *reason = reason_to_end(change->kind);

	if (!subscriber)
		return;
	subscriber->in_use = true;
	if (reason)
		dismiss(hub, subscriber, reason);
	else
		deliver_own(hub, subscriber, change);
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
}

/* ---- what concerns everybody ---- */

/* A broadcast change on its way to all users. */
struct announcement {
	uint64_t number;
	size_t head;	 /* of the message in hub->message; 0 = the store must be asked */
	bool incomplete; /* somebody could not be told */
};

/* Whoever has it all has one unread notification more, and an unseen one. */
static void tell_created(struct hub *hub, struct subscriber *subscriber, size_t head)
{
	struct position *told = &subscriber->told;
	struct counts counts;

	told->seq++;
	told->broadcasts++;
	told->unread++;
	told->unseen++;
	counts = position_counts(told);
	message_new_tail(&hub->message, head, &counts);
	subscriber->in_use = true;
	delivery_send(hub, subscriber, told->seq);
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
}

static void announce_to(struct hub *hub, struct subscriber *subscriber,
	struct announcement *announcement)
{
	const struct position *told = &subscriber->told;

	if (subscriber->placed && told->broadcasts >= announcement->number)
		return; /* the answer that held it was faster */
	if (announcement->head > 0 && is_level(subscriber) &&
		told->broadcasts == announcement->number - 1) {
		tell_created(hub, subscriber, announcement->head);
		return;
	}
	if (!subscriber->placed && !subscriber->asking)
		want_update(subscriber);
	announcement->incomplete = true;
}

/*
 * The message is encoded once; behind its head only the counts are written anew for each user.
 * Users are found by their newest sessions, in the order of descriptors: that is about the
 * order in memory, and waiting for memory is most of what this costs beside the sending.
 */
static void deliver_to_all(struct hub *hub, const struct change *change)
{
	struct announcement announcement = { .number = change->counts.seq };
	struct session *session;
	size_t at = 0;

	if (announcement.number <= hub->broadcasts.newest)
		return; /* given again, from a position amid a transaction */
	broadcasts_add(&hub->broadcasts, change);
	if (stream_is_create(change)) {
		message_begin(&hub->message);
		announcement.head = message_new_head(&hub->message, change);
	}
	while ((session = clients_next(&hub->clients, &at)))
		if (session->subscriber && session->subscriber->sessions == session)
			announce_to(hub, session->subscriber, &announcement);
	if (announcement.incomplete)
		catchup_begin_round(hub);
}

void delivery_change(struct hub *hub, const struct change *change)
{
	uint64_t told = hub->statistics.messages_out;

	statistics_read(&hub->statistics, change);
	if (change_is_broadcast(change->kind))
		deliver_to_all(hub, change);
	else if (change->kind != CHANGE_EPOCH) /* the store's next greeting tells it, too */
		deliver_to_user(hub, change);
	if (hub->statistics.messages_out != told)
		statistics_delivered(&hub->statistics, change);
}

int delivery_pump(struct hub *hub, int64_t usec)
{
	int64_t end = clock_us() + usec;
	struct change change;
	int r;

	while ((r = feed_next(hub->feed, &change)) == 0) {
		delivery_change(hub, &change);
		if (clock_us() >= end)
			return DELIVERY_MORE;
	}
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
		newcomers_remove(session);
		subscriber_add(subscriber, session);
		hub->live++;
		hub->users += subscriber->session_count == 1;
		hub->statistics.authenticated++;
		catchup_ask(hub, subscriber);
	} else {
		hub_note_refusal(hub, user, refusals_word(CLOSE_TOO_MANY_CONNECTIONS));
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
	hub->users -= subscriber->session_count == 0;
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

static void forget_answer(void *context, struct subscriber *subscriber)
{
	(void)context;
	catchup_forget(subscriber);
}

void delivery_resync(struct hub *hub)
{
	size_t at = 0;

	broadcasts_release(&hub->broadcasts);
	registry_each(&hub->registry, forget_answer, NULL);
	for (struct session *session; (session = clients_next(&hub->clients, &at));) {
		if (session->state != SESSION_LIVE)
			continue;
		if (session->want != WANT_GREETING)
			session->want = WANT_RESET;
		else if (session->resume)
			resume_give_up(session->resume);
	}
	catchup_begin_round(hub);
}
