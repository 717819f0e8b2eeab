/* An audience, see audience.h: the side that gives orders and waits. */
#include "tests/bench/audience_shared.h"

#include "tests/bench/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum {
	CLIENTS_PER_PROCESS = 15000, /* of the 20,000 descriptors that it often has */
	PROCESSES_MAX = 64,
	PATIENCE_MS = 60000,
};

struct audience {
	struct audience_setting setting;
	struct audience_shared *shared;
	unsigned count;
	pid_t pids[PROCESSES_MAX];
	int order_fds[PROCESSES_MAX];
};

void audience_count(struct audience_shared *shared, enum tally tally, unsigned n)
{
	uint64_t before = atomic_fetch_add(&shared->tallies[tally].count, n);
	uint64_t awaited = atomic_load(&shared->tallies[tally].awaited);

	if (before < awaited && before + n >= awaited)
		eventfd_write(shared->event_fd, 1);
}

void audience_fail(struct audience_shared *shared, int r)
{
	int none = 0;

	atomic_compare_exchange_strong(&shared->failure, &none, r);
	eventfd_write(shared->event_fd, 1);
}

static uint64_t tally(const struct audience *audience, enum tally tally)
{
	return atomic_load(&audience->shared->tallies[tally].count);
}

/* Waits until a tally has come to `awaited`. */
static int await(struct audience *audience, enum tally which, uint64_t awaited)
{
	struct audience_shared *shared = audience->shared;
	struct pollfd waiting = { .fd = shared->event_fd, .events = POLLIN };
	int64_t until = clock_ns() + PATIENCE_MS * 1000000LL;
	eventfd_t news;

	atomic_store(&shared->tallies[which].awaited, awaited);
	while (atomic_load(&shared->failure) == 0 && tally(audience, which) < awaited) {
		int64_t left = (until - clock_ns()) / 1000000;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&waiting, 1, (int)left) > 0)
			eventfd_read(shared->event_fd, &news);
	}
	return atomic_load(&shared->failure);
}

static int order(struct audience *audience, enum order order, enum tally which, uint64_t awaited)
{
	char byte = (char)order;

	atomic_store(&audience->shared->tallies[which].count, 0);
	for (unsigned i = 0; i < audience->count; i++)
		if (write(audience->order_fds[i], &byte, 1) < 0)
			return -errno;
	return await(audience, which, awaited);
}

/* What the new process does. It keeps the reading end of its own pipe alone. */
static void become_member(const struct audience *audience, const int pipe_fds[2], pid_t parent)
{
	struct member member = {
		.setting = &audience->setting,
		.shared = audience->shared,
		.first = audience->count,
		.order_fd = pipe_fds[0],
	};
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	member.every = (audience->setting.clients - 1) / CLIENTS_PER_PROCESS + 1;
	close(pipe_fds[1]);
	for (unsigned i = 0; i < audience->count; i++)
		close(audience->order_fds[i]);
	r = audience_member_run(&member);
	if (r < 0)
		audience_fail(audience->shared, r);
	_exit(r < 0);
}

static int add_process(struct audience *audience)
{
	pid_t parent = getpid(), pid;
	int pipe_fds[2];

	if (pipe(pipe_fds) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become_member(audience, pipe_fds, parent);
	close(pipe_fds[0]);
	if (pid < 0) {
		close(pipe_fds[1]);
		return -errno;
	}
	audience->pids[audience->count] = pid;
	audience->order_fds[audience->count++] = pipe_fds[1];
	return 0;
}

static struct audience_shared *share(void)
{
	struct audience_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return NULL;
	shared->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return shared;
}

int audience_new(const struct audience_setting *setting, struct audience **ret_audience)
{
	_cleanup_(freeing_audience_free) struct audience *audience = calloc(1, sizeof(*audience));
	unsigned processes = (setting->clients - 1) / CLIENTS_PER_PROCESS + 1;
	int r = processes <= PROCESSES_MAX ? 0 : -E2BIG;

	if (!audience)
		return -ENOMEM;
	audience->setting = *setting;
	audience->shared = share();
	if (!audience->shared)
		return -ENOMEM;
	if (audience->shared->event_fd < 0)
		return -errno;
	for (unsigned i = 0; r == 0 && i < processes; i++)
		r = add_process(audience);
	if (r == 0)
		*ret_audience = take(audience);
	return r;
}

struct audience *audience_free(struct audience *audience)
{
	if (!audience)
		return NULL;
	for (unsigned i = 0; i < audience->count; i++) {
		close(audience->order_fds[i]);
		process_end(audience->pids[i], SIGKILL);
	}
	if (audience->shared) {
		closing_fd(&audience->shared->event_fd);
		munmap(audience->shared, sizeof(*audience->shared));
	}
	free(audience);
	return NULL;
}

int audience_connect(struct audience *audience)
{
	return order(audience, ORDER_CONNECT, TALLY_READY, audience->setting.clients);
}

int audience_disconnect(struct audience *audience)
{
	return order(audience, ORDER_DISCONNECT, TALLY_DISCONNECTED, audience->count);
}

int audience_silence(struct audience *audience)
{
	return order(audience, ORDER_SILENCE, TALLY_SILENT, audience->count);
}

bool audience_is_silent(const struct audience *audience, unsigned client)
{
	return audience->setting.silent_every > 0 && client % audience->setting.silent_every == 0;
}

void audience_listen(struct audience *audience)
{
	atomic_store(&audience->shared->tallies[TALLY_RECEIVED].count, 0);
	atomic_store(&audience->shared->places, 0);
}

int audience_await(struct audience *audience, uint64_t messages)
{
	return await(audience, TALLY_RECEIVED, messages);
}

void audience_times(const struct audience *audience, struct samples *times)
{
	uint64_t count = tally(audience, TALLY_RECEIVED);

	for (uint64_t i = 0; i < count && i < AUDIENCE_TIMES; i++)
		samples_add(times, (double)audience->shared->times[i]);
}

struct slice audience_message(const struct audience *audience)
{
	return (struct slice){ audience->shared->message, audience->shared->message_len };
}

int64_t audience_cpu_ns(const struct audience *audience)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < audience->count; i++)
		sum += process_cpu_ns(audience->pids[i]);
	return sum;
}
