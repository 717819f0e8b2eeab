/*
 * Asking the store, see catchup.h; what is done with its answers stands in serve.c.
 *
 * What the store is asked depends on who waits: a count is enough for a session
 * that just joined; an update needs the newest notifications as well. Answers come
 * in about the order of the requests: one that makes the user known to the store waits for the
 * disk, and others overtake it.
 *
 * A broadcast change that only the store knows the counts of has it asked about every
 * connected user: QUESTIONS_MAX at a time, so that memory does not grow with the users.
 */
#include "pushd/catchup.h"

#include "pushd/backlog.h"
#include "pushd/resume.h"
#include "pushd/serve.h"

#include <errno.h>

enum {
	LATEST = 5,	     /* notifications in an update */
	QUESTIONS_MAX = 256, /* under way, for a round to go on */
};

/* A question under way; the answer is about one subscriber. */
struct question {
	struct hub *hub;
	struct subscriber *subscriber;
	uint32_t issued; /* the newest token of the sessions that there were */
	bool with_list;
};

/* ---- questions ---- */

enum need { NEED_NOTHING, NEED_COUNT, NEED_LIST };

/* A broadcast has changed what this user's sessions were last told, and they were not told. */
static bool is_behind(const struct hub *hub, const struct subscriber *subscriber)
{
	return subscriber->placed && subscriber->told.broadcasts < hub->broadcasts.newest;
}

static enum need session_needs(const struct session *session, bool behind)
{
	if (session->conflated)
		return NEED_NOTHING; /* its queue must be empty first */
	if (behind || session->want > WANT_GREETING || session->resume)
		return NEED_LIST;
	return session->want != WANT_NOTHING || session->wants_count ? NEED_COUNT : NEED_NOTHING;
}

static enum need needs(const struct hub *hub, const struct subscriber *subscriber)
{
	enum need most = subscriber->backlog ? NEED_LIST : NEED_NOTHING;
	bool behind = is_behind(hub, subscriber);

	for (const struct session *session = subscriber->sessions; session;
		session = session->next) {
		enum need need = session_needs(session, behind);

		most = need > most ? need : most;
	}
	return most;
}

static bool somebody_joins(const struct subscriber *subscriber)
{
	for (const struct session *session = subscriber->sessions; session; session = session->next)
		if (session->want == WANT_GREETING)
			return true;
	return false;
}

static uint32_t newest_token(const struct subscriber *subscriber)
{
	uint32_t issued = 0;

	for (const struct session *session = subscriber->sessions; session; session = session->next)
		issued = session->issued > issued ? session->issued : issued;
	return issued;
}

static inbox_answered on_snapshot;

/*
 * Who joins asks in the user's name, which makes the user known to the store, so that
 * broadcasts are for this user from then on.
 */
static int ask_snapshot(struct hub *hub, struct subscriber *subscriber, bool with_list)
{
	struct question *question = malloc(sizeof(*question));
	struct inbox_request request = {
		.operation = with_list ? INBOX_LIST : INBOX_COUNT,
		.user = subscriber_name(subscriber),
		.query = { .limit = LATEST, .type = INBOX_ANY_TYPE },
	};
	int r;

	if (!question)
		return -ENOMEM;
	*question = (struct question){ hub, subscriber, newest_token(subscriber), with_list };
	if (!subscriber->placed || somebody_joins(subscriber))
		request.caller = (struct inbox_caller){ request.user, question->issued };
	r = inbox_submit(hub->inbox, &request, on_snapshot, question);
	if (r < 0) {
		free(question);
		return r;
	}
	subscriber->asking = true;
	hub->round.questions++;
	return 0;
}

/* Gives up on all sessions that wait for an answer about this user: they come back. */
static void fail_waiting(struct hub *hub, struct subscriber *subscriber)
{
	while (subscriber->sessions)
		hub_close(hub, subscriber->sessions, WEBSOCKET_TRY_AGAIN,
			"the store cannot be read");
}

void catchup_ask(struct hub *hub, struct subscriber *subscriber)
{
	enum need need = subscriber->asking ? NEED_NOTHING : needs(hub, subscriber);

	if (need == NEED_NOTHING)
		return;
	for (struct session *session = subscriber->sessions; session; session = session->next)
		if (session->resume)
			resume_ask(hub, session);
	if (ask_snapshot(hub, subscriber, need == NEED_LIST) < 0)
		fail_waiting(hub, subscriber);
}

/* Asks about the users of further sessions, as many as may be asked about at a time. */
static void go_on(struct hub *hub)
{
	struct catchup_round *round = &hub->round;

	while (round->walking && round->questions < QUESTIONS_MAX) {
		struct session *session = clients_next(&hub->clients, &round->at);

		if (session && session->state == SESSION_LIVE)
			catchup_ask(hub, session->subscriber);
		if (session)
			continue;
		round->walking = round->again;
		round->again = false;
		round->at = 0;
	}
}

void catchup_begin_round(struct hub *hub)
{
	hub->round.again = hub->round.walking;
	hub->round.walking = true;
	go_on(hub);
}

void catchup_forget(struct subscriber *subscriber)
{
	backlog_free(subscriber);
	subscriber->placed = false;
	subscriber->outdated = subscriber->asking;
}

/* ---- answers ---- */

/* What a client has missed must be here before what is later. */
static bool awaits_missed(const struct subscriber *subscriber)
{
	for (const struct session *session = subscriber->sessions; session; session = session->next)
		if (session->resume && resume_is_asked(session->resume))
			return true;
	return false;
}

/* The store has begun a new life, of which clients are not told yet. */
static bool is_of_other_life(const struct hub *hub)
{
	return strcmp(inbox_greeting(hub->inbox)->epoch, hub->epoch) != 0;
}

/* Whether something must be known first. */
static bool is_too_early(const struct question *question)
{
	return is_of_other_life(question->hub) || awaits_missed(question->subscriber);
}

/* Unless it is used, the answer must be asked for again. */
static void take_answer(struct question *question, int result, struct inbox_answer *answer)
{
	struct subscriber *subscriber = question->subscriber;
	bool outdated = subscriber->outdated;

	subscriber->outdated = false;
	if (outdated || (result == 0 && is_too_early(question)))
		return;
	if (result == INBOX_REVOKED)
		serve_revoked(question->hub, subscriber, (int64_t)question->issued + 1);
	else if (result != 0)
		fail_waiting(question->hub, subscriber);
	else if (subscriber->overflow)
		serve_update_instead(subscriber);
	else
		serve_answer(question->hub, subscriber, answer, question->with_list);
}

static void on_snapshot(void *context, int result, struct inbox_answer *answer)
{
	_cleanup_(freeing_memory) struct question *question = context;
	struct subscriber *subscriber = question->subscriber;
	struct hub *hub = question->hub;

	hub->round.questions--;
	subscriber->asking = false;
	subscriber->in_use = true;
	if (result != -ECANCELED)
		take_answer(question, result, answer);
	if (!subscriber->sessions)
		backlog_free(subscriber);
	if (result != -ECANCELED)
		catchup_ask(hub, subscriber);
	subscriber->in_use = false;
	registry_drop(&hub->registry, subscriber);
	if (result != -ECANCELED)
		go_on(hub);
}
