/*
 * Kills tidings-stored fifty times at random moments while creates keep coming, and
 * starts it again at once. What was acknowledged must be there afterwards, each
 * once, with counts that agree with the lists; and service must be back soon.
 */
#include "lib/inbox.h"
#include "tests/system/store_process.h"
#include "tests/tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>

enum {
	KILLS = 50,
	USERS = 20,
	WINDOW = 32,	  /* creates under way */
	ACKED_MAX = 100000,
	SOON_MS = 1000,	  /* service must be back */
	LATEST_MS = 5000, /* even on a machine that is busy with other things */
};

struct acked {
	unsigned user;
	struct uuid id;
	bool found;
};

static struct store_process process;
static struct acked acked[ACKED_MAX];
static size_t acked_count, unknown, refused, under_way;

static unsigned pick(unsigned n)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof(random), 0);
	return random % n;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_created(void *context, int result, struct inbox_answer *answer)
{
	under_way--;
	if (result != 0) {
		unknown += result < 0;
		refused += result > 0;
	} else if (acked_count < ACKED_MAX) {
		acked[acked_count++] = (struct acked){
			.user = (unsigned)(uintptr_t)context,
			.id = answer->next,
		};
	}
}

static struct slice user_name(unsigned user, char text[static 16])
{
	snprintf(text, 16, "user%u", user);
	return slice_of(text);
}

static void submit_create(struct inbox *inbox)
{
	unsigned user = pick(USERS);
	char name[16];
	struct draft draft = {
		.user = user_name(user, name),
		.content = SLICE("\"title\":\"t\",\"message\":\"m\""),
	};
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
	};

	if (inbox_submit(inbox, &request, on_created, (void *)(uintptr_t)user) == 0)
		under_way++;
}

/* One turn of the loop: keeps the window full and waits for the store. */
static void turn(struct inbox *inbox, bool submit)
{
	struct pollfd fd = { .events = POLLIN };

	while (submit && under_way < WINDOW)
		submit_create(inbox);
	if (inbox_dispatch(inbox) < 0) {
		poll(NULL, 0, 1); /* no connection: the store is starting */
		return;
	}
	fd.fd = inbox_fd(inbox);
	if (inbox_wants_write(inbox))
		fd.events |= POLLOUT;
	poll(&fd, 1, 100);
}

/* Sends a full window and lets the store work on it for a moment of any length. */
static void leave_some_under_way(struct inbox *inbox)
{
	struct timespec moment = { .tv_nsec = pick(4000) * 1000 };

	while (under_way < WINDOW)
		submit_create(inbox);
	inbox_dispatch(inbox);
	nanosleep(&moment, NULL);
}

/* Writes until so many more are acknowledged. Returns the milliseconds to the first. */
static int64_t write_until(struct inbox *inbox, size_t more)
{
	size_t before = acked_count;
	int64_t begin = now_ms(), first = -1;

	while (acked_count < before + more && now_ms() - begin < 60000) {
		turn(inbox, true);
		if (first < 0 && acked_count > before)
			first = now_ms() - begin;
	}
	return first;
}

static struct acked *find_acked(unsigned user, const struct uuid *id)
{
	for (size_t i = 0; i < acked_count; i++)
		if (acked[i].user == user && uuid_compare(&acked[i].id, id) == 0)
			return &acked[i];
	return NULL;
}

/* Reads a user's whole list. Returns how many there are, -1 if one comes twice or counts differ. */
static long read_user(struct inbox *inbox, unsigned user)
{
	char name[16];
	struct inbox_request request = {
		.operation = INBOX_LIST,
		.user = user_name(user, name),
		.query = { .limit = INBOX_LIMIT_MAX, .type = INBOX_ANY_TYPE },
	};
	struct notification notification;
	struct inbox_answer answer;
	uint64_t total = 0;
	long count = 0;

	do {
		if (inbox_call(inbox, &request, 10000, &answer) != 0)
			return -1;
		total = answer.counts.total;
		if (answer.counts.unread != total || answer.counts.seq != total)
			return -1;
		while (inbox_next_notification(&answer, &notification)) {
			struct acked *one = find_acked(user, &notification.id);

			if (one && one->found)
				return -1;
			if (one)
				one->found = true;
			count++;
		}
		request.query.from_cursor = answer.more;
		request.query.cursor = answer.next;
		inbox_answer_release(&answer);
	} while (request.query.from_cursor);
	return (uint64_t)count == total ? count : -1;
}

static void check_all(struct inbox *inbox)
{
	size_t lost = 0, there = 0;
	bool exact = true;

	for (unsigned user = 0; user < USERS; user++) {
		long count = read_user(inbox, user);

		exact &= count >= 0;
		there += count > 0 ? (size_t)count : 0;
	}
	for (size_t i = 0; i < acked_count; i++)
		lost += !acked[i].found;
	tap_note("%zu acknowledged, %zu unknown, %zu there", acked_count, unknown, there);
	tap_ok(exact, "every count is what the lists say, and nothing is there twice");
	ok_int_equal(lost, 0, "no acknowledged notification is lost");
	ok_int_equal(refused, 0, "none was refused");
	tap_ok(unknown > 0, "requests were under way when it was killed");
	tap_ok(there <= acked_count + unknown, "nothing is there that nobody asked for");
}

int main(void)
{
	struct inbox *inbox;
	int64_t latest = 0;
	int soon = 0;

	store_process_init(&process, "disk-reserve=1M\nmax-per-user=0\n");
	if (inbox_new(process.config, &inbox) < 0)
		return 1;
	store_process_start(&process);
	write_until(inbox, 100);
	for (int i = 0; i < KILLS; i++) {
		int64_t back;

		leave_some_under_way(inbox);
		store_process_kill(&process, SIGKILL);
		store_process_start(&process);
		back = write_until(inbox, 1 + pick(100));
		if (back < 0)
			break;
		soon += back < SOON_MS;
		latest = back > latest ? back : latest;
	}
	tap_note("killed %d times; the first answer came after %lld ms at the latest", KILLS,
		(long long)latest);
	/* Beside other tests, and under sanitizers, some take longer */
	tap_ok(soon >= KILLS / 2, "service was back within a second %d times of %d", soon,
		KILLS);
	tap_ok(latest < LATEST_MS, "and never later than %d seconds", LATEST_MS / 1000);
	while (under_way > 0)
		turn(inbox, false);
	check_all(inbox);
	store_process_kill(&process, SIGTERM);
	inbox_free(inbox);
	store_process_release(&process);
	return tap_done();
}
