/*
 * tidings-away as one loop, see away.h.
 *
 * Each round reads what has become due from the log, takes up users, saves what has changed,
 * and only then sends couriers. A round is made when the log grows, when somebody is due, when
 * a courier comes back, and otherwise every few seconds, for clocks can be set.
 *
 * The store and the push daemon are asked one question after the other, and waited for: there
 * is nothing else to be done meanwhile, and it keeps what follows from the answers together.
 *
 * Memory is for AGENDA_MAX users; when they are as many, no more of the log is read until some
 * of them are done with.
 */
#include "away/away.h"

#include "away/desk.h"
#include "away/reader.h"
#include "away/state.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/startup.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

enum {
	CHANGES_MAX = 1000,    /* of the log in one round, and the rest of a request */
	ROUND_MAX_MS = 5000,   /* between two rounds */
	PAUSE_MS = 1000,       /* after something went wrong */
	GATHER_MAX_MS = 60000, /* to wait for what becomes due of the same user */
	STOP_MS = 10000,       /* that couriers under way have in the end */
};

struct away {
	const struct config *config;
	sd_event *event;
	sd_event_source *log, *timer;
	struct inbox *inbox;
	struct reader *reader;
	struct agenda agenda;
	struct state *state;
	struct progress progress;
	struct uuid newest; /* taken from the log; what is in the progress may lag behind */
	struct desk *desk;
	int64_t log_due; /* when the log is read next */
	int64_t stop;	 /* when to end at the latest; 0 = it goes on */
	bool complained_log, complained_state;
	struct level_reload level;
};

/* ---- from the log to the agenda ---- */

/* Finds the lowest and the highest of these identifiers that are above `seen`; false: none is. */
static bool find_news(const struct uuid *seen, struct slice ids, struct uuid *ret_lowest,
	struct uuid *ret_highest)
{
	struct uuid id;
	bool found = false;

	for (size_t len; ids.len > 0; ids.data += len, ids.len -= len) {
		const char *comma = memchr(ids.data, ',', ids.len);

		len = comma ? (size_t)(comma - ids.data) : ids.len;
		if (uuid_parse((struct slice){ ids.data, len }, &id) == 0 &&
			uuid_compare(&id, seen) > 0) {
			if (!found || uuid_compare(&id, ret_lowest) < 0)
				*ret_lowest = id;
			if (!found || uuid_compare(&id, ret_highest) > 0)
				*ret_highest = id;
			found = true;
		}
		len += comma ? 1 : 0;
	}
	return found;
}

static void raise_to(struct uuid *uuid, const struct uuid *to)
{
	if (uuid_compare(to, uuid) > 0)
		*uuid = *to;
}

/* Short enough for who has to wait, and long enough for what belongs together. */
static int64_t gather_ms(const struct away *away)
{
	int64_t quarter = (int64_t)away->config->away.after * 1000 / 4;

	return quarter < GATHER_MAX_MS ? quarter : GATHER_MAX_MS;
}

static int take_change(struct away *away, const struct change *change, int64_t now)
{
	struct uuid lowest, highest;
	struct waiting *waiting;
	int r;

	if (change->kind != CHANGE_CREATED ||
		change->time < now - (int64_t)away->config->away.max_age * 1000 ||
		!find_news(&away->progress.seen, change->ids, &lowest, &highest))
		return 0;
	r = agenda_get(&away->agenda, change->user, now + gather_ms(away), &waiting);
	if (r < 0)
		return r;
	if (waiting_is_empty(waiting))
		raise_to(&waiting->from, &lowest); /* what it has had it does not get again */
	raise_to(&waiting->upto, &highest);
	raise_to(&away->newest, &highest);
	agenda_touch(&away->agenda, waiting);
	return 0;
}

static void begin_reading(struct away *away)
{
	bool again = reader_has_begun(away->reader);
	int r;

	if (again)
		log_event(LOG_LEVEL_WARNING, LOG_FEED_LOST, NULL,
			"changes in the log were removed or damaged before they were read: "
			"some notifications may not be handed over");
	r = reader_begin(away->reader, away->progress.file);
	if (r < 0 && !away->complained_log)
		log_event(LOG_LEVEL_WARNING, LOG_FEED_UNREADABLE, NULL,
			"the log cannot be read: %s; trying again", strerror(-r));
	away->complained_log = r < 0;
	if (r < 0 || again)
		away->log_due = timestamp_now() + PAUSE_MS;
}

