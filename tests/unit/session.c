/* One client's socket: what is sent at once, what is queued, and what is refused. */
#include "pushd/session.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/socket.h>

enum { LIMIT = 4096, PIECE = 1000 };

struct pair {
	struct session *session;
	int peer;
};

static struct pair make_pair(void)
{
	struct pair pair;
	int fds[2], size = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pair = (struct pair){ session_new(fds[0]), fds[1] };
	if (!pair.session)
		abort();
	return pair;
}

static void end_pair(struct pair *pair)
{
	session_free(pair->session);
	if (pair->peer >= 0)
		close(pair->peer);
}

/* Appends what has come to the other side. */
static void drain(const struct pair *pair, struct buffer *to)
{
	ssize_t n;

	do {
		char *at = buffer_reserve(to, 65536);

		n = at ? recv(pair->peer, at, 65536, 0) : -1;
		if (n > 0)
			to->len += (size_t)n;
	} while (n > 0);
}

/* Pieces that tell where they belong. */
static struct slice piece(unsigned i, char bytes[static PIECE])
{
	for (size_t j = 0; j < PIECE; j++)
		bytes[j] = (char)(i * 7 + j);
	return (struct slice){ bytes, PIECE };
}

/* Sends until the queue is begun; returns how many pieces were sent, that one included. */
static unsigned fill(struct pair *pair)
{
	char bytes[PIECE];
	unsigned n = 0;

	while (!pair->session->queue && n < 10000)
		if (session_send(pair->session, piece(n, bytes), LIMIT) == 0)
			n++;
	return n;
}

static void test_order(void)
{
	_cleanup_(buffer_release) struct buffer expected = { 0 }, got = { 0 };
	struct pair pair = make_pair();
	unsigned n = fill(&pair);
	char bytes[PIECE];

	tap_ok(pair.session->queue && pair.session->queue->bytes.len <= PIECE,
		"what the socket does not take is queued, and no more");
	while (session_send(pair.session, piece(n, bytes), LIMIT) == 0)
		n++;
	tap_ok(pair.session->queue->bytes.len <= LIMIT && pair.session->queue->bytes.len > LIMIT - PIECE,
		"the queue is filled up to its limit");
	tap_ok(pair.session->queue->bytes.size <= LIMIT, "and takes no more memory");
	ok_int_equal(session_send(pair.session, piece(n, bytes), LIMIT), SESSION_FULL,
		"then it is full, again and again");
	ok_int_equal(session_flush(pair.session), SESSION_FULL, "and stays so while nobody reads");
	for (unsigned i = 0; i < n; i++)
		buffer_append_slice(&expected, piece(i, bytes));
	do
		drain(&pair, &got);
	while (session_flush(pair.session) == SESSION_FULL);
	drain(&pair, &got);
	tap_ok(!pair.session->queue, "an empty queue costs nothing");
	ok_bytes_equal(got.data, got.len, expected.data, expected.len,
		"all that was taken arrives, in order, and what was refused does not");
	end_pair(&pair);
}

/* The limit is exact. */
static void test_limit(void)
{
	struct pair pair = make_pair();
	char bytes[2 * LIMIT] = { 0 };
	size_t queued;

	fill(&pair);
	queued = pair.session->queue->bytes.len;
	ok_int_equal(session_send(pair.session, (struct slice){ bytes, LIMIT - queued + 1 }, LIMIT),
		SESSION_FULL, "one byte more than fits");
	ok_int_equal(pair.session->queue->bytes.len, queued, "nothing of it is kept");
	ok_int_equal(session_send(pair.session, (struct slice){ bytes, LIMIT - queued }, LIMIT), 0,
		"exactly what fits");
	ok_int_equal(pair.session->queue->bytes.len, LIMIT, "is kept");
	ok_int_equal(session_send(pair.session, (struct slice){ bytes, 1 }, LIMIT), SESSION_FULL,
		"then not one byte");
	ok_int_equal(session_send(pair.session, (struct slice){ bytes, 1 }, LIMIT + 1), 0,
		"but for who may have more");
	tap_ok(pair.session->queue->bytes.size <= LIMIT + 1, "and no more memory");
	end_pair(&pair);
}

/* A frame above the limit goes to a client that keeps up. */
static void test_large_frame(void)
{
	struct pair pair = make_pair();
	_cleanup_(freeing_memory) char *bytes = calloc(1, 100000);

	ok_int_equal(session_send(pair.session, (struct slice){ bytes, 100000 }, LIMIT), 0,
		"a frame larger than the limit, to an empty queue");
	tap_ok(pair.session->queue, "its rest is queued");
	tap_ok(pair.session->queue->bytes.size <= 100000, "and takes no more memory than it is long");
	end_pair(&pair);
}

static void test_end(void)
{
	struct pair pair = make_pair();

	ok_int_equal(session_flush(pair.session), 0, "nothing to flush");
	fill(&pair);
	close(pair.peer);
	pair.peer = -1;
	tap_ok(session_flush(pair.session) < 0, "the end of the client shows at the flush");
	end_pair(&pair);
	pair = make_pair();
	close(pair.peer);
	pair.peer = -1;
	ok_int_equal(session_send(pair.session, SLICE("x"), LIMIT), -EPIPE, "… and when sending");
	end_pair(&pair);
	tap_ok(!session_free(NULL), "no session is freed, too");
}

static void test_rate(void)
{
	struct session session = { 0 };
	unsigned passed = 0;

	for (unsigned i = 0; i < 25; i++)
		passed += session_rate(&session, 1000, 20);
	ok_int_equal(passed, 20, "twenty in a second, and no more");
	tap_ok(session_rate(&session, 1001, 20), "but in the next");
	for (unsigned i = 0; i < 19; i++)
		tap_ok(session_rate(&session, 1001, 20), "message %u of it", i + 2);
	tap_ok(!session_rate(&session, 1001, 20), "up to twenty");
	for (unsigned i = 0; i < 70000; i++)
		passed += session_rate(&session, 1001, 20);
	ok_int_equal(passed, 20, "however many come: the count does not wrap around");
	tap_ok(session_rate(&session, 1001 + (1 << 16), 20), "nor do the seconds");
	session = (struct session){ 0 };
	for (unsigned i = 0; i < 20; i++)
		tap_ok(session_rate(&session, 0, 20), "message %u in the second 0 of the clock", i + 1);
	tap_ok(!session_rate(&session, 0, 20), "which has no more than others");
}

/* All that an idle client costs in this process, beside its user. */
static void test_size(void)
{
	tap_ok(sizeof(struct session) <= 120, "a session is %zu bytes", sizeof(struct session));
}

int main(void)
{
	test_order();
	test_limit();
	test_large_frame();
	test_end();
	test_rate();
	test_size();
	return tap_done();
}
