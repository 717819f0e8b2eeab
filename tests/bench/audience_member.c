/*
 * One process of an audience: an epoll set with many clients in it, and the pipe by which
 * orders come.
 */
#include "tests/bench/audience_shared.h"

#include "tests/bench/receiver.h"
#include "tests/bench/stamp.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
	EVENTS = 256,
	READ_SIZE = 65536,
	PONG_HEADER = 6,
};

struct client {
	struct receiver receiver;
	int fd; /* -1 = not connected */
	bool ready;
};

struct part {
	const struct member *member;
	int epoll_fd;
	unsigned count, opened, under_way;
	int64_t now;	/* when the bytes at hand were received */
	unsigned ready; /* newly, in this round */
	bool first;	/* the client at hand is the first of all */
	int result;
	char input[READ_SIZE];
	struct client clients[];
};

static unsigned number_of(const struct part *part, const struct client *client)
{
	const struct member *member = part->member;

	return member->first + (unsigned)(client - part->clients) * member->every;
}

static bool is_silent(const struct part *part, const struct client *client)
{
	unsigned every = part->member->setting->silent_every;

	return every > 0 && number_of(part, client) % every == 0;
}

static void client_close(struct client *client)
{
	/* By a reset, so that the port is free again at once */
	struct linger reset = { .l_onoff = 1 };

	if (client->fd < 0)
		return;
	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(take_fd(&client->fd));
	receiver_release(&client->receiver);
	client->ready = false;
}

/* ---- what comes ---- */

