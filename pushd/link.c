/*
 * The link to the store, see link.h. A post source runs after every event: so all
 * requests that one round of the loop has caused leave in one send().
 */
#include "pushd/link.h"

#include "lib/log.h"

#include <errno.h>
#include <sys/epoll.h>

enum { RETRY_FIRST_USEC = 20 * 1000, RETRY_MAX_USEC = 1000 * 1000 };

struct link {
	sd_event *event;
	struct inbox *inbox;
	link_greeted *greeted;
	link_prepare *prepare;
	void *context;
	sd_event_source *socket; /* NULL without a connection */
	sd_event_source *post, *retry;
	uint64_t delay; /* before the next try */
	bool greeting_told;
	int complained; /* of this error, and of nothing since */
};

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *context);

/* Of a connection that is no more. */
static void link_forget(struct link *link)
{
	link->socket = sd_event_source_unref(link->socket);
	link->greeting_told = false;
}

/* Says once what is wrong; and once more if it turns out to be what only a person can mend. */
static void link_complain(struct link *link, int error)
{
	if (error == -EACCES && link->complained != error)
		log_event(LOG_LEVEL_ERROR, LOG_PERMISSION, NULL,
			"the store does not let this program's user in: it must be root, of the "
			"store's own user, of the group tidings, or one of api-users; trying "
			"again");
	else if (link->complained == 0)
		log_event(LOG_LEVEL_WARNING, LOG_STORE_AWAY, NULL,
			"no connection to the store: %s; trying again", strerror(-error));
	else
		return;
	link->complained = error;
}

/* The connection is gone, or could not be made: tries again later. */
static int link_lost(struct link *link, int error)
{
	int r;

	link_forget(link);
	link_complain(link, error);
	r = sd_event_source_set_time_relative(link->retry, link->delay);
	if (r >= 0)
		r = sd_event_source_set_enabled(link->retry, SD_EVENT_ONESHOT);
	link->delay = link->delay * 2 < RETRY_MAX_USEC ? link->delay * 2 : RETRY_MAX_USEC;
	return r;
}

/* Waits for what the inbox waits for. */
static int link_watch(struct link *link)
{
	uint32_t events = EPOLLIN | (inbox_wants_write(link->inbox) ? EPOLLOUT : 0);

	if (link->socket)
		return sd_event_source_set_io_events(link->socket, events);
	return sd_event_add_io(link->event, &link->socket, inbox_fd(link->inbox), events, on_socket,
		link);
}

/* Tells of a greeting once a connection. */
static void link_tell(struct link *link)
{
	if (link->greeting_told || !inbox_greeted(link->inbox))
		return;
	if (link->complained)
		log_event(LOG_LEVEL_INFO, LOG_STORE_BACK, NULL, "connected to the store");
	link->greeting_told = true;
	link->complained = 0;
	link->delay = RETRY_FIRST_USEC;
	link->greeted(link->context, inbox_greeting(link->inbox));
}

static int link_run(struct link *link)
{
	int r = link->prepare(link->context);

	if (r < 0)
		return sd_event_exit(link->event, r);
	if (inbox_fd(link->inbox) < 0)
		link_forget(link);
	r = inbox_dispatch(link->inbox);
	if (r < 0)
		return link_lost(link, r);
	link_tell(link);
	return link_watch(link);
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source;
	(void)fd;
	(void)revents;
	return link_run(context);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	return link_run(context);
}

static int on_post(sd_event_source *source, void *context)
{
	struct link *link = context;

	(void)source;
	if (!link->socket || (inbox_fd(link->inbox) >= 0 && !inbox_wants_write(link->inbox)))
		return 0;
	return link_run(link);
}

struct link *link_free(struct link *link)
{
	if (!link)
		return NULL;
	sd_event_source_unref(link->socket);
	sd_event_source_unref(link->post);
	sd_event_source_unref(link->retry);
	free(link);
	return NULL;
}

int link_new(sd_event *event, struct inbox *inbox, link_greeted *greeted, link_prepare *prepare,
	void *context, struct link **ret_link)
{
	struct link *link = calloc(1, sizeof(*link));
	int r;

	if (!link)
		return -ENOMEM;
	*link = (struct link){
		.event = event,
		.inbox = inbox,
		.greeted = greeted,
		.prepare = prepare,
		.context = context,
		.delay = RETRY_FIRST_USEC,
	};
	r = sd_event_add_time_relative(event, &link->retry, CLOCK_MONOTONIC, 0, 0, on_retry, link);
	if (r >= 0)
		r = sd_event_add_post(event, &link->post, on_post, link);
	if (r < 0) {
		link_free(link);
		return r;
	}
	*ret_link = link;
	return 0;
}
