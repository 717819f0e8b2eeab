/* Sessions by descriptor, and who is due when. */
#include "pushd/clients.h"
#include "tests/tap.h"

static struct session *add(struct clients *clients, int fd)
{
	struct session *session = session_new(fd);

	if (!session || clients_add(clients, session) < 0)
		abort();
	return session;
}

static void drop(struct clients *clients, struct session *session)
{
	clients_remove(clients, session);
	session->fd = -1; /* it was none of ours */
	session_free(session);
}

static unsigned count_all(const struct clients *clients)
{
	unsigned n = 0;

	for (size_t at = 0; clients_next(clients, &at);)
		n++;
	return n;
}

static void test_places(void)
{
	/* on both sides of where the arrays grow, and far beyond */
	static const int fds[] = { 0, 3, 255, 256, 511, 512, 5000 };
	struct session *sessions[ARRAY_LENGTH(fds)];
	struct clients clients = { 0 };
	size_t at = 0;

	tap_ok(!clients_next(&clients, &at), "nobody is there at first");
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		sessions[i] = add(&clients, fds[i]);
	ok_int_equal(clients.count, ARRAY_LENGTH(fds), "all are counted");
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		tap_ok(clients_next(&clients, &at) == sessions[i], "descriptor %d in its turn", fds[i]);
	tap_ok(!clients_next(&clients, &at), "and no more");
	drop(&clients, sessions[2]);
	ok_int_equal(count_all(&clients), ARRAY_LENGTH(fds) - 1, "one less");
	sessions[2] = add(&clients, fds[2]);
	ok_int_equal(count_all(&clients), ARRAY_LENGTH(fds), "its descriptor can be taken again");
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		drop(&clients, sessions[i]);
	ok_int_equal(clients.count, 0, "none is left");
	clients_release(&clients);
	tap_ok(!clients.sessions && !clients.due && clients.size == 0, "the arrays are given back");
}

static void test_due(void)
{
	struct clients clients = { 0 };
	struct session *a = add(&clients, 5), *b = add(&clients, 7), *c = add(&clients, 300);
	size_t at = 0;

	tap_ok(!clients_next_due(&clients, UINT32_MAX - 1, &at), "who was not told is never due");
	clients_set_due(&clients, a, 100);
	clients_set_due(&clients, b, 101);
	clients_set_due(&clients, c, 100);
	at = 0;
	tap_ok(!clients_next_due(&clients, 99, &at), "nobody before the time");
	at = 0;
	tap_ok(clients_next_due(&clients, 100, &at) == a, "at the time: one …");
	tap_ok(clients_next_due(&clients, 100, &at) == c, "… and the other …");
	tap_ok(!clients_next_due(&clients, 100, &at), "… but not who is later");
	at = 0;
	tap_ok(!clients_next_due(&clients, 100, &at), "and not again");
	at = 0;
	tap_ok(clients_next_due(&clients, 1000, &at) == b, "who is late is due all the same");
	clients_set_due(&clients, a, 50);
	clients_hasten(&clients, a, 60);
	at = 0;
	tap_ok(clients_next_due(&clients, 50, &at) == a, "hastening never makes later");
	clients_set_due(&clients, a, 50);
	clients_hasten(&clients, a, 40);
	at = 0;
	tap_ok(clients_next_due(&clients, 40, &at) == a, "but earlier");
	clients_set_due(&clients, a, 10);
	drop(&clients, a);
	at = 0;
	tap_ok(!clients_next_due(&clients, 1000, &at), "who is gone is not due");
	a = add(&clients, 5);
	at = 0;
	tap_ok(!clients_next_due(&clients, 1000, &at), "nor is who has its descriptor now");
	drop(&clients, a);
	drop(&clients, b);
	drop(&clients, c);
	clients_release(&clients);
}

int main(void)
{
	test_places();
	test_due();
	return tap_done();
}
