/* The crowd, see crowd.h: one inbox a connection, and one epoll set for all. */
#include "tests/bench/crowd.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
	EVENTS = 64,
	PATIENCE_MS = 60000, /* a store that says nothing for so long has failed */
};

struct member {
	struct crowd *crowd;
	struct inbox *inbox;
	unsigned under_way;
	uint32_t events; /* what the crowd waits for */
};

struct crowd {
	int epoll_fd;
	unsigned window;
	const struct crowd_plan *plan;
	bool over;   /* the plan has no more */
	int failure; /* the first */
	unsigned under_way;
	uint64_t answered;
	size_t count;
	struct member members[];
};

static void on_answer(void *context, int result, struct inbox_answer *answer);

static void crowd_fail(struct crowd *crowd, int r)
{
	if (crowd->failure == 0)
		crowd->failure = r;
	crowd->over = true;
}

/* Queues requests until the member's window is full. */
static void member_submit(struct member *member)
{
	struct crowd *crowd = member->crowd;

	while (!crowd->over && member->under_way < crowd->window) {
		const struct inbox_request *request = crowd->plan->next(crowd->plan->context);
		int r = 0;

		if (!request)
			crowd->over = true;
		else
			r = inbox_submit(member->inbox, request, on_answer, member);
		if (r < 0)
			crowd_fail(crowd, r);
		if (crowd->over)
			return;
		member->under_way++;
		crowd->under_way++;
	}
}

static void on_answer(void *context, int result, struct inbox_answer *answer)
{
	struct member *member = context;
	struct crowd *crowd = member->crowd;

	member->under_way--;
	crowd->under_way--;
	if (result != 0) {
		crowd_fail(crowd, result < 0 ? result : -EPROTO);
		return;
	}
	crowd->answered++;
	if (crowd->plan->answered)
		crowd->plan->answered(crowd->plan->context, answer);
	member_submit(member);
}

/* Sends and receives what there is, and waits for what comes next. */
static int member_dispatch(struct member *member, int how)
{
	struct epoll_event event = { .data.ptr = member };
	int r = inbox_dispatch(member->inbox);

	if (r < 0)
		return r;
	event.events = EPOLLIN | (inbox_wants_write(member->inbox) ? EPOLLOUT : 0);
	if (event.events == member->events)
		return 0;
	member->events = event.events;
	r = epoll_ctl(member->crowd->epoll_fd, how, inbox_fd(member->inbox), &event);
	return r < 0 ? -errno : 0;
}

static int crowd_add_member(struct crowd *crowd, const struct config *config)
{
	struct member *member = &crowd->members[crowd->count];
	int r = inbox_new(config, &member->inbox);

	if (r < 0)
		return r;
	crowd->count++;
	member->crowd = crowd;
	return member_dispatch(member, EPOLL_CTL_ADD);
}

int crowd_new(const struct config *config, unsigned connections, unsigned window,
	struct crowd **ret_crowd)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	int r = 0;

	crowd = calloc(1, sizeof(*crowd) + connections * sizeof(crowd->members[0]));
	if (!crowd)
		return -ENOMEM;
	crowd->window = window;
	crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (crowd->epoll_fd < 0)
		return -errno;
	for (unsigned i = 0; r == 0 && i < connections; i++)
		r = crowd_add_member(crowd, config);
	if (r < 0)
		return r;
	*ret_crowd = take(crowd);
	return 0;
}

struct crowd *crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return NULL;
	crowd->over = true;
	for (size_t i = 0; i < crowd->count; i++)
		inbox_free(crowd->members[i].inbox);
	if (crowd->epoll_fd >= 0)
		close(crowd->epoll_fd);
	free(crowd);
	return NULL;
}

/* One turn of the loop: whoever was answered goes on. */
static int crowd_turn(struct crowd *crowd)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(crowd->epoll_fd, events, EVENTS, PATIENCE_MS);
	int r = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ETIMEDOUT;
	for (int i = 0; r == 0 && i < n; i++)
		r = member_dispatch(events[i].data.ptr, EPOLL_CTL_MOD);
	return r;
}

int crowd_run(struct crowd *crowd, const struct crowd_plan *plan, uint64_t *ret_answered)
{
	int r = 0;

	crowd->plan = plan;
	crowd->over = false;
	crowd->failure = 0;
	crowd->answered = 0;
	for (size_t i = 0; r == 0 && i < crowd->count; i++) {
		member_submit(&crowd->members[i]);
		r = member_dispatch(&crowd->members[i], EPOLL_CTL_MOD);
	}
	while (r == 0 && crowd->failure == 0 && crowd->under_way > 0)
		r = crowd_turn(crowd);
	if (ret_answered)
		*ret_answered = crowd->answered;
	return crowd->failure < 0 ? crowd->failure : r;
}
