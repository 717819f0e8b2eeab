/*
 * What is done with the store's answers, see serve.h.
 *
 * Before answers are looked at the feed is read, to its end unless it is far behind. So when an
 * answer as of `seq` is here, nearly always all changes up to that `seq` have been delivered, or
 * are in the backlog or among the last broadcasts. Where the answer was faster than the feed,
 * those whom it serves skip what comes later, and the others wait for it.
 */
#include "pushd/serve.h"

#include "pushd/backlog.h"
#include "pushd/delivery.h"
#include "pushd/message.h"
#include "pushd/resume.h"
#include "pushd/stream.h"

/* Sends hub->message to one session, and nothing more once something did not fit. */
static void send_answer(struct hub *hub, struct session *session)
{
	if (!session->conflated)
		delivery_send_one(hub, session);
}

static void send_update(struct hub *hub, struct session *session, const struct counts *counts,
	bool reset)
{
	message_begin(&hub->message);
	message_update(&hub->message, counts, (struct slice){ 0 }, buffer_slice(&hub->latest),
		reset);
	send_answer(hub, session);
}

/*
 * Welcomes a session that has joined, with what it has missed where that is known. It may be
 * dead before all is said.
 */
static void greet(struct hub *hub, struct session *session, const struct counts *snapshot)
{
	_cleanup_(freeing_resume_free) struct resume *resume = take(session->resume);
	const struct position *end = resume ? resume_end(resume) : NULL;
	struct counts counts = end ? position_counts(end) : *snapshot;
	bool reset = resume && !end;

	hub_cork(session);
	message_begin(&hub->message);
	message_connected(&hub->message, hub->epoch, session->expires);
	hub_tell_surely(hub, session);
	if (end && !resume_tell(hub, session, resume)) {
		reset = true;
		counts = *snapshot;
	}
	if (reset)
		send_update(hub, session, snapshot, true);
	message_begin(&hub->message);
	message_unread_count(&hub->message, &counts);
	send_answer(hub, session);
	session->seq = counts.seq;
	session->want = session->conflated && reset ? WANT_RESET : WANT_NOTHING;
	hub_uncork(hub, session);
}

/* Whether all that the session is to be told is known with this answer. */
static bool can_greet(const struct session *session, bool with_list)
{
	return !session->resume || (with_list && resume_is_answered(session->resume));
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
		send_update(hub, session, counts, session->want == WANT_RESET);
		session->seq = counts->seq;
		if (!session->conflated)
			session->want = WANT_NOTHING;
	}
}

static void serve_all(struct hub *hub, struct subscriber *subscriber, const struct counts *counts,
	bool with_list)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		serve(hub, session, counts, with_list);
	}
}

/* Answers those who asked for the count, if it is the count as of what they were sent. */
static void serve_counts(struct hub *hub, struct subscriber *subscriber,
	const struct counts *counts)
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

/* ---- the stream goes on ---- */

/*
 * Where the stream begins: behind the answer; or behind what a client has missed, which the
 * store was asked for before.
 */
static struct position find_place(const struct subscriber *subscriber,
	const struct inbox_answer *answer, bool with_list)
{
	struct position place = position_of(&answer->counts, answer->broadcasts);

	for (const struct session *session = subscriber->sessions; session;
		session = session->next) {
		const struct position *end = NULL;

		if (session->resume && can_greet(session, with_list))
			end = resume_end(session->resume);
		if (end && end->seq < place.seq)
			place = *end;
	}
	return place;
}

/* What comes behind that which was told. */
static struct stream stream_of(const struct hub *hub, const struct subscriber *subscriber)
{
	struct stream stream = {
		.broadcasts = &hub->broadcasts,
		.at = subscriber->told,
		.counted = true,
	};

	if (subscriber->backlog)
		stream.records = backlog_records(subscriber->backlog);
	return stream;
}

/*
 * Begins the stream where there was none, or what came next is not kept any more. Whoever is
 * before its beginning gets an update.
 */
