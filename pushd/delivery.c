/*
 * From changes to messages, see delivery.h.
 *
 * What the store is asked depends on who waits: a count is enough for a session
 * that just joined; an update needs the newest notifications as well. Answers of
 * reads come in the order of the requests, so a client's missed changes, asked
 * for just before, are there when the snapshot is.
 *
 * The server reads the feed to its end before it looks at answers. So when an
 * answer as of `seq` is here, all changes up to that `seq` have been delivered or
 * are in the backlog.
 */
#include "pushd/delivery.h"

#include "pushd/message.h"

#include <errno.h>

enum {
	LATEST = 5,		/* notifications in an update */
	BACKLOG_MAX = 1 << 20,	/* bytes of one user's changes that may wait */
	EPOCH_MAX = 64,
};

/* A question under way; the answer is about one subscriber. */
struct question {
	struct hub *hub;
	struct subscriber *subscriber;
	bool with_list;
};

/* Where a client left off, and what it has missed since. */
struct resume {
	struct hub *hub;
	bool asked; /* and the inbox refers to this */
	bool answered;
	bool reset;
	struct counts counts;
	struct buffer records; /* long-encoded change records */
	uint64_t since;
	char epoch[EPOCH_MAX];
};

static void resume_free(struct resume *resume)
{
	if (!resume)
		return;
	if (resume->asked)
		inbox_forget(resume->hub->inbox, resume);
	buffer_release(&resume->records);
	free(resume);
}

DEFINE_CLEANUP(struct resume *, resume_free)

/* ---- sending ---- */

/* Sends what stands in hub->message; if the client is too slow for it, it gets an update later. */
static void send_change(struct hub *hub, struct session *session)
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

/* Sends hub->message, the change up to `seq`, to all of a user's sessions that lack it. */
static void send_to_all(struct hub *hub, struct subscriber *subscriber, uint64_t seq)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		if (!takes_change(session, seq))
			continue;
		send_change(hub, session);
		session->seq = seq;
	}
}

static void send_created(struct hub *hub, struct subscriber *subscriber, const struct change *change)
{
	message_begin(&hub->message);
	message_new_notification(&hub->message, change);
	send_to_all(hub, subscriber, change->counts.seq);
}

static bool is_plain_create(const struct change *change)
{
	return change->kind == CHANGE_CREATED && change->notification.len > 0;
}

/* ---- asking ---- */

static inbox_answered on_snapshot, on_missed;

/*
 * Whether somebody waits for what only a list can tell. Who could not be sent it, because
 * the queue is not empty, waits for that first.
 */
static bool needs_list(const struct subscriber *subscriber)
{
	if (subscriber->backlog)
		return true;
	for (const struct session *session = subscriber->sessions; session; session = session->next)
		if (!session->conflated && (session->want > WANT_GREETING || session->resume))
			return true;
	return false;
}

static bool needs_answer(const struct subscriber *subscriber)
{
	if (subscriber->backlog)
		return true;
	for (const struct session *session = subscriber->sessions; session; session = session->next)
		if (!session->conflated && (session->want != WANT_NOTHING || session->wants_count))
			return true;
	return false;
}

static int ask_missed(struct hub *hub, struct session *session)
{
	struct resume *resume = session->resume;
	struct inbox_request request = {
		.operation = INBOX_CHANGES,
		.user = subscriber_name(session->subscriber),
		.since = resume->since,
		.epoch = slice_of(resume->epoch),
	};

	int r = inbox_submit(hub->inbox, &request, on_missed, resume);

	resume->asked = r == 0;
	return r;
}

static int ask_snapshot(struct hub *hub, struct subscriber *subscriber)
{
	struct question *question = malloc(sizeof(*question));
	struct inbox_request request = {
		.operation = INBOX_COUNT,
		.user = subscriber_name(subscriber),
		.query = { .limit = LATEST, .type = INBOX_ANY_TYPE },
	};
	int r;

	if (!question)
		return -ENOMEM;
	*question = (struct question){ hub, subscriber, needs_list(subscriber) };
	if (question->with_list)
		request.operation = INBOX_LIST;
	r = inbox_submit(hub->inbox, &request, on_snapshot, question);
	if (r < 0)
		free(question);
	else
		subscriber->asking = true;
	return r;
}

/* Gives up on all sessions that wait for an answer about this user: they come back. */
static void fail_waiting(struct hub *hub, struct subscriber *subscriber)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		hub_close(hub, session, WEBSOCKET_TRY_AGAIN, "the store cannot be read");
	}
}

/* Asks the store if somebody waits for an answer and none is on its way. */
static void ask(struct hub *hub, struct subscriber *subscriber)
{
	if (subscriber->asking || !needs_answer(subscriber))
		return;
	for (struct session *session = subscriber->sessions; session; session = session->next)
		if (session->resume && !session->resume->answered && !session->resume->asked &&
		    ask_missed(hub, session) < 0)
			session->resume->reset = session->resume->answered = true;
	if (ask_snapshot(hub, subscriber) < 0)
		fail_waiting(hub, subscriber);
}

