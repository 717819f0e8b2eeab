/* Connections and their limits, see clients.h. */
#include "stored/clients.h"

#include "lib/log.h"

#include <sys/resource.h>
#include <sys/socket.h>

enum {
	CLIENTS_MAX = 1024,	   /* connections at a time */
	CLIENTS_MAX_OF_USER = 256, /* of one user who may not do everything */
	DESCRIPTORS_KEPT = 64,	   /* for all but connections */
};

/* How many connections the process has descriptors for. */
static unsigned count_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= CLIENTS_MAX + DESCRIPTORS_KEPT)
		return CLIENTS_MAX;
	return limit.rlim_cur > DESCRIPTORS_KEPT ? (unsigned)limit.rlim_cur - DESCRIPTORS_KEPT : 1;
}

int clients_init(struct clients *clients, const struct config *config, struct counters *counters)
{
	_cleanup_(buffer_release) struct buffer unknown = { 0 };
	int r;

	*clients = (struct clients){ .max = count_descriptors(), .counters = counters };
	r = peer_rules_init(&clients->rules, config, &unknown);
	if (r == 0 && unknown.len > 0)
		log_warning("[store] api-users: there is no user %s", buffer_string(&unknown));
	return r;
}

static void unlink_client(struct clients *clients, struct client *client)
{
	if (client->previous)
		client->previous->next = client->next;
	else
		clients->first = client->next;
	if (client->next)
		client->next->previous = client->previous;
	clients->counters->connections = --clients->count;
}

void clients_release(struct clients *clients)
{
	while (clients->first) {
		struct client *client = clients->first;

		unlink_client(clients, client);
		client_free(client);
	}
	peer_rules_release(&clients->rules);
}

void clients_drop(struct clients *clients, struct client *client)
{
	if (client->fd >= 0 || client->answers_due > 0)
		return;
	unlink_client(clients, client);
	client_free(client);
}

/* Whether there is room for one more connection of this peer. */
static bool has_room(const struct clients *clients, const struct peer *peer)
{
	unsigned of_user = 0;

	if (clients->count >= clients->max)
		return false;
	for (const struct client *client = clients->first; client; client = client->next)
		of_user += client->peer.uid == peer->uid;
	return peer->right == PEER_ALL || of_user < CLIENTS_MAX_OF_USER;
}

/* 0, or why this peer gets no connection. */
static enum inbox_status judge(const struct clients *clients, int fd, struct peer *ret_peer)
{
	if (peer_identify(&clients->rules, fd, ret_peer) < 0 || ret_peer->right == PEER_NOTHING)
		return INBOX_FORBIDDEN;
	return has_room(clients, ret_peer) ? 0 : INBOX_BUSY;
}

/* A greeting that says why there is no connection. If it does not fit at once it is lost. */
static void turn_away(struct clients *clients, int fd, enum inbox_status status)
{
	_cleanup_(buffer_release) struct buffer frame = { 0 };
	size_t begin = store_frame_begin(&frame, 0, STORE_GREETING, (uint16_t)status);

	if (status == INBOX_FORBIDDEN)
		clients->counters->without_rights++;
	else
		clients->counters->without_room++;
	store_frame_end(&frame, begin);
	if (buffer_status(&frame) == 0)
		(void)!send(fd, frame.data, frame.len, MSG_NOSIGNAL);
}

struct client *clients_accept(struct clients *clients, int listen_fd)
{
	_cleanup_(closing_fd) int fd =
		accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	enum inbox_status refusal;
	struct client *client;
	struct peer peer;

	if (fd < 0)
		return NULL;
	refusal = judge(clients, fd, &peer);
	if (refusal != 0) {
		turn_away(clients, fd, refusal);
		return NULL;
	}
	client = client_new(take_fd(&fd), &peer);
	if (!client)
		return NULL;
	client->next = clients->first;
	if (client->next)
		client->next->previous = client;
	clients->first = client;
	clients->counters->connections = ++clients->count;
	clients->counters->accepted++;
	return client;
}
