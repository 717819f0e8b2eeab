/*
 * Catching up with the store, see catchup.h.
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
#include "pushd/catchup.h"

#include "pushd/backlog.h"
#include "pushd/delivery.h"
#include "pushd/message.h"

#include <errno.h>

enum {
	LATEST = 5, /* notifications in an update */
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

/* Takes the question back: its answer would be of another time. */
static void resume_forget(struct resume *resume)
{
	if (resume->asked)
		inbox_forget(resume->hub->inbox, resume);
	resume->asked = false;
}

void resume_give_up(struct resume *resume)
{
	resume_forget(resume);
	resume->reset = resume->answered = true;
}

void resume_free(struct resume *resume)
{
	if (!resume)
		return;
	resume_forget(resume);
	buffer_release(&resume->records);
	free(resume);
}

int resume_new(struct hub *hub, struct session *session, uint64_t since, struct slice epoch)
{
	struct resume *resume = calloc(1, sizeof(*resume));

	if (!resume)
		return -ENOMEM;
	resume->hub = hub;
	resume->since = since;
	if (epoch.len >= sizeof(resume->epoch))
		resume_give_up(resume); /* none of ours */
	else
		memcpy(resume->epoch, epoch.data, epoch.len);
	session->resume = resume;
	return 0;
}

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
	int r;

	r = inbox_submit(hub->inbox, &request, on_missed, resume);
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

void catchup_ask(struct hub *hub, struct subscriber *subscriber)
{
	if (subscriber->asking || !needs_answer(subscriber))
		return;
	for (struct session *session = subscriber->sessions; session; session = session->next)
		if (session->resume && !session->resume->answered && !session->resume->asked &&
		    ask_missed(hub, session) < 0)
			resume_give_up(session->resume);
	if (ask_snapshot(hub, subscriber) < 0)
		fail_waiting(hub, subscriber);
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
	records = backlog_records(subscriber->backlog);
	for (;;) {
		buffer_clear(&changes);
		if (backlog_gather(&records, upto, &changes, &counts)) {
			message_begin(&hub->message);
			message_update(&hub->message, &counts, buffer_slice(&changes),
				buffer_slice(&hub->latest), false);
			delivery_send(hub, subscriber, counts.seq);
		}
		ahead = records;
		if (!backlog_next(&ahead, &change) || !backlog_is_create(&change))
			break;
		delivery_send_created(hub, subscriber, &change);
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
			resume_give_up(session->resume);
	}
}

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
		delivery_send_one(hub, session);
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
	struct decoder records = backlog_records(&resume->records);
	struct counts counts;
	struct change change;

	while (records.at != records.end && !records.failed && !session->conflated) {
		struct decoder ahead = records;

		buffer_clear(&changes);
		if (backlog_gather(&records, UINT64_MAX, &changes, &counts)) {
			send_update(hub, session, &counts, buffer_slice(&changes), false);
			continue;
		}
		if (!backlog_next(&ahead, &change))
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
	hub_send_control(hub, session, message_frame(&hub->message));
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
		catchup_ask(hub, subscriber);
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
}