/* ---- the backlog ---- */

/* Keeps a change until the store has answered. Too many are dropped, for one update. */
static void backlog_add(struct subscriber *subscriber, const struct change *change)
{
	struct buffer record = { 0 };

	if (subscriber->overflow)
		return;
	if (!subscriber->backlog)
		subscriber->backlog = calloc(1, sizeof(*subscriber->backlog));
	change_format(&record, change);
	if (subscriber->backlog && buffer_status(&record) == 0) {
		subscriber->backlog->limit = BACKLOG_MAX;
		encode_long(subscriber->backlog, buffer_slice(&record));
	}
	if (!subscriber->backlog || buffer_status(&record) < 0 || buffer_status(subscriber->backlog) < 0)
		subscriber->overflow = true;
	buffer_release(&record);
}

static void backlog_free(struct subscriber *subscriber)
{
	if (subscriber->backlog)
		buffer_release(subscriber->backlog);
	free(subscriber->backlog);
	subscriber->backlog = NULL;
	subscriber->overflow = false;
}

/* Takes the next record off the front of encoded ones. */
static bool next_record(struct decoder *records, struct change *ret_change)
{
	struct slice record;

	if (records->at == records->end)
		return false;
	record = decode_long(records);
	return !records->failed && change_parse(record, ret_change) == 0;
}

/*
 * Takes changes other than plain creates off the front and gathers them for one
 * update; false if the first is a create, or newer than the answer.
 */
static bool gather_updates(struct decoder *records, uint64_t upto, struct buffer *changes,
	struct counts *ret_counts)
{
	struct decoder ahead = *records;
	struct change change;

	while (next_record(&ahead, &change) && !is_plain_create(&change) &&
	       change.counts.seq <= upto) {
		message_add_changes(changes, &change);
		*ret_counts = change.counts;
		*records = ahead;
	}
	return changes->len > 0;
}

/* Sends what waits as far as this answer reaches. */
static void backlog_deliver(struct hub *hub, struct subscriber *subscriber, uint64_t upto)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	struct decoder records, ahead;
	struct counts counts;
	struct change change;

	if (!subscriber->backlog)
		return;
	records = decoder_of(subscriber->backlog->data, subscriber->backlog->len);
	for (;;) {
		buffer_clear(&changes);
		if (gather_updates(&records, upto, &changes, &counts)) {
			message_begin(&hub->message);
			message_update(&hub->message, &counts, buffer_slice(&changes),
				buffer_slice(&hub->latest), false);
			send_to_all(hub, subscriber, counts.seq);
		}
		ahead = records;
		if (!next_record(&ahead, &change) || !is_plain_create(&change))
			break;
		send_created(hub, subscriber, &change);
		records = ahead;
	}
	buffer_consume(subscriber->backlog,
		subscriber->backlog->len - (size_t)(records.end - records.at));
	if (subscriber->backlog->len == 0)
		backlog_free(subscriber);
}

/*
 * After an overflow each session gets one update in the place of what is gone. The answer
 * that is here may be older than some of that: the store is asked again.
 */
static void backlog_give_up(struct subscriber *subscriber)
{
	backlog_free(subscriber);
	for (struct session *session = subscriber->sessions; session; session = session->next) {
		if (session->want == WANT_NOTHING)
			session->want = WANT_UPDATE;
		if (session->resume)
			session->resume->reset = session->resume->answered = true;
	}
}

/* ---- answers ---- */

static void on_missed(void *context, int result, struct inbox_answer *answer)
{
	struct resume *resume = context;
	struct slice records;

	resume->asked = false;
	resume->answered = true;
	if (result != 0) {
		resume->reset = true;
		return;
	}
	resume->reset = answer->reset;
	resume->counts = answer->counts;
	records = decode_rest(&answer->at);
	buffer_append_slice(&resume->records, records);
	if (buffer_status(&resume->records) < 0)
		resume->reset = true;
}

/* Sends hub->message to one session, and nothing more once something did not fit. */
static void send_answer(struct hub *hub, struct session *session)
{
	if (!session->conflated)
		send_change(hub, session);
}

static void send_update(struct hub *hub, struct session *session, const struct counts *counts,
	struct slice changes, bool reset)
{
	message_begin(&hub->message);
	message_update(&hub->message, counts, changes, buffer_slice(&hub->latest), reset);
	send_answer(hub, session);
}

/* Sends each change that the client has missed. */
static void send_missed(struct hub *hub, struct session *session, struct resume *resume)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	struct decoder records = decoder_of(resume->records.data, resume->records.len);
	struct counts counts;
	struct change change;

	while (records.at != records.end && !records.failed && !session->conflated) {
		struct decoder ahead = records;

		buffer_clear(&changes);
		if (gather_updates(&records, UINT64_MAX, &changes, &counts)) {
			send_update(hub, session, &counts, buffer_slice(&changes), false);
			continue;
		}
		if (!next_record(&ahead, &change))
			return;
		message_begin(&hub->message);
		message_new_notification(&hub->message, &change);
		send_answer(hub, session);
		records = ahead;
	}
}

