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
#include "pushd/catchup.h"
#include "pushd/control_socket.h"
#include "pushd/conversation.h"
#include "pushd/farewell.h"
#include "pushd/follow.h"
#include "pushd/handshake.h"
#include "pushd/notify.h"
#include "pushd/reload.h"
#include "pushd/upgrade.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

enum {
	ROUND_EVENTS = 256,	/* clients looked at in one round */
	ROUND_DUE = 128,	/* clients that time does something to in one round */
	READ_SIZE = 65536,	/* bytes of one read, for all clients */
	READS_MAX = 16,		/* of one client in one round, then it is the others' turn */
	TICK_USEC = 1000 * 1000,
	CONTROL_PATIENCE = 60,	 /* seconds for a peer on the control socket to ask something */
	STOP_PATIENCE_MS = 3000, /* for the clients to take the close frame */
};

/* What sockets are called where descriptors are handed over. */
static const char LISTENER[] = "listen";
static const char CONTROL[] = "control";	     /* its path is to be removed in the end */
static const char CONTROL_GIVEN[] = "control-given"; /* its path is somebody else's */

struct server {
	struct hub hub;
	struct config *config; /* the hub's */
	const char *config_path;
	sd_event *event;
	struct acceptor *acceptor;
	struct control_socket *control; /* NULL = there is none */
	char *control_path;		/* NULL = somebody else's */
	struct follow *follow;
	struct upgrade *upgrade;
	sd_event_source *clients, *tick;
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
	log_settle();
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

/* ---- another configuration, another program ---- */

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct server *server = context;

	(void)source;
	(void)info;
	hub_read_clock(&server->hub);
	notify_reloading("Reading the configuration");
	reload(&server->hub, server->config_path, &server->config);
	hub_bury(&server->hub);
	notify_ready();
	return 0;
}

static int describe(void *context, struct handover *handover)
{
	struct server *server = context;
	struct acceptor *acceptor = server->acceptor;
	int r = follow_catch_up(server->follow);

	handover->begun = follow_has_begun(server->follow);
	handover->position = feed_position(server->hub.feed);
	for (size_t i = 0; r == 0 && i < acceptor_count(acceptor); i++)
		r = handover_add_socket(handover, LISTENER, acceptor_fd(acceptor, i));
	if (r == 0 && server->control)
		r = handover_add_socket(handover, server->control_path ? CONTROL : CONTROL_GIVEN,
			control_socket_fd(server->control));
	return r;
}

static int pause_clients(void *context, bool paused)
{
	struct server *server = context;
	int r = sd_event_source_set_enabled(server->clients, paused ? SD_EVENT_OFF : SD_EVENT_ON);

	return r < 0 ? r : acceptor_pause(server->acceptor, paused);
}

/* The clients are there again; whoever waits for the store waits for this program now. */
static void go_on_from(struct server *server, const struct handover *handover)
{
	struct hub *hub = &server->hub;

	if (handover->begun)
		follow_begin(server->follow, handover->position);
	reload_apply(hub);
	catchup_begin_round(hub);
	hub_bury(hub);
	log_event(LOG_LEVEL_INFO, LOG_UPGRADED, NULL, "upgraded in place: %zu clients, %u ms",
		hub->clients.count, upgrade_paused_for(handover));
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
	    (r = sd_event_add_signal(event, NULL, SIGHUP | SD_EVENT_SIGNAL_PROCMASK, on_hangup,
		     server)) < 0 ||
	    (r = sd_event_add_io(event, &server->clients, hub->clients_fd, EPOLLIN, on_clients,
		     server)) < 0 ||
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
	hub->clients_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hub->clients_fd < 0)
		return -errno;
	if ((r = registry_init(&hub->registry)) < 0 || (r = inbox_new(hub->config, &hub->inbox)) < 0)
		return r;
	r = feed_new(hub->config, &hub->feed);
	if (r < 0)
		log_error("%s/log: %s", hub->config->store.home, strerror(-r));
	return r;
}

