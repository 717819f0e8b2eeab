/*
 * Following the store, see follow.h.
 *
 * The log is read a slice of time at once, and then all others have their turn: a store that
 * writes more than we can tell makes us late, but no client waits for a pong or for its
 * greeting. So an answer may be ahead of the feed: those whom it serves skip what comes later.
 *
 * To be told to fetch anew costs a question for each user. However often the log is lost,
 * that is done at growing distances.
 */
#include "pushd/follow.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "pushd/delivery.h"
#include "pushd/link.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
	SLICE_USEC = 5000,	      /* of reading the log, until others have their turn */
	CATCH_UP_USEC = 2000000,      /* the same when nothing else is of importance */
	RETRY_FIRST_USEC = 100000,    /* doubled each time … */
	RETRIES_MAX = 5,	      /* … so often that it takes three seconds */
	DISTANCE_MIN_USEC = 1000000,  /* between two losses, doubled each time … */
	DISTANCE_MAX_USEC = 60000000, /* … up to this; after so long a time it begins anew */
	TICK_USEC = 1000000,
};

struct follow {
	struct hub *hub;
	struct link *link;
	sd_event_source *wake;	/* there is more of the log */
	sd_event_source *later; /* what is put off */
	sd_event_source *tick;
	bool begun;		   /* the feed has a position */
	bool resting;		   /* it is not read before `later` */
	unsigned failures;	   /* in a row */
	int64_t lost;		   /* when it last was: usec, 0 = never */
	int64_t distance;	   /* to the next time, at least: usec */
	struct feed_position seen; /* where the feed stood at the last tick */
};

static int put_off(struct follow *follow, int64_t usec)
{
	int r = sd_event_source_set_time_relative(follow->later, (uint64_t)usec);

	return r < 0 ? r : sd_event_source_set_enabled(follow->later, SD_EVENT_ONESHOT);
}

/* ---- when the log cannot be read ---- */

/* How long to wait, so that clients are not told to fetch anew all the time. */
static int64_t take_distance(struct follow *follow)
{
	int64_t now = clock_us(), since = now - follow->lost, wait = 0;

	if (follow->lost == 0 || since > DISTANCE_MAX_USEC + follow->distance) {
		follow->distance = DISTANCE_MIN_USEC;
	} else {
		wait = since < follow->distance ? follow->distance - since : 0;
		if (follow->distance < DISTANCE_MAX_USEC)
			follow->distance *= 2;
	}
	follow->lost = now + wait;
	return wait;
}

/* Changes are lost to us. The store's next greeting tells where its log ends. */
static int begin_anew(struct follow *follow)
{
	int64_t wait = take_distance(follow);

	follow->begun = false;
	if (wait > 0)
		return put_off(follow, wait);
	inbox_disconnect(follow->hub->inbox);
	return 0;
}

static int give_up(struct follow *follow, int error)
{
	if (error == FEED_LOST)
		log_event(LOG_LEVEL_WARNING, LOG_FEED_LOST, NULL,
			"changes in the log were removed or damaged before they were read: "
			"every client is told to fetch anew");
	else
		log_event(LOG_LEVEL_ERROR, LOG_FEED_LOST, NULL,
			"the log cannot be read: %s; every client is told to fetch anew",
			strerror(-error));
	return begin_anew(follow);
}

/* Changes wait in the log, and so do clients, for as short a time as they will not notice. */
static int try_later(struct follow *follow, int error)
{
	int64_t delay = (int64_t)RETRY_FIRST_USEC << follow->failures;

	if (follow->failures++ == 0)
		log_event(LOG_LEVEL_WARNING, LOG_FEED_UNREADABLE, NULL,
			"the log cannot be read: %s; trying again", strerror(-error));
	follow->resting = true;
	return put_off(follow, delay);
}

/* ---- reading ---- */

/* Reads the feed to its end, or for so long. */
static int pump_for(struct follow *follow, int64_t usec)
{
	int r;

	if (!follow->begun || follow->resting)
		return 0;
	r = delivery_pump(follow->hub, usec);
	if (r == FEED_LOST || r == -EPROTONOSUPPORT || (r < 0 && follow->failures >= RETRIES_MAX))
		return give_up(follow, r);
	if (r < 0)
		return try_later(follow, r);
	if (take(follow->failures) > 0)
		log_event(LOG_LEVEL_INFO, LOG_FEED_READABLE, NULL, "the log can be read again");
	return r == DELIVERY_MORE ? put_off(follow, 0) : 0;
}