/* Welcomes a session that has joined. It may be dead before all is said. */
static void greet(struct hub *hub, struct session *session, const struct counts *snapshot)
{
	_cleanup_(freeing_resume_free) struct resume *resume = take(session->resume);
	const struct counts *counts = snapshot;

	message_begin(&hub->message);
	message_connected(&hub->message, inbox_greeting(hub->inbox)->epoch, session->expires);
	send_answer(hub, session);
	if (resume && resume->reset)
		send_update(hub, session, snapshot, (struct slice){ 0 }, true);
	if (resume && !resume->reset) {
		send_missed(hub, session, resume);
		counts = &resume->counts;
	}
	message_begin(&hub->message);
	message_unread_count(&hub->message, counts);
	send_answer(hub, session);
	session->seq = counts->seq;
	session->want = session->conflated && resume && resume->reset ? WANT_RESET : WANT_NOTHING;
}

/* Whether all that the session is to be told is known with this answer. */
static bool can_greet(const struct session *session, bool with_list)
{
	return !session->resume || (with_list && session->resume->answered);
}

/* Serves a session with the answer, as far as it holds what the session waits for. */
static void serve(struct hub *hub, struct session *session, const struct counts *counts,
	bool with_list)
{
	if (session->state != SESSION_LIVE || session->conflated)
		return;
	if (session->want == WANT_GREETING && can_greet(session, with_list)) {
		greet(hub, session, counts);
	} else if (session->want > WANT_GREETING && with_list) {
		send_update(hub, session, counts, (struct slice){ 0 }, session->want == WANT_RESET);
		session->seq = counts->seq;
		if (!session->conflated)
			session->want = WANT_NOTHING;
	}
}

/* Answers those who asked for the count, if it is the count as of what they were sent. */
static void serve_counts(struct hub *hub, struct subscriber *subscriber, const struct counts *counts)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		if (!session->wants_count || session->conflated || session->want != WANT_NOTHING ||
		    session->seq != counts->seq)
			continue;
		message_begin(&hub->message);
		message_unread_count(&hub->message, counts);
		send_answer(hub, session);
		session->wants_count = session->conflated;
	}
}

static void serve_all(struct hub *hub, struct subscriber *subscriber, const struct counts *counts,
	bool with_list)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		serve(hub, session, counts, with_list);
	}
	if (with_list)
		backlog_deliver(hub, subscriber, counts->seq);
	serve_counts(hub, subscriber, counts);
}

static void on_snapshot(void *context, int result, struct inbox_answer *answer)
{
	struct question question = *(struct question *)context;
	struct subscriber *subscriber = question.subscriber;
	struct hub *hub = question.hub;
	struct uuid last;

	free(context);
	subscriber->asking = false;
	subscriber->in_use = true;
	if (result == 0 && subscriber->overflow) {
		backlog_give_up(subscriber);
	} else if (result == 0) {
		buffer_clear(&hub->latest);
		message_add_notifications(&hub->latest, answer, SIZE_MAX, &last);
		serve_all(hub, subscriber, &answer->counts, question.with_list);
	} else if (result != -ECANCELED) {
		fail_waiting(hub, subscriber);
	}
	if (!subscriber->sessions)
		backlog_free(subscriber);
	if (result != -ECANCELED)
		ask(hub, subscriber);
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
}

/* ---- what the rest of the daemon calls ---- */

void delivery_change(struct hub *hub, const struct change *change)
{
	struct subscriber *subscriber;

	if (change->kind == CHANGE_EPOCH)
		return; /* the store's next greeting tells it, too */
	subscriber = registry_find(&hub->registry, change->user);
	if (!subscriber)
		return;
	if (!subscriber->asking && !subscriber->backlog && is_plain_create(change)) {
		send_created(hub, subscriber, change);
		return;
	}
	backlog_add(subscriber, change);
	ask(hub, subscriber);
}

int delivery_pump(struct hub *hub)
{
	struct change change;
	int r;

	while ((r = feed_next(hub->feed, &change)) == 0)
		delivery_change(hub, &change);
	return r == FEED_NOTHING ? 0 : r;
}

static int resume_new(struct hub *hub, struct session *session, uint64_t since, struct slice epoch)
{
	struct resume *resume = calloc(1, sizeof(*resume));

	if (!resume)
		return -ENOMEM;
	resume->hub = hub;
	resume->since = since;
	if (epoch.len >= sizeof(resume->epoch))
		resume->reset = resume->answered = true; /* none of ours */
	else
		memcpy(resume->epoch, epoch.data, epoch.len);
	session->resume = resume;
	return 0;
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
		ask(hub, subscriber);
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
	ask(hub, session->subscriber);
}

void delivery_drained(struct hub *hub, struct session *session)
{
	session->conflated = false;
	if (session->want == WANT_NOTHING)
		session->want = WANT_UPDATE;
	ask(hub, session->subscriber);
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
			session->resume->reset = session->resume->answered = true;
		ask(hub, session->subscriber);
	}
}
