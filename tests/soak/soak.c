/*
 * The soak: a store and a push daemon, clients that come, go, stall and misbehave, and a load,
 * for as long as one likes. Every few seconds all become calm, and then each client must hold
 * exactly what the store has; and what the programs need of memory and descriptors must stay as
 * it was when they had warmed up.
 *
 * Memory may grow by a tenth and MEMORY_SPARE from the end of the first quarter on: allocators
 * do not give back all that a burst has made them take. A store whose cache is not full yet may
 * grow by as much as that. Descriptors may not grow at all.
 */
#include "tests/soak/soak.h"

#include "tests/crash/chance.h"
#include "tests/soak/client.h"
#include "tests/soak/publisher.h"
#include "tests/soak/rogue.h"
#include "tests/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>

enum {
	CLIENTS = 300,
	ROGUES = 60,
	SECOND = 1000000,   /* microseconds */
	ROUND = 4 * SECOND, /* of load between two calms */
	MINUTE = 60 * SECOND,
	SECONDS_DEFAULT = 15,
	PATIENCE = 30 * SECOND, /* until all are calm */
	LAG_MAX = 300,		/* changes; then the load waits */
	EVENTS = 256,
	WAIT_MS = 20,
	BLAMED_MAX = 20,
	MEMORY_SPARE = 3 << 20,	 /* bytes */
	STORE_FILLED = 32 << 20, /* what stored has with its cache of 16 MiB full */
#ifdef __SANITIZE_ADDRESS__
	SANITIZER_SPARE = 1 << 30, /* what is freed is kept for a while */
#else
	SANITIZER_SPARE = 0,
#endif
};

/* The whole run. */
struct run {
	struct soak soak;
	struct publisher publisher;
	struct client clients[CLIENTS];
	struct rogue rogues[ROGUES];
	int64_t begin, end, told;
	int idle; /* descriptors of pushd without clients */
	struct level warm[SITE_PROGRAMS], last[SITE_PROGRAMS];
};

/* ---- what the parts share ---- */

static int control(struct soak *soak, int how, struct watched *watched, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watched };

	watched->events = events;
	return epoll_ctl(soak->epoll_fd, how, fd, &event) < 0 ? -errno : 0;
}

int soak_watch(struct soak *soak, struct watched *watched, int fd, uint32_t events)
{
	return control(soak, EPOLL_CTL_ADD, watched, fd, events);
}

int soak_rewatch(struct soak *soak, struct watched *watched, int fd, uint32_t events)
{
	return events == watched->events ? 0 : control(soak, EPOLL_CTL_MOD, watched, fd, events);
}

void soak_blame(struct soak *soak, uint64_t *count, const char *format, ...)
{
	const struct tally *tally = &soak->tally;
	char text[400];
	va_list arguments;

	++*count;
	if (tally->gaps + tally->late + tally->closed + tally->garbled + tally->failed > BLAMED_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	tap_note("%s", text);
}

/* ---- the loop ---- */

/* Whether somebody who reads is far behind. */
static bool is_lagging(const struct run *run)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (client_lag(&run->clients[i]) > LAG_MAX)
			return true;
	return false;
}

static int act(struct run *run)
{
	int64_t now = monotonic_us();
	int r = 0;

	for (size_t i = 0; r == 0 && i < CLIENTS; i++)
		r = client_act(&run->clients[i], now);
	for (size_t i = 0; r == 0 && i < ROGUES; i++)
		r = rogue_act(&run->rogues[i], now);
	run->publisher.pace = is_lagging(run) ? 0 : PUBLISHER_WINDOW;
	return r < 0 ? r : publisher_act(&run->publisher);
}

/* Those signals are blocked, so that all is removed before the end. */
static bool is_interrupted(void)
{
	sigset_t signals;

	return sigpending(&signals) == 0 &&
	       (sigismember(&signals, SIGINT) || sigismember(&signals, SIGTERM));
}

static int turn(struct run *run)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(run->soak.epoll_fd, events, EVENTS, WAIT_MS);

	if (n < 0 && errno != EINTR)
		return -errno;
	if (is_interrupted())
		return -EINTR;
	for (int i = 0; i < n; i++) {
		struct watched *watched = events[i].data.ptr;

		watched->event(watched, events[i].events);
	}
	return act(run);
}

