/*
 * The server's loop. sd-event runs what is rare: signals, listeners, timers, the
 * flusher's word. The clients sit in an epoll set of their own, nested in it as one
 * source: so one round reads whatever has come from all of them, and that is a
 * batch.
 *
 *	round: receive from each ready client → batch → transaction → flusher
 *	                                              └► reads are answered at once
 *	flusher: durable → answers to the clients
 */
#include "stored/server.h"

#include "lib/log.h"
#include "stored/backup.h"
#include "stored/batch.h"
#include "stored/clients.h"
#include "stored/flusher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

enum {
	ROUND_CLIENTS = 128,	 /* ready clients looked at in one round */
	ROUND_REQUESTS = 64,	 /* of one client in one round: its share */
	OUTPUT_MAX = 1 << 20,	 /* bytes unsent, above which a client's requests wait */
	HOUSE_USEC = 100 * 1000, /* between two looks at checkpoint and logs */
	DRAIN_MS = 1000,	 /* how long a stop waits for the next thing to happen */
};

enum { SHARE_USED = 1 };

struct server {
	struct store *store;
	bool durable; /* answers wait for the flush */
	struct batch *batch;
	struct flusher *flusher;
	struct backup *backup;
	struct answers written, read;
	struct clients clients;
	int clients_fd; /* the epoll set */
	sd_event *event;
	sd_event_source *work, *house;
	int work_error; /* of the last time; told once */
	void (*hangup)(void *context);
	void *hangup_context;
};

static int server_watch(struct server *server, struct client *client, int how, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = client };

	client->events = events;
	return epoll_ctl(server->clients_fd, how, client->fd, &event) < 0 ? -errno : 0;
}

/* Whether more of this client's requests may be worked on. */
static bool server_admits(const struct client *client)
{
	return client->fd >= 0 && client->output.len < OUTPUT_MAX &&
	       client->answers_due < STORE_REQUESTS_MAX;
}

/* Sends what is due, then waits for what the client may do next. */
static void server_serve_client(struct server *server, struct client *client)
{
	uint32_t events = 0;

	if (client_send(client) < 0)
		client_close(client);
	if (client->fd < 0)
		return;
	if (client->output.len > 0)
		events |= EPOLLOUT;
	if (server_admits(client) && !client->ended)
		events |= EPOLLIN;
	if (events != client->events && server_watch(server, client, EPOLL_CTL_MOD, events) < 0)
		client_close(client);
}

static void server_serve_clients(struct server *server)
{
	for (struct client *client = server->clients.first, *next; client; client = next) {
		next = client->next;
		server_serve_client(server, client);
		if (client->fd < 0)
			backup_forget(server->backup, client);
		clients_drop(&server->clients, client);
	}
}

/* Does the batch and sees its answers off. An error is the end of the server. */
static int server_run_batch(struct server *server)
{
	int r = batch_is_empty(server->batch)
			? answers_status(&server->read)
			: batch_run(server->batch, &server->written, &server->read);

	if (r < 0)
		return r;
	answers_deliver(&server->read);
	if (server->durable && server->written.owners.len > 0)
		return flusher_put(server->flusher, &server->written);
	answers_deliver(&server->written);
	return 0;
}

/* Sees to it that what a frame asks for is done. Returns 0 or -EBADMSG. */
static int server_take_request(struct server *server, struct client *client,
	const struct store_frame *frame)
{
	if (backup_takes(client, frame))
		return backup_ask(server->backup, client, frame, &server->read);
	return batch_add(server->batch, client, frame);
}

/*
 * Puts a client's requests into the batch, up to its share of the round. Returns 0,
 * SHARE_USED when there may be more, or -EBADMSG.
 */
