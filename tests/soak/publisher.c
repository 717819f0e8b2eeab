/* The load, see publisher.h. */
#include "tests/soak/publisher.h"

#include "tests/crash/chance.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
	BATCH_MAX = 20, /* notifications */
	STRANGERS = 40, /* users who are never there */
	NAME = 16,
};

static const char content[] =
	"\"title\":\"The nightly build is done\","
	"\"message\":\"Build 4711 of the main branch took 12 minutes; all 2345 tests passed.\"";

/* A request under way; the user is TRUTH_USERS where there is none. */
struct errand {
	struct publisher *publisher;
	enum inbox_operation operation;
	unsigned user, count;
	bool asks; /* for the counts, to compare all with */
};

static void keep(struct publisher *publisher, unsigned user, const struct uuid *id)
{
	size_t at = publisher->kept_count++ % PUBLISHER_KEPT;

	publisher->kept[at].user = user;
	publisher->kept[at].id = *id;
}

static void take_answer(const struct errand *errand, const struct inbox_answer *answer)
{
	struct publisher *publisher = errand->publisher;
	struct soak *soak = publisher->soak;

	if (errand->operation == INBOX_CREATE || errand->operation == INBOX_BROADCAST)
		soak->tally.made += errand->count;
	if (errand->operation == INBOX_CREATE && errand->user < TRUTH_USERS)
		keep(publisher, errand->user, &answer->next);
	if (errand->operation == INBOX_BROADCAST)
		publisher->broadcasts[(publisher->first + publisher->live++) % PUBLISHER_LIVE] =
			answer->next;
	if (errand->operation == INBOX_CREATE || errand->user >= TRUTH_USERS)
		return; /* no counts of one user */
	truth_note(&soak->truth, errand->user, &answer->counts);
	if (errand->asks) {
		soak->truth.store[errand->user] = answer->counts;
		soak->truth.known[errand->user] = true;
	}
}

static void on_answer(void *context, int result, struct inbox_answer *answer)
{
	_cleanup_(freeing_memory) struct errand *errand = context;
	struct soak *soak = errand->publisher->soak;

	errand->publisher->under_way--;
	soak->tally.requests++;
	if (result == 0)
		take_answer(errand, answer);
	else if (result == INBOX_BUSY)
		soak->tally.busy++;
	else if (result != INBOX_NOT_FOUND && result != -ECANCELED)
		soak_blame(soak, &soak->tally.failed, "the store answers %d to operation %d",
			result, (int)errand->operation);
}

static int submit(struct publisher *publisher, const struct inbox_request *request,
	struct errand errand)
{
	struct errand *kept = malloc(sizeof(*kept));
	int r;

	if (!kept)
		return -ENOMEM;
	*kept = errand;
	kept->publisher = publisher;
	kept->operation = request->operation;
	r = inbox_submit(publisher->inbox, request, on_answer, kept);
	if (r < 0) {
		free(kept);
		return r;
	}
	publisher->under_way++;
	return 0;
}

/* ---- what is asked for ---- */

static int create(struct publisher *publisher)
{
	unsigned count = by_chance(1, 20) ? 2 + pick(BATCH_MAX - 1) : 1;
	struct draft drafts[BATCH_MAX];
	struct inbox_request request = { .operation = INBOX_CREATE, .drafts = drafts };
	char names[BATCH_MAX][NAME];
	unsigned user = 0;

	for (unsigned i = 0; i < count; i++) {
		user = pick(TRUTH_USERS + STRANGERS);
		drafts[i] = (struct draft){
			.user = slice_of(truth_name(user, names[i])),
			.type = NOTIFICATION_INFO,
			.content = SLICE(content),
		};
	}
	request.draft_count = count;
	return submit(publisher, &request,
		(struct errand){ .user = count == 1 ? user : TRUTH_USERS, .count = count });
}