/* What a reader's result means for when the log is read next. */
static void plan_reading(struct away *away, int r, int64_t now)
{
	switch (r) {
	case 0:
		away->log_due = now;
		break;
	case READER_LATER:
		away->log_due = reader_due(away->reader) + (int64_t)away->config->away.after * 1000;
		break;
	case READER_NOTHING:
		away->log_due = INT64_MAX;
		break;
	case READER_LOST:
		begin_reading(away);
		break;
	default:
		log_event(LOG_LEVEL_WARNING, LOG_FEED_UNREADABLE, NULL,
			"the log cannot be read: %s; trying again", strerror(-r));
		away->log_due = now + PAUSE_MS;
	}
}

/*
 * All changes of one request have one time, and the identifiers in them are in no order. So
 * only between two times is everything seen up to the newest of them.
 */
static void note_boundary(struct away *away)
{
	if (uuid_compare(&away->newest, &away->progress.seen) <= 0)
		return;
	away->progress.seen = away->newest;
	away->progress.changed = true;
}

/* Takes what was made up to this time. Returns what the reader returns, or -ENOMEM. */
static int take_changes(struct away *away, int64_t until, int64_t now)
{
	struct change change;
	int64_t time = 0;
	int r;

	for (unsigned i = 0; (r = reader_look(away->reader, until, &change)) == 0; i++) {
		if (change.time != time) {
			note_boundary(away);
			if (i >= CHANGES_MAX || away->agenda.users >= AGENDA_MAX)
				return 0;
		}
		time = change.time;
		r = take_change(away, &change, now);
		if (r < 0)
			return r;
		reader_step(away->reader);
	}
	if (r > 0)
		note_boundary(away);
	return r;
}

/* Returns 0, or -errno that ends the program. */
static int read_log(struct away *away, int64_t now)
{
	int r = take_changes(away, now - (int64_t)away->config->away.after * 1000, now);

	if (r == -ENOMEM)
		return r;
	plan_reading(away, r, now);
	if (away->progress.file != reader_file(away->reader)) {
		away->progress.file = reader_file(away->reader);
		away->progress.changed = true;
	}
	return 0;
}

/* ---- rounds ---- */

/* The identifiers of what was there before the first start are below this one. */
static void begin_first(struct away *away, int64_t now)
{
	static const uint8_t zeros[UUID_RANDOM_BYTES];

	if (away->progress.file == 0 && reader_has_begun(away->reader))
		away->progress.seen = uuid_of(now, zeros);
}