/* ---- calm ---- */

/* The store's counts, as of now. Returns 0 or -errno. */
static int learn(struct run *run)
{
	int r = publisher_ask_counts(&run->publisher);

	while (r == 0 && run->publisher.under_way > 0)
		r = turn(run);
	return r;
}

static size_t count_late(const struct run *run)
{
	size_t late = 0;

	for (size_t i = 0; i < CLIENTS; i++)
		late += client_is_there(&run->clients[i]) && !client_is_level(&run->clients[i]);
	return late;
}

/* Lets all finish what they do, and waits until everybody holds what the store has. */
static int calm_down(struct run *run)
{
	int64_t deadline = monotonic_us() + PATIENCE;
	size_t late = 1;
	int r = 0;

	run->soak.calm = true;
	for (size_t i = 0; i < CLIENTS; i++)
		client_settle(&run->clients[i]);
	while (r == 0 && late > 0 && monotonic_us() < deadline) {
		r = turn(run);
		if (r == 0 && run->publisher.under_way == 0)
			r = learn(run);
		late = count_late(run);
	}
	if (late > 0)
		soak_blame(&run->soak, &run->soak.tally.late,
			"%zu clients do not come to hold what the store has", late);
	run->soak.tally.calms++;
	return r;
}

static int read_levels(const struct run *run, struct level *levels)
{
	int r = 0;

	for (enum site_program i = 0; r == 0 && i < SITE_PROGRAMS; i++)
		r = level_read(run->soak.site.pids[i], &levels[i]);
	return r;
}

static void tell(const struct run *run)
{
	const struct tally *tally = &run->soak.tally;
	size_t there = 0;

	for (size_t i = 0; i < CLIENTS; i++)
		there += client_is_there(&run->clients[i]);
	tap_note("%4lld s: %llu messages delivered, %llu notifications made, %zu clients; "
		 "pushd %lld kB and %d descriptors, stored %lld kB and %d",
		(long long)(monotonic_us() - run->begin) / SECOND,
		(unsigned long long)tally->delivered, (unsigned long long)tally->made, there,
		(long long)run->last[SITE_PUSHD].resident / 1024, run->last[SITE_PUSHD].descriptors,
		(long long)run->last[SITE_STORED].resident / 1024,
		run->last[SITE_STORED].descriptors);
}

/* After a round of load, when all is calm. */
static int take_stock(struct run *run)
{
	int64_t now = monotonic_us();
	int r = read_levels(run, run->last);

	if (r == 0 && run->warm[0].resident == 0 && now - run->begin >= (run->end - run->begin) / 4)
		memcpy(run->warm, run->last, sizeof(run->warm));
	if (r == 0 && now - run->told >= MINUTE) {
		run->told = now;
		tell(run);
	}
	return r;
}

static int run_round(struct run *run)
{
	int64_t until = monotonic_us() + ROUND;
	int r = 0;

	run->soak.calm = false;
	while (r == 0 && monotonic_us() < until)
		r = turn(run);
	if (r == 0)
		r = calm_down(run);
	return r < 0 ? r : take_stock(run);
}

/* ---- the beginning and the end ---- */

static int64_t duration(void)
{
	const char *seconds = getenv("SOAK_SECONDS");

	return (int64_t)(seconds ? atoi(seconds) : SECONDS_DEFAULT) * SECOND;
}

/* The parts exist, whatever fails. */
static int set_up(struct run *run)
{
	struct soak *soak = &run->soak;
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r = site_make(&soak->site);
	soak->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_init(&run->clients[i], soak, i % TRUTH_USERS);
	for (unsigned i = 0; i < ROGUES; i++)
		rogue_init(&run->rogues[i], soak);
	if (r == 0)
		r = truth_init(&soak->truth);
	if (r == 0)
		r = publisher_init(&run->publisher, soak);
	return soak->epoll_fd < 0 ? -errno : r;
}

/* Waits for pushd to have as many descriptors as without clients; how many it has then. */
static int await_descriptors(struct run *run, int expected)
{
	int64_t deadline = monotonic_us() + PATIENCE;
	struct level level = { 0 };
	int r = 0;

	while (r == 0 && level.descriptors != expected && monotonic_us() < deadline) {
		r = turn(run);
		if (r == 0)
			r = level_read(run->soak.site.pids[SITE_PUSHD], &level);
	}
	return r < 0 ? r : level.descriptors;
}