static void place(struct hub *hub, struct subscriber *subscriber, const struct inbox_answer *answer,
	bool with_list)
{
	struct stream stream = stream_of(hub, subscriber);

	if (answer->stranger || (subscriber->placed && !stream_is_broken(&stream)))
		return;
	subscriber->told = find_place(subscriber, answer, with_list);
	subscriber->placed = true;
	for (struct session *session = subscriber->sessions; session; session = session->next)
		if (session->want == WANT_NOTHING && session->seq < subscriber->told.seq)
			session->want = WANT_UPDATE;
}

void serve_update_instead(struct subscriber *subscriber)
{
	backlog_free(subscriber);
	subscriber->placed = false;
	for (struct session *session = subscriber->sessions; session; session = session->next) {
		if (session->want == WANT_NOTHING)
			session->want = WANT_UPDATE;
		if (session->resume)
			resume_give_up(session->resume);
	}
}

static void send_next(struct hub *hub, struct subscriber *subscriber, enum stream_message message,
	const struct change *created, struct slice changes)
{
	struct counts counts = position_counts(&subscriber->told);

	if (message == STREAM_CREATED) {
		delivery_send_created(hub, subscriber, created);
		return;
	}
	message_begin(&hub->message);
	message_update(&hub->message, &counts, changes, buffer_slice(&hub->latest), false);
	delivery_send(hub, subscriber, counts.seq);
}

/*
 * Tells those who keep up what came while the store was asked: what was created, and all else as
 * far as the answer reaches.
 */
static void tell_waiting(struct hub *hub, struct subscriber *subscriber,
	const struct counts *counts, bool with_list)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	struct stream stream = stream_of(hub, subscriber);
	uint64_t upto = with_list ? counts->seq : 0;
	enum stream_message message;
	struct change change;

	stream.known = counts;
	while ((message = stream_take(&stream, upto, &changes, &change)) != STREAM_NOTHING) {
		subscriber->told = stream.at;
		send_next(hub, subscriber, message, &change, buffer_slice(&changes));
		buffer_clear(&changes);
	}
	if (buffer_status(&changes) < 0)
		serve_update_instead(subscriber);
	else
		backlog_consume(subscriber, &stream.records);
}

/*
 * Of one who is not known to the store it is not known either what a change changes: whoever
 * may have missed one gets an update.
 */
static void update_stranger(struct hub *hub, struct subscriber *subscriber,
	const struct inbox_answer *answer)
{
	bool more = subscriber->backlog || hub->broadcasts.newest > answer->broadcasts;

	backlog_free(subscriber);
	for (struct session *session = subscriber->sessions; session; session = session->next)
		if (session->want == WANT_NOTHING && (more || session->seq != answer->counts.seq))
			session->want = WANT_UPDATE;
}

void serve_revoked(struct hub *hub, struct subscriber *subscriber, int64_t valid_from)
{
	for (struct session *session = subscriber->sessions, *next; session; session = next) {
		next = session->next;
		if (session->issued < valid_from)
			hub_refuse_token(hub, session, TOKEN_REVOKED);
	}
}

void serve_answer(struct hub *hub, struct subscriber *subscriber, struct inbox_answer *answer,
	bool with_list)
{
	struct uuid last;

	subscriber->tokens_valid_from = (uint32_t)answer->tokens_valid_from;
	serve_revoked(hub, subscriber, answer->tokens_valid_from);
	buffer_clear(&hub->latest);
	message_add_notifications(&hub->latest, answer, SIZE_MAX, &last);
	place(hub, subscriber, answer, with_list);
	serve_all(hub, subscriber, &answer->counts, with_list);
	if (subscriber->placed)
		tell_waiting(hub, subscriber, &answer->counts, with_list);
	else
		update_stranger(hub, subscriber, answer);
	serve_counts(hub, subscriber, &answer->counts);
}
