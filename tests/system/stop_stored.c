/*
 * A store that is stopped and started time and again, under creates that must not be done
 * twice. What it has taken it answers; what comes later it refuses before that was sent, so
 * that it can go to the next one. So none may end without an answer.
 */
#include "lib/inbox.h"
#include "tests/system/store_process.h"
#include "tests/tap.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum {
	STOPS = 20,
	BETWEEN = 200, /* answers */
	CLIENTS = 16,
	PATIENCE_MS = 20000,
};

static const char USER[] = "somebody";

static struct store_process process;
static struct inbox *clients[CLIENTS];
static bool under_way[CLIENTS]; /* each has one create at a time */
static unsigned created, lost;

static void on_created(void *context, int result, struct inbox_answer *answer)
{
	(void)answer;
	*(bool *)context = false;
	if (result == 0)
		created++;
	else
		lost++;
}

static void submit(unsigned client)
{
	struct draft draft = {
		.user = { USER, strlen(USER) },
		.content = SLICE("\"title\":\"t\",\"message\":\"m\""),
	};
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
	};

	under_way[client] =
		inbox_submit(clients[client], &request, on_created, &under_way[client]) == 0;
}

/* One turn of all clients' loop. Returns how many creates are under way. */
static unsigned turn(bool more)
{
	struct pollfd waiting[CLIENTS];
	unsigned count = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		if (more && !under_way[i])
			submit(i);
		if (under_way[i])
			inbox_dispatch(clients[i]);
		waiting[i].fd = inbox_fd(clients[i]);
		waiting[i].events = (short)(POLLIN | (inbox_wants_write(clients[i]) ? POLLOUT : 0));
		count += under_way[i];
	}
	poll(waiting, CLIENTS, 2);
	return count;
}

/* Returns whether it ended in peace, while the clients went on. */
static bool stop(void)
{
	int status = -1;

	kill(process.pid, SIGTERM);
	while (waitpid(process.pid, &status, WNOHANG) == 0)
		turn(true);
	process.pid = 0;
	return status == 0;
}

static unsigned count_unread(void)
{
	struct inbox_request request = {
		.operation = INBOX_COUNT,
		.user = { USER, strlen(USER) },
	};
	struct inbox_answer answer;
	unsigned unread;

	if (inbox_call(clients[0], &request, PATIENCE_MS, &answer) != 0)
		return 0;
	unread = (unsigned)answer.counts.unread;
	inbox_answer_release(&answer);
	return unread;
}

int main(void)
{
	unsigned in_peace = 0;

	store_process_init(&process, "disk-reserve=1M\nmax-per-user=0\ndurability=write\n");
	store_process_start(&process);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (inbox_new(process.config, &clients[i]) < 0)
			return 1;
	for (unsigned stops = 0; stops < STOPS; stops++) {
		while (created < (stops + 1) * BETWEEN) {
			store_process_check(&process);
			turn(true);
		}
		in_peace += stop();
		store_process_start(&process);
	}
	while (turn(false) > 0)
		store_process_check(&process);
	ok_int_equal(in_peace, STOPS, "the store ends in peace");
	ok_int_equal(lost, 0, "no create is left without an answer");
	ok_int_equal(count_unread(), created, "each of %u was made once", created);
	for (unsigned i = 0; i < CLIENTS; i++)
		inbox_free(clients[i]);
	store_process_release(&process);
	return tap_done();
}
