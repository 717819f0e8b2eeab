/*
 * Sockets and time, see server.h.
 *
 * sd-event runs what is rare: signals, the listeners, the tick of a second, and what
 * comes of the store (follow.h). The clients sit in an epoll set of their
 * own, nested in it as one source, because an sd-event source costs more memory
 * than a client does.
 */
#include "pushd/server.h"

#include "lib/log.h"
#include "pushd/acceptor.h"
#include "pushd/conversation.h"
#include "pushd/follow.h"
#include "pushd/handshake.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

enum {
	ROUND_EVENTS = 256,	/* clients looked at in one round */
	ROUND_DUE = 128,	/* clients that time does something to in one round */
	READ_SIZE = 65536,	/* bytes of one read, for all clients */
	READS_MAX = 16,		/* of one client in one round, then it is the others' turn */
	TICK_USEC = 1000 * 1000,
	STOP_PATIENCE_MS = 3000, /* for the clients to take the close frame */
	RETURN_SPREAD_MS = 5,	 /* between two clients that come back, on average … */
	RETURN_MAX_MS = 30000,	 /* … but after no more than this */
};

struct server {
	struct hub hub;
	sd_event *event;
	struct acceptor *acceptor;
	struct follow *follow;
	sd_event_source *tick;
	size_t due_at;	/* how far the walk over those who are due has come */
	uint8_t input[READ_SIZE];
};

/* ---- clients ---- */

/*
 * Reads what has come. Fewer bytes than were asked for are all there are, and more will be
 * told; but a client that has ended its side is told once, and is read to that end.
 */
static void server_receive(struct server *server, struct session *session, bool ended)
{
	for (int i = 0; session->state != SESSION_DEAD; i++) {
		ssize_t n;

		if (i == READS_MAX) {
			hub_read_later(&server->hub, session);
			return;
		}
		n = recv(session->fd, server->input, READ_SIZE, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			hub_kill(&server->hub, session);
			return;
		}
		conversation_receive(&server->hub, session, server->input, (size_t)n);
		if (n < READ_SIZE && !ended)
			return;
	}
}

static void server_dispatch(struct server *server, const struct epoll_event *event)
{
	struct session *session = event->data.ptr;
	bool ended = event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);

	if (session->state != SESSION_DEAD && (event->events & EPOLLOUT) && session->queue)
		hub_flush(&server->hub, session);
	if (session->state != SESSION_DEAD && (event->events & ~(uint32_t)EPOLLOUT))
		server_receive(server, session, ended);
}

static int on_clients(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct epoll_event events[ROUND_EVENTS];
	struct server *server = context;
	int n = epoll_wait(fd, events, ROUND_EVENTS, 0);

	(void)source;
	(void)revents;
	hub_read_clock(&server->hub);
	for (int i = 0; i < n; i++)
		server_dispatch(server, &events[i]);
	hub_bury(&server->hub);
	return 0;
}

/*
 * Once a second, and a few clients at a time: those who came together are due together, and
 * what they are told must not hold up a change.
 */
static int on_tick(sd_event_source *source, uint64_t usec, void *context)
{
	struct server *server = context;
	struct hub *hub = &server->hub;
	struct session *session;
	unsigned served = 0;
	int r;

	(void)usec;
	hub_read_clock(hub);
	notices_settle(&hub->notices, hub->now);
	while (served < ROUND_DUE &&
		(session = clients_next_due(&hub->clients, hub->now, &server->due_at))) {
		conversation_due(hub, session);
		served++;
	}
	hub_bury(hub);
	if (served < ROUND_DUE)
		server->due_at = 0;
	r = sd_event_source_set_time_relative(source, served < ROUND_DUE ? TICK_USEC : 0);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- the whole ---- */

static int add_sources(struct server *server)
{
	static const int endings[] = { SIGTERM, SIGINT };
	sd_event *event = server->event;
	struct hub *hub = &server->hub;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(endings); i++)
		r = sd_event_add_signal(event, NULL, endings[i] | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
	if (r < 0 ||
	    (r = sd_event_add_io(event, NULL, server->hub.clients_fd, EPOLLIN, on_clients, server)) < 0 ||
	    (r = sd_event_add_time_relative(event, &server->tick, CLOCK_MONOTONIC, TICK_USEC, 0,
		     on_tick, server)) < 0 ||
	    (r = follow_new(hub, event, &server->follow)) < 0)
		return r;
	return sd_event_set_watchdog(event, 1);
}

static int open_hub(struct hub *hub)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	int r = token_verifier_new(hub->config, &hub->verifier, &problem);

	if (r < 0) {
		log_error("%s", problem ? problem : strerror(-r));
		return r;
	}
	r = handshake_try(); /* rather now than at each client, and what is loaded for it is there */
	if (r < 0) {
		log_error("libcrypto has no SHA-1, which every WebSocket handshake needs");
		return r;
	}
	if ((r = registry_init(&hub->registry)) < 0 || (r = inbox_new(hub->config, &hub->inbox)) < 0)
		return r;
	r = feed_new(hub->config, &hub->feed);
	if (r < 0)
		log_error("%s/log: %s", hub->config->store.home, strerror(-r));
	return r;
}

