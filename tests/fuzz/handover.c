/*
 * What one program leaves to the next: any bytes. The first bit of the last byte says whether
 * they are only checked, or loaded: then the sockets with the numbers from FIRST on are there
 * for them, and what they make of the hub must serve as any other hub does, until its end.
 */
#include "pushd/catchup.h"
#include "tests/unit/hub_fixture.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIRST = 40, SOCKETS = 8, ANSWERS_MAX = 100, SECONDS = 20 };

static int others[SOCKETS]; /* the other ends */

static void open_sockets(void)
{
	int fds[2];

	for (int i = 0; i < SOCKETS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0 ||
			dup2(fds[0], FIRST + i) < 0)
			abort();
		close(fds[0]);
		others[i] = fds[1];
	}
}

static void close_sockets(void)
{
	for (int i = 0; i < SOCKETS; i++) {
		close(FIRST + i); /* unless a session has done so */
		close(others[i]);
	}
}

/* The model of the store knows two users only. */
static void note_stranger(void *context, struct subscriber *subscriber)
{
	bool *strangers = context;
	struct slice name = subscriber_name(subscriber);

	for (unsigned user = 0; user < HUB_MODEL_USERS; user++)
		if (slice_is(name, hub_model_name(user)))
			return;
	*strangers = true;
}

static void send_some(int fd)
{
	static const char bytes[] = "\x81\x8f\0\0\0\0{\"type\":\"ping\"}\x89\x80\0\0\0\0";
	char drain[4096];

	send(fd, bytes, sizeof(bytes) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (recv(fd, drain, sizeof(drain), MSG_DONTWAIT) > 0)
		;
}

/* Everybody is served, by changes, answers and time. */
static void serve(struct hub_fixture *fixture)
{
	bool strangers = false;

	registry_each(&fixture->hub.registry, note_stranger, &strangers);
	if (strangers)
		return;
	catchup_begin_round(&fixture->hub);
	for (unsigned i = 0; i < HUB_MODEL_USERS; i++)
		fixture_change(fixture, i, CHANGE_CREATED, false);
	fixture_broadcast(fixture, CHANGE_BROADCAST_CREATED, false);
	for (int i = 0; i < SOCKETS; i++)
		send_some(others[i]);
	fixture_run(fixture);
	for (int i = 0; fixture_waiting(fixture) > 0 && i < ANSWERS_MAX; i++)
		fixture_deliver(fixture, 0);
	fixture_pass(fixture, SECONDS);
	fixture_run(fixture);
	close(fixture_upgrade(fixture));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = { (const char *)data, size > 0 ? size - 1 : 0 };
	struct hub_fixture fixture;

	fixture_begin(&fixture);
	open_sockets();
	if (size > 0 && data[size - 1] & 1)
		handover_check(&fixture.hub, bytes);
	else if (handover_load(&fixture.hub, bytes, &fixture.handover) == 0)
		serve(&fixture);
	hub_bury(&fixture.hub);
	fixture_end(&fixture);
	close_sockets();
	return 0;
}
