/*
 * The upgrade in place, see upgrade.h. First the new program is run as a child that checks
 * the configuration, its keys and the state as of now, while clients are served as ever. Then
 * they wait: for the answers to their own requests, if the store has any under way, and for
 * the new program, which takes the state as of then. What else was asked of the store it asks
 * again.
 *
 * What happens between the check and the end of the new program's start cannot be undone: the
 * old one is no more. That is why so much is checked.
 */
#include "pushd/upgrade.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "pushd/notify.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	CHECK_USEC = 10 * 1000 * 1000, /* for the new program to check the state */
	PAUSE_USEC = 1000 * 1000,      /* for the store to answer clients' requests */
};

struct upgrade {
	sd_event *event;
	struct hub *hub;
	const struct program *program;
	struct upgrade_server server;
	sd_event_source *child, *timer; /* of the check */
	sd_event_source *post, *limit;	/* of the pause */
	uint64_t paused;		/* microseconds of CLOCK_MONOTONIC, since … */
};

unsigned upgrade_paused_for(const struct handover *handover)
{
	return (unsigned)(((uint64_t)clock_us() - handover->paused) / 1000);
}

/* ---- the state ---- */

/* Writes the state into a file of its own. Returns its descriptor or -errno. */
static int save(struct upgrade *upgrade, struct handover *ret_handover)
{
	_cleanup_(closing_fd) int state_fd = memfd_create("tidings-pushd state", MFD_CLOEXEC);
	struct handover handover = { .paused = upgrade->paused };
	int r;

	if (state_fd < 0)
		return -errno;
	r = upgrade->server.describe(upgrade->server.context, &handover);
	hub_bury(upgrade->hub);
	if (r == 0)
		r = handover_save(upgrade->hub, &handover, state_fd);
	if (r < 0)
		return r;
	*ret_handover = handover;
	return take_fd(&state_fd);
}

static const char *why(int error)
{
	switch (error) {
	case -EBADMSG:
		return "it is damaged";
	case -EPROTONOSUPPORT:
		return "it is of a version that is not known here";
	case -EBADF:
		return "it names descriptors that are no sockets of clients";
	default:
		return strerror(-error);
	}
}

/* Maps the state, has it read, and logs if that fails. */
static int load(struct hub *hub, int state_fd, struct handover *ret_handover)
{
	_cleanup_(closing_fd) int fd = state_fd;
	struct stat status;
	struct slice bytes;
	void *map;
	int r;

	if (fstat(fd, &status) < 0 || status.st_size <= 0) {
		log_error("there is no state of clients in descriptor %d", fd);
		return -EBADF;
	}
	bytes.len = (size_t)status.st_size;
	map = mmap(NULL, bytes.len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		r = -errno;
	} else {
		bytes.data = map;
		r = ret_handover ? handover_load(hub, bytes, ret_handover)
				 : handover_check(hub, bytes);
		munmap(map, bytes.len);
	}
	if (r < 0)
		log_error("the state of the clients cannot be taken over: %s", why(r));
	return r;
}

int upgrade_check(struct hub *hub, int state_fd)
{
	return load(hub, state_fd, NULL);
}

int upgrade_take_over(struct hub *hub, int state_fd, struct handover *ret_handover)
{
	return load(hub, state_fd, ret_handover);
}

/* ---- the pause ---- */

static void end_pause(struct upgrade *upgrade)
{
	upgrade->post = sd_event_source_disable_unref(upgrade->post);
	upgrade->limit = sd_event_source_disable_unref(upgrade->limit);
	upgrade->paused = 0;
}

/* Clients are served again: nothing came of it. */
static void go_on(struct upgrade *upgrade, int error)
{
	log_event(LOG_LEVEL_ERROR, LOG_UPGRADE_FAILED, NULL,
		"not upgraded: %s: %s; going on as before", upgrade->program->path,
		strerror(-error));
	end_pause(upgrade);
	upgrade->server.pause(upgrade->server.context, false);
	notify_ready();
}

/* Becomes the new program, if it can. */
static void replace(struct upgrade *upgrade)
{
	_cleanup_(closing_fd) int state_fd = -1;
	struct handover handover;
	int r;

	state_fd = save(upgrade, &handover);
	r = state_fd < 0 ? state_fd : handover_keep_open(upgrade->hub, &handover, true);
	if (r == 0)
		r = program_become(upgrade->program, UPGRADE_TAKE_OVER, state_fd);
	if (state_fd >= 0)
		handover_keep_open(upgrade->hub, &handover, false);
	go_on(upgrade, r);
}

/* Whether nobody waits for an answer that may still come soon. */
static bool is_quiet(const struct upgrade *upgrade)
{
	const struct hub *hub = upgrade->hub;

	return hub->errands == 0 || !inbox_greeted(hub->inbox) ||
	       (uint64_t)clock_us() - upgrade->paused >= PAUSE_USEC;
}