/* The same for as long as others can wait. */
static int pump(void *context)
{
	return pump_for(context, SLICE_USEC);
}

int follow_catch_up(struct follow *follow)
{
	return pump_for(follow, CATCH_UP_USEC);
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct follow *follow = context;
	int r;

	(void)fd;
	(void)revents;
	hub_read_clock(follow->hub);
	r = feed_drain(follow->hub->feed);
	if (r >= 0)
		r = pump(follow);
	hub_bury(follow->hub);
	return r < 0 ? sd_event_exit(sd_event_source_get_event(source), r) : 0;
}

static int on_later(sd_event_source *source, uint64_t usec, void *context)
{
	struct follow *follow = context;
	int r = 0;

	(void)usec;
	hub_read_clock(follow->hub);
	follow->resting = false;
	if (follow->begun)
		r = pump(follow);
	else
		inbox_disconnect(follow->hub->inbox);
	hub_bury(follow->hub);
	return r < 0 ? sd_event_exit(sd_event_source_get_event(source), r) : 0;
}

static bool is_same_place(struct feed_position a, struct feed_position b)
{
	return a.file == b.file && a.offset == b.offset;
}

/*
 * Every second: finds what no event tells of, as a record of the log that is damaged while
 * others follow it.
 */
static int on_tick(sd_event_source *source, uint64_t usec, void *context)
{
	struct follow *follow = context;
	struct feed *feed = follow->hub->feed;
	struct feed_position at = feed_position(feed);
	int r = 0;

	(void)usec;
	if (follow->begun && is_same_place(at, follow->seen))
		feed_inspect(feed);
	follow->seen = at;
	hub_read_clock(follow->hub);
	r = pump(follow);
	hub_bury(follow->hub);
	if (r >= 0)
		r = sd_event_source_set_time_relative(source, TICK_USEC);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- the store ---- */

bool follow_has_begun(const struct follow *follow)
{
	return follow->begun;
}

void follow_begin(struct follow *follow, struct feed_position position)
{
	feed_begin(follow->hub->feed, position);
	follow->begun = true;
	follow->resting = false;
}

/* Goes on from the end of the log that the store told of; a resync makes up for what was between. */
static void on_greeting(void *context, const struct inbox_greeting *greeting)
{
	struct follow *follow = context;
	struct hub *hub = follow->hub;
	bool first = !follow->begun;
	bool other_life = strcmp(hub->epoch, greeting->epoch) != 0;
	bool nothing_told = !*hub->epoch; /* no client has been told anything yet */

	memcpy(hub->epoch, greeting->epoch, sizeof(hub->epoch));
	if (!first && !other_life)
		return;
	follow_begin(follow, (struct feed_position){ greeting->log_file, greeting->log_offset });
	if (nothing_told)
		return;
	if (other_life)
		log_event(LOG_LEVEL_WARNING, LOG_EPOCH_BEGUN, NULL,
			"the store has begun a new epoch: every client is told to fetch anew");
	hub->statistics.resyncs[other_life ? RESYNC_NEW_EPOCH : RESYNC_FEED_LOST]++;
	delivery_resync(hub);
}

/* ---- the whole ---- */

struct follow *follow_free(struct follow *follow)
{
	if (!follow)
		return NULL;
	link_free(follow->link);
	sd_event_source_unref(follow->wake);
	sd_event_source_unref(follow->later);
	sd_event_source_unref(follow->tick);
	free(follow);
	return NULL;
}

int follow_new(struct hub *hub, sd_event *event, struct follow **ret_follow)
{
	_cleanup_(freeing_follow_free) struct follow *follow = calloc(1, sizeof(*follow));
	int r;

	if (!follow)
		return -ENOMEM;
	follow->hub = hub;
	r = sd_event_add_io(event, &follow->wake, feed_fd(hub->feed), EPOLLIN, on_wake, follow);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &follow->later, CLOCK_MONOTONIC, 0, 1,
			on_later, follow);
	if (r >= 0)
		r = sd_event_source_set_enabled(follow->later, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &follow->tick, CLOCK_MONOTONIC, TICK_USEC, 0,
			on_tick, follow);
	if (r >= 0)
		r = link_new(event, hub->inbox, on_greeting, pump, follow, &follow->link);
	if (r < 0)
		return r;
	*ret_follow = take(follow);
	return 0;
}