static bool save(struct away *away)
{
	int r = state_save(away->state, &away->agenda, &away->progress);

	if (r < 0 && !away->complained_state)
		log_event(LOG_LEVEL_ERROR, LOG_DELIVERIES_WAITING, NULL,
			"%s: the state cannot be saved: %s; nothing is handed over meanwhile",
			away->config->away.state, strerror(-r));
	if (r == 0 && away->complained_state)
		log_event(LOG_LEVEL_INFO, LOG_DELIVERIES_GO_ON, NULL,
			"the state can be saved again");
	away->complained_state = r < 0;
	return r == 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int plan(struct away *away)
{
	int64_t now = timestamp_now(), next = now + ROUND_MAX_MS, log_due = away->log_due;
	bool is_full = away->agenda.users >= AGENDA_MAX;
	int r;

	if (!is_full && !away->stop)
		next = earlier(next, log_due);
	if (!away->stop)
		next = earlier(next, desk_due(away->desk));
	else
		next = earlier(next, away->stop);
	if (away->complained_state && next < now + PAUSE_MS)
		next = now + PAUSE_MS;
	r = sd_event_source_set_enabled(away->log,
		log_due == INT64_MAX && !is_full ? SD_EVENT_ON : SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_time_relative(away->timer,
			next > now ? (uint64_t)(next - now) * 1000 : 0);
	return r < 0 ? r : sd_event_source_set_enabled(away->timer, SD_EVENT_ONESHOT);
}

/* What is to be done but for stopping. Returns 0, or -errno that ends the program. */
static int work(struct away *away)
{
	int64_t now = timestamp_now();
	int r = 0;

	if (!reader_has_begun(away->reader)) {
		begin_reading(away);
		begin_first(away, now);
	}
	if (reader_has_begun(away->reader) && (now >= away->log_due || away->log_due == INT64_MAX))
		r = read_log(away, now);
	if (r == 0)
		r = desk_take_up(away->desk, now);
	return r;
}

static int make_round(struct away *away)
{
	int r = away->stop ? 0 : work(away);

	log_settle();
	if (r < 0)
		return r;
	if (save(away))
		desk_send(away->desk);
	else
		desk_withdraw(away->desk);
	if (away->stop && (desk_couriers(away->desk) == 0 || timestamp_now() >= away->stop))
		return sd_event_exit(away->event, 0);
	return plan(away);
}

static int on_log(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source;
	(void)fd;
	(void)revents;
	return make_round(context);
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	return make_round(context);
}

/* Not at once: the courier that calls is not quite gone. */
static void on_courier(void *context)
{
	struct away *away = context;

	if (sd_event_source_set_time_relative(away->timer, 0) < 0 ||
		sd_event_source_set_enabled(away->timer, SD_EVENT_ONESHOT) < 0)
		sd_event_exit(away->event, -EIO);
}

static int on_ending(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct away *away = context;

	(void)source;
	(void)info;
	sd_notify(0, "STOPPING=1\nSTATUS=Waiting for deliveries under way");
	away->stop = timestamp_now() + STOP_MS;
	return make_round(away);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct away *away = context;

	(void)source;
	(void)info;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_us());
	startup_reload_level(&away->level);
	sd_notify(0, "READY=1");
	return 0;
}

/* ---- life ---- */

static int open_state(struct away *away)
{
	size_t dropped = 0;
	int r = state_open(away->config->away.state, &away->agenda, &away->progress, &away->state,
		&dropped);

	if (r == -EBUSY)
		log_error("%s: another tidings-away uses it", away->config->away.state);
	else if (r == -EPROTONOSUPPORT)
		log_error("%s: the state in it is of another version", away->config->away.state);
	else if (r < 0)
		log_error("%s: %s", away->config->away.state, strerror(-r));
	if (dropped > 0)
		log_warning("%s: %zu bytes at the end of the state could not be understood",
			away->config->away.state, dropped);
	return r;
}

static int open_log(struct away *away)
{
	int r = inbox_new(away->config, &away->inbox);

	if (r == 0)
		r = reader_new(away->config, away->inbox, &away->reader);
	if (r < 0)
		log_error("%s/log: %s", away->config->store.home, strerror(-r));
	return r;
}

static int add_sources(struct away *away)
{
	static const int endings[] = { SIGTERM, SIGINT };
	sd_event *event = away->event;
	int r = sd_event_add_io(event, &away->log, reader_fd(away->reader), EPOLLIN, on_log, away);

	if (r >= 0)
		r = sd_event_source_set_enabled(away->log, SD_EVENT_OFF);
	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(endings); i++)
		r = sd_event_add_signal(event, NULL, endings[i] | SD_EVENT_SIGNAL_PROCMASK,
			on_ending, away);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGHUP | SD_EVENT_SIGNAL_PROCMASK, on_hangup,
			away);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &away->timer, CLOCK_MONOTONIC, 0, 1, on_time,
			away);
	return r < 0 ? r : sd_event_set_watchdog(event, 1);
}

/* sd_event_add_child() asks for it. */
static int block_sigchld(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &child, NULL) < 0 ? -errno : 0;
}

int away_new(const struct config *config, const char *path, struct away **ret_away)
{
	_cleanup_(freeing_away_free) struct away *away = calloc(1, sizeof(*away));
	int r;

	if (!away)
		return -ENOMEM;
	away->config = config;
	away->level = (struct level_reload){ .path = path, .started_with = config };
	if ((r = block_sigchld()) < 0 || (r = sd_event_new(&away->event)) < 0 ||
		(r = open_state(away)) < 0 || (r = open_log(away)) < 0 ||
		(r = desk_new(config, away->event, away->inbox, &away->agenda, on_courier, away,
			 &away->desk)) < 0 ||
		(r = add_sources(away)) < 0)
		return r;
	*ret_away = take(away);
	return 0;
}

struct away *away_free(struct away *away)
{
	if (!away)
		return NULL;
	desk_free(away->desk);
	sd_event_source_unref(away->log);
	sd_event_source_unref(away->timer);
	sd_event_unref(away->event);
	reader_free(away->reader);
	inbox_free(away->inbox);
	state_close(away->state);
	agenda_release(&away->agenda);
	config_free(away->level.latest);
	free(away);
	return NULL;
}

int away_run(struct away *away)
{
	sd_notify(0, "READY=1\nSTATUS=Looking after those who are away");
	return sd_event_loop(away->event);
}