/* Waits until somebody is greeted, and so both programs are up; and counts descriptors then. */
static int settle_in(struct run *run)
{
	struct client *first = &run->clients[0];
	struct level level = { 0 };
	int r;

	run->soak.calm = true;
	r = learn(run);
	run->soak.calm = false;
	first->next = 0;
	if (r == 0)
		r = client_act(first, monotonic_us());
	run->soak.calm = true;
	while (r == 0 && !first->placed)
		r = turn(run);
	if (r == 0)
		r = level_read(run->soak.site.pids[SITE_PUSHD], &level);
	run->idle = level.descriptors - 1;
	return r;
}

static int run_all(struct run *run)
{
	int r = settle_in(run);

	run->begin = run->told = monotonic_us();
	run->end = run->begin + duration();
	while (r == 0 && monotonic_us() < run->end)
		r = run_round(run);
	return r;
}

static void check_level(const struct run *run, enum site_program which)
{
	static const int64_t filled[SITE_PROGRAMS] = { [SITE_STORED] = STORE_FILLED };
	const struct level *warm = &run->warm[which], *last = &run->last[which];
	int64_t base = warm->resident > filled[which] ? warm->resident : filled[which];
	int64_t most = base + base / 10 + MEMORY_SPARE + SANITIZER_SPARE;

	tap_ok(warm->resident > 0 && last->resident <= most,
		"%s is flat: %lld kB after a quarter of the time, %lld kB at its end, at most "
		"%lld kB",
		site_names[which], (long long)warm->resident / 1024,
		(long long)last->resident / 1024, (long long)most / 1024);
}

/* Everybody goes; what is left is as it was before anybody came. */
static void check_end(struct run *run)
{
	struct soak *soak = &run->soak;

	run->soak.calm = true;
	for (size_t i = 0; i < CLIENTS; i++)
		client_release(&run->clients[i]);
	for (size_t i = 0; i < ROGUES; i++)
		rogue_release(&run->rogues[i]);
	ok_int_equal(await_descriptors(run, run->idle), run->idle,
		"pushd has the descriptors that it had without clients");
	ok_int_equal(run->last[SITE_STORED].descriptors, run->warm[SITE_STORED].descriptors,
		"stored has as many as it had");
	tap_ok(site_is_whole(&soak->site, true), "tidings check finds nothing");
	tap_ok(site_stop(&soak->site, SITE_PUSHD), "pushd ends when it is told to");
	tap_ok(site_stop(&soak->site, SITE_STORED), "and so does stored");
	tap_ok(site_is_whole(&soak->site, false), "and leaves the store whole");
}

static void check(struct run *run)
{
	const struct tally *tally = &run->soak.tally;
	const struct truth *truth = &run->soak.truth;

	tap_ok(tally->delivered > 0 && tally->returned > 0 && tally->rogues > 0,
		"much has happened");
	ok_int_equal(tally->failed, 0, "the store has done whatever it was asked for");
	ok_int_equal(truth->contradicted, 0, "of %llu counts none contradicts another",
		(unsigned long long)truth->compared);
	ok_int_equal(tally->gaps, 0, "no change is missing");
	ok_int_equal(tally->late, 0, "at each calm every client held what the store had");
	ok_int_equal(tally->garbled, 0, "every message could be made out");
	ok_int_equal(tally->closed, 0, "nobody who behaved well was closed");
	check_level(run, SITE_PUSHD);
	check_level(run, SITE_STORED);
	check_end(run);
}

int main(void)
{
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return EXIT_FAILURE;
	r = set_up(run);
	if (r == 0)
		r = run_all(run);
	tally_note(&run->soak.tally);
	tap_ok(site_is_content(&run->soak.site), "no program complains of anything");
	if (ok_int_equal(r, 0, "the run came to its end"))
		check(run);
	for (size_t i = 0; i < CLIENTS; i++)
		client_release(&run->clients[i]);
	for (size_t i = 0; i < ROGUES; i++)
		rogue_release(&run->rogues[i]);
	publisher_release(&run->publisher);
	truth_release(&run->soak.truth);
	site_remove(&run->soak.site);
	close(run->soak.epoll_fd);
	free(run);
	return tap_done();
}