static int broadcast(struct publisher *publisher)
{
	struct draft draft = { .type = NOTIFICATION_WARNING, .content = SLICE(content) };
	struct inbox_request request = { .operation = INBOX_BROADCAST,
		.drafts = &draft,
		.draft_count = 1 };
	struct errand errand = { .user = TRUTH_USERS, .count = 1 };

	if (publisher->live < PUBLISHER_LIVE / 2)
		return submit(publisher, &request, errand);
	request = (struct inbox_request){
		.operation = INBOX_WITHDRAW_BROADCAST,
		.id = publisher->broadcasts[publisher->first],
	};
	publisher->first = (publisher->first + 1) % PUBLISHER_LIVE;
	publisher->live--;
	return submit(publisher, &request, errand);
}

/* Something that one user does, with a notification that was made a while ago or with all. */
static int change(struct publisher *publisher)
{
	static const enum inbox_operation operations[] = { INBOX_MARK_READ, INBOX_MARK_READ,
		INBOX_MARK_READ, INBOX_MARK_UNREAD, INBOX_DELETE, INBOX_WITHDRAW, INBOX_SEEN,
		INBOX_READ_ALL, INBOX_DELETE_READ };
	struct inbox_request request = { .operation = operations[pick(ARRAY_LENGTH(operations))] };
	size_t known =
		publisher->kept_count < PUBLISHER_KEPT ? publisher->kept_count : PUBLISHER_KEPT;
	char name[NAME];
	size_t at;

	if (known == 0)
		return create(publisher);
	at = pick((unsigned)known);
	request.user = slice_of(truth_name(publisher->kept[at].user, name));
	request.id = publisher->kept[at].id;
	return submit(publisher, &request, (struct errand){ .user = publisher->kept[at].user });
}

static int submit_one(struct publisher *publisher)
{
	unsigned chance = pick(1000);

	if (chance < 10)
		return broadcast(publisher);
	return chance < 250 ? change(publisher) : create(publisher);
}

int publisher_ask_counts(struct publisher *publisher)
{
	char name[NAME];
	int r = 0;

	for (unsigned user = 0; r == 0 && user < TRUTH_USERS; user++) {
		struct inbox_request request = {
			.operation = INBOX_COUNT,
			.user = slice_of(truth_name(user, name)),
		};

		request.caller.name = request.user; /* so that broadcasts are for them */
		publisher->soak->truth.known[user] = false;
		r = submit(publisher, &request, (struct errand){ .user = user, .asks = true });
	}
	return r;
}

/* ---- the connection ---- */

static int dispatch(struct publisher *publisher)
{
	struct soak *soak = publisher->soak;
	uint32_t events;
	int r = inbox_dispatch(publisher->inbox);
	int fd = inbox_fd(publisher->inbox);

	if (r < 0)
		return r;
	events = EPOLLIN | (inbox_wants_write(publisher->inbox) ? EPOLLOUT : 0);
	if (fd == publisher->watched_fd)
		return soak_rewatch(soak, &publisher->watched, fd, events);
	publisher->watched_fd = fd;
	return soak_watch(soak, &publisher->watched, fd, events);
}

static void on_event(struct watched *watched, uint32_t events)
{
	struct publisher *publisher = (struct publisher *)watched;
	int r = dispatch(publisher);

	(void)events;
	if (r < 0)
		soak_blame(publisher->soak, &publisher->soak->tally.failed, "the store: %s",
			strerror(-r));
}

int publisher_act(struct publisher *publisher)
{
	int r = 0;

	while (r == 0 && !publisher->soak->calm && publisher->under_way < publisher->pace)
		r = submit_one(publisher);
	return r < 0 ? r : dispatch(publisher);
}

int publisher_init(struct publisher *publisher, struct soak *soak)
{
	*publisher = (struct publisher){
		.watched.event = on_event,
		.soak = soak,
		.watched_fd = -1,
		.pace = PUBLISHER_WINDOW,
	};
	return inbox_new(soak->site.config, &publisher->inbox);
}

void publisher_release(struct publisher *publisher)
{
	inbox_free(publisher->inbox);
}