/* The payload is masked with zero, which leaves it as it is. */
static void answer_ping(struct part *part, const struct client *client, struct slice payload)
{
	char pong[PONG_HEADER + WEBSOCKET_CONTROL_MAX] = { (char)(0x80 | WEBSOCKET_PONG) };

	if (payload.len > WEBSOCKET_CONTROL_MAX) {
		part->result = -EPROTO;
		return;
	}
	pong[1] = (char)(0x80 | payload.len);
	memcpy(pong + PONG_HEADER, payload.data, payload.len);
	if (send(client->fd, pong, PONG_HEADER + payload.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		part->result = -errno;
}

static void become_ready(struct part *part, struct client *client)
{
	client->ready = true;
	part->under_way--;
	part->ready++;
}

/* Each process takes a place of its own first: what is counted has been written. */
static void take_message(struct part *part, struct slice message)
{
	struct audience_shared *shared = part->member->shared;
	int64_t sent = stamp_find(message, NULL);
	uint64_t place;

	if (sent == 0)
		return;
	if (part->first && message.len <= sizeof(shared->message)) {
		memcpy(shared->message, message.data, message.len);
		shared->message_len = message.len;
	}
	place = atomic_fetch_add(&shared->places, 1);
	if (place < AUDIENCE_TIMES)
		shared->times[place] = (float)(part->now - sent) / 1000;
	audience_count(shared, TALLY_RECEIVED, 1);
}

/* What a visitor needs to know. */
struct arrival {
	struct part *part;
	struct client *client;
};

static void on_arrival(void *context, enum receiver_kind kind, struct slice payload)
{
	const struct arrival *arrival = context;
	struct part *part = arrival->part;
	struct client *client = arrival->client;
	const char *ready = part->member->setting->ready;

	switch (kind) {
	case RECEIVER_UPGRADED:
		if (!ready)
			become_ready(part, client);
		break;
	case RECEIVER_TEXT:
		if (client->ready)
			take_message(part, payload);
		else if (memmem(payload.data, payload.len, ready, strlen(ready)))
			become_ready(part, client);
		break;
	case RECEIVER_PING:
		answer_ping(part, client, payload);
		break;
	case RECEIVER_CLOSE:
		part->result = -ECONNRESET;
		break;
	}
}

/* What is left in the socket will be told again. */
static int receive(struct part *part, struct client *client)
{
	struct arrival arrival = { part, client };
	ssize_t n = recv(client->fd, part->input, READ_SIZE, MSG_DONTWAIT);
	int r;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	part->now = clock_ns();
	part->first = number_of(part, client) == 0;
	r = receiver_take(&client->receiver, (struct slice){ part->input, (size_t)n }, on_arrival,
		&arrival);
	return r < 0 ? r : part->result;
}

/* ---- orders ---- */

static int client_open(struct part *part, struct client *client)
{
	const struct audience_setting *setting = part->member->setting;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	unsigned number = number_of(part, client);
	struct slice head = heads_get(setting->heads, number);

	client->fd = loopback_connect(&setting->address, number, is_silent(part, client));
	if (client->fd < 0)
		return client->fd;
	if (send(client->fd, head.data, head.len, MSG_NOSIGNAL) != (ssize_t)head.len)
		return -EPIPE;
	return epoll_ctl(part->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0 ? -errno : 0;
}

/* Opens further connections, as many as may be under way. */
static int open_more(struct part *part)
{
	unsigned most = AUDIENCE_UNDER_WAY / part->member->every;
	int r = 0;

	for (; r == 0 && part->opened < part->count && part->under_way < most; part->opened++) {
		part->under_way++;
		r = client_open(part, &part->clients[part->opened]);
	}
	return r;
}

static int silence(struct part *part)
{
	for (unsigned i = 0; i < part->count; i++) {
		const struct client *client = &part->clients[i];

		if (is_silent(part, client) &&
			epoll_ctl(part->epoll_fd, EPOLL_CTL_DEL, client->fd, NULL) < 0)
			return -errno;
	}
	audience_count(part->member->shared, TALLY_SILENT, 1);
	return 0;
}

static int disconnect(struct part *part)
{
	for (unsigned i = 0; i < part->count; i++)
		client_close(&part->clients[i]);
	audience_count(part->member->shared, TALLY_DISCONNECTED, 1);
	return 0;
}

static int start_connecting(struct part *part)
{
	part->opened = 0;
	part->under_way = 0;
	return 0; /* the loop opens them */
}

enum { OVER = 1 };

/* Returns 0, OVER or -errno. */
static int obey(struct part *part)
{
	static const struct {
		enum order order;
		int (*obey)(struct part *part);
	} orders[] = {
		{ ORDER_CONNECT, start_connecting },
		{ ORDER_DISCONNECT, disconnect },
		{ ORDER_SILENCE, silence },
	};
	char order;

	if (read(part->member->order_fd, &order, 1) != 1)
		return OVER;
	for (size_t i = 0; i < ARRAY_LENGTH(orders); i++)
		if (order == (char)orders[i].order)
			return orders[i].obey(part);
	return -EINVAL;
}

/* ---- the loop ---- */

/* A client that an order has closed meanwhile has no more to say. */
static int turn(struct part *part)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(part->epoll_fd, events, EVENTS, -1);
	int r = n < 0 && errno != EINTR ? -errno : 0;

	for (int i = 0; r == 0 && i < n; i++) {
		struct client *client = events[i].data.ptr;

		if (!client)
			r = obey(part);
		else if (client->fd >= 0)
			r = receive(part, client);
	}
	if (r == 0)
		r = open_more(part);
	if (part->ready > 0)
		audience_count(part->member->shared, TALLY_READY, take(part->ready));
	return r;
}

/* Clients are descriptors: as many as the system lets us have. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int audience_member_run(const struct member *member)
{
	unsigned count = (member->setting->clients - member->first - 1) / member->every + 1;
	struct epoll_event orders = { .events = EPOLLIN };
	struct part *part = calloc(1, sizeof(*part) + count * sizeof(part->clients[0]));
	int r = 0;

	if (!part)
		return -ENOMEM;
	raise_descriptor_limit();
	part->member = member;
	part->count = part->opened = count;
	for (unsigned i = 0; i < count; i++)
		part->clients[i].fd = -1;
	part->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (part->epoll_fd < 0 ||
		epoll_ctl(part->epoll_fd, EPOLL_CTL_ADD, member->order_fd, &orders) < 0)
		r = -errno;
	while (r == 0)
		r = turn(part);
	free(part); /* the process ends, and all connections with it */
	return r == OVER ? 0 : r;
}