/* Something has happened: perhaps the last answer has come. */
static int on_post(sd_event_source *source, void *context)
{
	struct upgrade *upgrade = context;

	(void)source;
	if (is_quiet(upgrade))
		replace(upgrade);
	return 0;
}

/* It wakes: on_post() looks at the time. */
static int on_limit(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	(void)context;
	return 0;
}

static int wait_for_quiet(struct upgrade *upgrade)
{
	int r = sd_event_add_post(upgrade->event, &upgrade->post, on_post, upgrade);

	return r < 0 ? r
		     : sd_event_add_time_relative(upgrade->event, &upgrade->limit, CLOCK_MONOTONIC,
			       PAUSE_USEC, 1, on_limit, upgrade);
}

static void begin_pause(struct upgrade *upgrade)
{
	int r;

	upgrade->paused = (uint64_t)clock_us();
	notify_reloading("Upgrading");
	r = upgrade->server.pause(upgrade->server.context, true);
	if (r >= 0 && is_quiet(upgrade))
		replace(upgrade);
	else if (r < 0 || (r = wait_for_quiet(upgrade)) < 0)
		go_on(upgrade, r);
}

/* ---- the check ---- */

static void end_check(struct upgrade *upgrade)
{
	upgrade->child = sd_event_source_disable_unref(upgrade->child); /* kills it, if it runs */
	upgrade->timer = sd_event_source_disable_unref(upgrade->timer);
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *context)
{
	struct upgrade *upgrade = context;
	int status = info->si_status;

	(void)source;
	end_check(upgrade);
	if (info->si_code == CLD_EXITED && status == 0)
		begin_pause(upgrade);
	else if (info->si_code == CLD_EXITED)
		log_event(LOG_LEVEL_ERROR, LOG_UPGRADE_FAILED, NULL,
			"not upgraded: %s has refused, with status %d; going on as before",
			upgrade->program->path, status);
	else
		log_event(LOG_LEVEL_ERROR, LOG_UPGRADE_FAILED, NULL,
			"not upgraded: %s was ended by signal %d in its check; going on as before",
			upgrade->program->path, status);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct upgrade *upgrade = context;

	(void)source;
	(void)usec;
	log_event(LOG_LEVEL_ERROR, LOG_UPGRADE_FAILED, NULL,
		"not upgraded: the check of %s takes too long; going on as before",
		upgrade->program->path);
	end_check(upgrade);
	return 0;
}

/* The child is ours to end from the moment on that it runs. */
static int watch(struct upgrade *upgrade, pid_t pid)
{
	int r = sd_event_add_child(upgrade->event, &upgrade->child, pid, WEXITED, on_child,
		upgrade);

	if (r < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return r;
	}
	r = sd_event_source_set_child_process_own(upgrade->child, true);
	return r < 0 ? r
		     : sd_event_add_time_relative(upgrade->event, &upgrade->timer, CLOCK_MONOTONIC,
			       CHECK_USEC, 1, on_timer, upgrade);
}

static int begin_check(struct upgrade *upgrade)
{
	_cleanup_(closing_fd) int state_fd = -1;
	struct handover handover;
	pid_t pid;
	int r;

	state_fd = save(upgrade, &handover);
	if (state_fd < 0)
		return state_fd;
	r = program_start(upgrade->program, UPGRADE_CHECK, state_fd, &pid);
	return r < 0 ? r : watch(upgrade, pid);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct upgrade *upgrade = context;
	int r;

	(void)source;
	(void)info;
	if (upgrade->child || upgrade->paused > 0) {
		log_info("an upgrade is under way already");
		return 0;
	}
	hub_read_clock(upgrade->hub);
	r = begin_check(upgrade);
	if (r < 0) {
		end_check(upgrade);
		log_event(LOG_LEVEL_ERROR, LOG_UPGRADE_FAILED, NULL,
			"not upgraded: %s: %s; going on as before", upgrade->program->path,
			strerror(-r));
	}
	return 0;
}

/* ---- life ---- */

struct upgrade *upgrade_free(struct upgrade *upgrade)
{
	if (!upgrade)
		return NULL;
	end_check(upgrade);
	end_pause(upgrade);
	free(upgrade);
	return NULL;
}

int upgrade_new(sd_event *event, struct hub *hub, const struct program *program,
	const struct upgrade_server *server, struct upgrade **ret_upgrade)
{
	struct upgrade *upgrade = calloc(1, sizeof(*upgrade));
	sigset_t child;
	int r;

	if (!upgrade)
		return -ENOMEM;
	*upgrade = (struct upgrade){
		.event = event,
		.hub = hub,
		.program = program,
		.server = *server,
	};
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD); /* sd-event wants that, to tell of children */
	sigprocmask(SIG_BLOCK, &child, NULL);
	r = sd_event_add_signal(event, NULL, SIGUSR2 | SD_EVENT_SIGNAL_PROCMASK, on_signal,
		upgrade);
	if (r < 0) {
		free(upgrade);
		return r;
	}
	*ret_upgrade = upgrade;
	return 0;
}
