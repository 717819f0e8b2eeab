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
#include "away/intake.h"
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
	ROUND_MAX_MS = 5000, /* between two rounds */
	PAUSE_MS = 1000,     /* after something went wrong */
	STOP_MS = 10000,     /* that couriers under way have in the end */
};

struct away {
	const struct config *config;
	sd_event *event;
	sd_event_source *log, *timer;
	struct inbox *inbox;
	struct agenda agenda;
	struct state *state;
	struct progress progress;
	struct intake *intake;
	struct desk *desk;
	int64_t stop; /* when to end at the latest; 0 = it goes on */
	bool complained;
	struct level_reload level;
};

/* ---- rounds ---- */

static bool save(struct away *away)
{
	int r = state_save(away->state, &away->agenda, &away->progress);

	if (r < 0 && !away->complained)
		log_event(LOG_LEVEL_ERROR, LOG_DELIVERIES_WAITING, NULL,
			"%s: the state cannot be saved: %s; nothing is handed over meanwhile",
			away->config->away.state, strerror(-r));
	if (r == 0 && away->complained)
		log_event(LOG_LEVEL_INFO, LOG_DELIVERIES_GO_ON, NULL,
			"the state can be saved again");
	away->complained = r < 0;
	return r == 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the next round is. */
static int64_t next_round(const struct away *away, int64_t now)
{
	int64_t next = now + ROUND_MAX_MS;

	if (away->stop)
		return earlier(next, away->stop);
	next = earlier(next, earlier(intake_due(away->intake), desk_due(away->desk)));
	return away->complained && next < now + PAUSE_MS ? now + PAUSE_MS : next;
}

static int plan(struct away *away)
{
	int64_t now = timestamp_now(), next = next_round(away, now);
	int r = sd_event_source_set_enabled(away->log,
		intake_waits(away->intake) ? SD_EVENT_ON : SD_EVENT_OFF);

	if (r >= 0)
		r = sd_event_source_set_time_relative(away->timer,
			next > now ? (uint64_t)(next - now) * 1000 : 0);
	return r < 0 ? r : sd_event_source_set_enabled(away->timer, SD_EVENT_ONESHOT);
}

/* What is to be done but for stopping. Returns 0, or -errno that ends the program. */
static int work(struct away *away)
{
	int64_t now = timestamp_now();
	int r = intake_take(away->intake, now);

	return r < 0 ? r : desk_take_up(away->desk, now);
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
		r = intake_new(away->config, away->inbox, &away->agenda, &away->progress,
			&away->intake);
	if (r < 0)
		log_error("%s/log: %s", away->config->store.home, strerror(-r));
	return r;
}

static int add_sources(struct away *away)
{
	static const int endings[] = { SIGTERM, SIGINT };
	sd_event *event = away->event;
	int r = sd_event_add_io(event, &away->log, intake_fd(away->intake), EPOLLIN, on_log, away);

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
	intake_free(away->intake);
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