static int add_listeners(struct server *server, const struct server_sockets *sockets)
{
	int r = acceptor_new(&server->hub, server->event, sockets->clients, sockets->count,
		&server->acceptor);

	if (sockets->control < 0)
		return r;
	if (r == 0 && sockets->control_path) {
		server->control_path = strdup(sockets->control_path);
		r = server->control_path ? 0 : -ENOMEM;
	}
	if (r < 0) {
		close(sockets->control);
		return r;
	}
	return control_socket_new(&server->hub, server->event, sockets->control,
		server->control_path, CONTROL_PATIENCE, &server->control);
}

static int add_upgrade(struct server *server, const struct program *program)
{
	const struct upgrade_server calls = { server, describe, pause_clients };

	return upgrade_new(server->event, &server->hub, program, &calls, &server->upgrade);
}

/* The sockets on which another program has listened. */
static int inherit_listeners(struct server *server, const struct handover *handover)
{
	struct server_sockets sockets = { .control = -1 };
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address) - 1; /* so that a path ends */

	for (size_t i = 0; i < handover->socket_count; i++) {
		const struct handover_socket *socket = &handover->sockets[i];

		if (strcmp(socket->name, LISTENER) == 0 && sockets.count < SERVER_LISTEN_MAX)
			sockets.clients[sockets.count++] = socket->fd;
		else if (strcmp(socket->name, CONTROL) == 0 &&
			getsockname(socket->fd, (struct sockaddr *)&address, &len) == 0)
			sockets.control_path = address.sun_path;
		if (strncmp(socket->name, CONTROL, strlen(CONTROL)) == 0)
			sockets.control = socket->fd;
	}
	return add_listeners(server, &sockets);
}

static int open_server(struct server *server, const struct server_setup *setup)
{
	struct handover handover;
	int r = open_hub(&server->hub);

	if (r >= 0)
		r = sd_event_new(&server->event);
	if (r >= 0)
		r = add_sources(server);
	if (r >= 0)
		r = add_upgrade(server, setup->program);
	if (r < 0)
		return r;
	if (setup->state_fd < 0)
		return add_listeners(server, &setup->sockets);
	r = upgrade_take_over(&server->hub, setup->state_fd, &handover);
	if (r >= 0)
		r = inherit_listeners(server, &handover);
	if (r >= 0)
		go_on_from(server, &handover);
	return r;
}

int server_new(const struct server_setup *setup, struct server **ret_server)
{
	_cleanup_(freeing_config_free) struct config *config = setup->config;
	_cleanup_(freeing_server_free) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server->hub.clients_fd = -1;
	server->hub.config = server->config = take(config);
	server->config_path = setup->config_path;
	hub_read_clock(&server->hub);
	server->hub.statistics.begun = server->hub.now;
	r = open_server(server, setup);
	if (r < 0)
		return r;
	*ret_server = take(server);
	return 0;
}

static void close_hub(struct hub *hub)
{
	inbox_free(hub->inbox); /* frees those whom it owes answers */
	feed_free(hub->feed);
	token_verifier_free(hub->verifier);
	clients_release(&hub->clients);
	registry_release(&hub->registry);
	broadcasts_release(&hub->broadcasts);
	message_release(&hub->message);
	buffer_release(&hub->bytes);
	buffer_release(&hub->latest);
	closing_fd(&hub->clients_fd);
}

int server_check(const struct config *config, int state_fd)
{
	struct hub hub = { .config = config, .clients_fd = -1 };
	int r;

	hub_read_clock(&hub);
	r = open_hub(&hub);
	if (r < 0)
		closing_fd(&state_fd);
	else
		r = upgrade_check(&hub, state_fd);
	close_hub(&hub);
	return r;
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
	upgrade_free(server->upgrade);
	control_socket_free(server->control);
	follow_free(server->follow);
	sd_event_source_unref(server->clients);
	sd_event_source_unref(server->tick);
	sd_event_unref(server->event);
	close_hub(hub);
	config_free(server->config);
	free(server->control_path);
	free(server);
	return NULL;
}

/* Waits for the clients to answer the close frame. */
static int dismiss(struct server *server)
{
	int64_t begin = server->hub.now;
	int r = 0;

	farewell_to_all(&server->hub);
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
	int r;

	notify_ready();
	r = sd_event_loop(server->event);
	notify_stopping();
	return r < 0 ? r : dismiss(server);
}