static int server_take_requests(struct server *server, struct client *client)
{
	struct store_frame frame;
	int r;

	for (int taken = 0; taken < ROUND_REQUESTS && server_admits(client); taken++) {
		if (batch_is_full(server->batch))
			return SHARE_USED;
		r = client_next_frame(client, &frame);
		if (r == 0)
			r = server_take_request(server, client, &frame);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return server_admits(client) ? SHARE_USED : 0;
}

static void server_cut_off(struct client *client, int error)
{
	if (error == -EBADMSG)
		log_warning("a client broke the protocol and was cut off");
	client_close(client);
}

/* Receives from those that have sent something. */
static void server_receive(struct server *server)
{
	struct epoll_event events[ROUND_CLIENTS];
	int n = epoll_wait(server->clients_fd, events, ROUND_CLIENTS, 0);

	for (int i = 0; i < n; i++) {
		struct client *client = events[i].data.ptr;
		int r = 0;

		if (events[i].events & ~(uint32_t)EPOLLOUT)
			r = client_receive(client);
		if (r < 0)
			server_cut_off(client, r);
	}
}

/* One round: a share of each client's requests, done together. Returns whether any has more. */
static int server_round(struct server *server)
{
	bool more = false;
	int r;

	server_receive(server);
	for (struct client *client = server->clients.first; client; client = client->next) {
		r = server_take_requests(server, client);
		if (r < 0)
			server_cut_off(client, r);
		more |= r == SHARE_USED;
	}
	r = server_run_batch(server);
	if (r < 0)
		return r;
	server_serve_clients(server);
	return more ? SHARE_USED : 0;
}

/* A little after each batch, and whenever nothing else is to do, while there is any. */
static int on_work(sd_event_source *source, void *context)
{
	struct server *server = context;
	int r = store_work(server->store);

	if (r == -ENOTRECOVERABLE)
		return sd_event_exit(server->event, r);
	if (r < 0 && r != server->work_error)
		log_event(LOG_LEVEL_ERROR, LOG_STORE_FAILED, NULL,
			"what is to do in the background failed: %s", strerror(-r));
	server->work_error = r;
	return sd_event_source_set_enabled(source, r == 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_clients(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct server *server = context;
	int r;

	(void)source;
	(void)fd;
	(void)revents;
	do
		r = server_round(server);
	while (r == SHARE_USED);
	if (r < 0)
		return sd_event_exit(server->event, r);
	return on_work(server->work, server);
}

static int on_durable(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct server *server = context;
	struct answers answers;
	int r;

	while ((r = flusher_take(server->flusher, &answers)) == 0) {
		answers_deliver(&answers);
		answers_release(&answers);
	}
	if (r < 0) {
		log_event(LOG_LEVEL_ERROR, LOG_FLUSH_FAILED, NULL,
			"the log could not be flushed: %s", strerror(-r));
		return sd_event_exit(server->event, r);
	}
	return on_clients(source, fd, revents, context); /* sends, and goes on with who had to wait */
}

static int on_backup(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct server *server = context;

	backup_take(server->backup, &server->read);
	return on_clients(source, fd, revents, context);
}

static int server_greet(struct server *server, struct client *client)
{
	struct inbox_greeting greeting;
	int r = store_greeting(server->store, &greeting);

	if (r == 0)
		store_encode_greeting(&client->output, &greeting);
	return r < 0 ? r : client_send(client);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct server *server = context;
	struct client *client = clients_accept(&server->clients, fd);

	(void)source;
	(void)revents;
	if (client && (server_greet(server, client) < 0 ||
			      server_watch(server, client, EPOLL_CTL_ADD, EPOLLIN) < 0)) {
		client_close(client);
		clients_drop(&server->clients, client);
	}
	return 0;
}

static int on_house(sd_event_source *source, uint64_t usec, void *context)
{
	struct server *server = context;
	int r = store_keep_house(server->store);

	(void)usec;
	if (r == -ENOTRECOVERABLE)
		return sd_event_exit(server->event, r);
	if (r < 0)
		log_event(LOG_LEVEL_ERROR, LOG_STORE_FAILED, NULL, "checkpoint: %s", strerror(-r));
	log_settle();
	r = sd_event_source_set_enabled(server->work, SD_EVENT_ON);
	if (r < 0)
		return r;
	r = sd_event_source_set_time_relative(source, HOUSE_USEC);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct server *server = context;

	(void)source;
	(void)info;
	if (server->hangup)
		server->hangup(server->hangup_context);
	return 0;
}

/* Signals are blocked before there is a second thread, so that they reach the loop alone. */
static int server_add_signals(struct server *server)
{
	static const int endings[] = { SIGTERM, SIGINT };
	int r = sd_event_add_signal(server->event, NULL, SIGHUP | SD_EVENT_SIGNAL_PROCMASK,
		on_hangup, server);

	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(endings); i++)
		r = sd_event_add_signal(server->event, NULL, endings[i] | SD_EVENT_SIGNAL_PROCMASK,
			NULL, NULL);
	return r;
}

void server_on_hangup(struct server *server, void (*hangup)(void *context), void *context)
{
	server->hangup = hangup;
	server->hangup_context = context;
}

static int server_add_listener(struct server *server, int listen_fd)
{
	_cleanup_(sd_event_source_unrefp) sd_event_source *source = NULL;
	int flags = fcntl(listen_fd, F_GETFL); /* systemd hands over sockets that block */
	int r;

	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	r = sd_event_add_io(server->event, &source, listen_fd, EPOLLIN, on_connection, server);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(source, 1);
	return r < 0 ? r : sd_event_source_set_floating(source, 1);
}

static int server_add_sources(struct server *server)
{
	sd_event *event = server->event;
	int r;

	if ((r = sd_event_add_io(event, NULL, server->clients_fd, EPOLLIN, on_clients, server)) < 0 ||
	    (r = sd_event_add_io(event, NULL, flusher_fd(server->flusher), EPOLLIN, on_durable,
		     server)) < 0 ||
	    (r = sd_event_add_io(event, NULL, backup_fd(server->backup), EPOLLIN, on_backup,
		     server)) < 0 ||
	    (r = sd_event_add_time_relative(event, &server->house, CLOCK_MONOTONIC, HOUSE_USEC, 0,
		     on_house, server)) < 0 ||
	    (r = sd_event_add_defer(event, &server->work, on_work, server)) < 0 ||
	    (r = sd_event_source_set_enabled(server->work, SD_EVENT_ON)) < 0 ||
	    (r = sd_event_source_set_priority(server->work, SD_EVENT_PRIORITY_IDLE)) < 0)
		return r;
	return sd_event_set_watchdog(event, 1);
}

int server_new(const struct config *config, struct store *store, const int *listen_fds,
	size_t listen_count, struct server **ret_server)
{
	_cleanup_(freeing_server_free) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server->store = store;
	server->durable = config->store.durability == DURABILITY_SYNC;
	server->clients_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->clients_fd < 0)
		return -errno;
	if ((r = clients_init(&server->clients, config, store_counters(store))) < 0 ||
		(r = batch_new(store, &server->batch)) < 0 ||
		(r = sd_event_new(&server->event)) < 0 || (r = server_add_signals(server)) < 0 ||
		(r = flusher_new(store, &server->flusher)) < 0 ||
		(r = backup_new(store, &server->backup)) < 0 ||
		(r = server_add_sources(server)) < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < listen_count; i++)
		r = server_add_listener(server, listen_fds[i]);
	if (r < 0)
		return r;
	*ret_server = take(server);
	return 0;
}

struct server *server_free(struct server *server)
{
	if (!server)
		return NULL;
	sd_event_source_unref(server->work);
	sd_event_source_unref(server->house);
	flusher_free(server->flusher);
	backup_free(server->backup);
	answers_release(&server->written);
	answers_release(&server->read);
	clients_release(&server->clients);
	sd_event_unref(server->event);
	batch_free(server->batch);
	if (server->clients_fd >= 0)
		close(server->clients_fd);
	free(server);
	return NULL;
}

/* Whether something that was sent is not read yet, or not answered */
static bool server_owes(const struct server *server)
{
	for (const struct client *client = server->clients.first; client; client = client->next)
		if (!client->ended || client->answers_due > 0 || client->output.len > 0)
			return true;
	return false;
}

/* Reads what was sent before the stop, and lets every answer go that still can. */
static int server_drain(struct server *server)
{
	struct pollfd fds[] = {
		{ .fd = flusher_fd(server->flusher), .events = POLLIN },
		{ .fd = backup_fd(server->backup), .events = POLLIN },
		{ .fd = server->clients_fd, .events = POLLIN },
	};
	int r;

	backup_stop(server->backup);
	for (struct client *client = server->clients.first; client; client = client->next)
		client_refuse(client);
	r = on_clients(server->work, server->clients_fd, 0, server);

	while (r >= 0 && server_owes(server)) {
		if (poll(fds, ARRAY_LENGTH(fds), DRAIN_MS) <= 0)
			break;
		r = on_durable(NULL, fds[0].fd, 0, server);
		if (r >= 0)
			r = on_backup(NULL, fds[1].fd, 0, server);
	}
	return r < 0 ? r : 0;
}

int server_run(struct server *server)
{
	int r = sd_notify(0, "READY=1\nSTATUS=Serving the store");

	if (r >= 0)
		r = sd_event_loop(server->event);
	sd_notify(0, "STOPPING=1");
	return r < 0 ? r : server_drain(server);
}

int server_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closing_fd) int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0666) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return take_fd(&fd);
}