int server_new(const struct config *config, const int *listen_fds, size_t listen_count,
	struct server **ret_server)
{
	_cleanup_(freeing_server_free) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server->hub.clients_fd = -1;
	server->hub.config = config;
	hub_read_clock(&server->hub);
	r = open_hub(&server->hub);
	if (r < 0)
		return r;
	server->hub.clients_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->hub.clients_fd < 0)
		return -errno;
	r = sd_event_new(&server->event);
	if (r >= 0)
		r = add_sources(server);
	if (r >= 0)
		r = acceptor_new(&server->hub, server->event, listen_fds, listen_count,
			&server->acceptor);
	if (r < 0)
		return r;
	*ret_server = take(server);
	return 0;
}

struct server *server_free(struct server *server)
{
	struct hub *hub = &server->hub;
	struct session *session;
	size_t at = 0;

	if (!server)
		return NULL;
	while ((session = clients_next(&hub->clients, &at)))
		hub_kill(hub, session);
	hub_bury(hub);
	acceptor_free(server->acceptor);
	follow_free(server->follow);
	sd_event_source_unref(server->tick);
	inbox_free(hub->inbox); /* frees those whom it owes answers */
	sd_event_unref(server->event);
	feed_free(hub->feed);
	token_verifier_free(hub->verifier);
	clients_release(&hub->clients);
	registry_release(&hub->registry);
	broadcasts_release(&hub->broadcasts);
	message_release(&hub->message);
	buffer_release(&hub->bytes);
	buffer_release(&hub->latest);
	closing_fd(&server->hub.clients_fd);
	free(server);
	return NULL;
}

/* Tells every client to go, and spreads their return. */
static void dismiss_all(struct hub *hub)
{
	uint64_t spread = (uint64_t)hub->clients.count * RETURN_SPREAD_MS;
	struct session *session;
	uint32_t random = 0;
	char reason[16];
	size_t at = 0;

	spread = spread < 1000 ? 1000 : spread > RETURN_MAX_MS ? RETURN_MAX_MS : spread;
	while ((session = clients_next(&hub->clients, &at))) {
		if (session->state == SESSION_HEAD || session->state == SESSION_REFUSED) {
			hub_kill(hub, session);
			continue;
		}
		if (getrandom(&random, sizeof(random), 0) < 0)
			random = (uint32_t)session->fd * 2654435761U;
		snprintf(reason, sizeof(reason), "%u", (unsigned)(random % spread));
		hub_close(hub, session, WEBSOCKET_GOING_AWAY, reason);
	}
}

/* Waits for the clients to answer the close frame. */
static int dismiss(struct server *server)
{
	int64_t begin = server->hub.now;
	int r = 0;

	dismiss_all(&server->hub);
	hub_bury(&server->hub);
	while (r >= 0 && server->hub.clients.count > 0 &&
	       server->hub.now - begin < STOP_PATIENCE_MS / 1000) {
		struct epoll_event events[ROUND_EVENTS];
		int n = epoll_wait(server->hub.clients_fd, events, ROUND_EVENTS, STOP_PATIENCE_MS / 10);

		for (int i = 0; i < n; i++)
			server_dispatch(server, &events[i]);
		hub_bury(&server->hub);
		hub_read_clock(&server->hub);
	}
	return r;
}

int server_run(struct server *server)
{
	int r = sd_notify(0, "READY=1\nSTATUS=Serving clients");

	if (r >= 0)
		r = sd_event_loop(server->event);
	sd_notify(0, "STOPPING=1");
	return r < 0 ? r : dismiss(server);
}
