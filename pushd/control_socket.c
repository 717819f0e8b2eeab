/* Connections of those who look after the daemon, see control_socket.h. */
#include "pushd/control_socket.h"

#include "lib/log.h"
#include "pushd/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	SECOND_USEC = 1000 * 1000,
	ACCEPTS_MAX = 200, /* in a second: a flood of them, or none to be had, is no busy loop */
};

/* One connection. */
struct control_peer {
	struct control_peer *next;
	struct control_socket *owner;
	sd_event_source *source; /* owns the socket */
	sd_event_source *timer;
	struct peer peer;
	bool ending; /* once the answer is sent */
	struct buffer answer;
	size_t input_len;
	char input[CONTROL_LINE_MAX + 1]; /* a line and its end */
};

struct control_socket {
	struct hub *hub;
	sd_event *event;
	sd_event_source *listener; /* owns the listening socket */
	const char *path;
	unsigned patience;
	struct peer_rules rules;
	struct control_peer *peers;
	unsigned count;
	int spare_fd; /* lets one peer in when there are no descriptors left; -1 = it is given up */
};

/* ---- one connection ---- */

static struct control_peer *control_peer_free(struct control_peer *peer)
{
	sd_event_source_disable_unref(peer->source);
	sd_event_source_disable_unref(peer->timer);
	buffer_release(&peer->answer);
	free(peer);
	return NULL;
}

DEFINE_CLEANUP(struct control_peer *, control_peer_free)

static void drop(struct control_peer *peer)
{
	struct control_peer **link = &peer->owner->peers;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	peer->owner->count--;
	control_peer_free(peer);
}

static int on_patience_over(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	drop(context);
	return 0;
}

/* The connection may stay for as long again. */
static int renew(struct control_peer *peer)
{
	uint64_t usec = (uint64_t)peer->owner->patience * SECOND_USEC;
	int r = sd_event_source_set_time_relative(peer->timer, usec);

	return r < 0 ? r : sd_event_source_set_enabled(peer->timer, SD_EVENT_ONESHOT);
}

static char *end_of_line(struct control_peer *peer)
{
	return memchr(peer->input, '\n', peer->input_len);
}

/* Takes what has come. Returns 0 or -errno: -ECONNRESET at the end. */
static int receive(struct control_peer *peer)
{
	size_t room = sizeof(peer->input) - peer->input_len;
	ssize_t n = recv(sd_event_source_get_io_fd(peer->source), peer->input + peer->input_len,
		room, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	peer->input_len += (size_t)n;
	return n == 0 ? -ECONNRESET : 0;
}

/* Answers the first line, if it is there. Returns 0 or -errno. */
static int answer_line(struct control_peer *peer)
{
	struct hub *hub = peer->owner->hub;
	char *end = end_of_line(peer);
	size_t len = end ? (size_t)(end - peer->input) : 0;

	if (!end && peer->input_len < sizeof(peer->input))
		return 0;
	if (end) {
		control_answer(hub, peer->peer.right, (struct slice){ peer->input, len },
			&peer->answer);
		hub_bury(hub);
		peer->input_len -= len + 1;
		memmove(peer->input, end + 1, peer->input_len);
	} else {
		control_fail(&peer->answer, "too_large", "The request is too long");
		peer->ending = true;
	}
	return buffer_status(&peer->answer) < 0 ? buffer_status(&peer->answer) : renew(peer);
}

/* Sends what the socket takes. Returns 0, also if something is left, or -errno. */
static int send_answer(struct control_peer *peer)
{
	struct buffer *answer = &peer->answer;
	ssize_t n;

	if (answer->len == 0)
		return 0;
	n = send(sd_event_source_get_io_fd(peer->source), answer->data, answer->len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	buffer_consume(answer, (size_t)n);
	if (answer->len > 0)
		return 0;
	buffer_release(answer); /* a page of connections is large, and seldom */
	return peer->ending ? -ECONNRESET : 0;
}

/* Waits for what comes next: room for the answer, or for a line; or, if one is here, no longer. */
static int watch(struct control_peer *peer)
{
	bool busy = peer->answer.len > 0 || end_of_line(peer);

	return sd_event_source_set_io_events(peer->source, busy ? EPOLLOUT : EPOLLIN);
}

static int serve(struct control_peer *peer, uint32_t events)
{
	int r = 0;

	if (peer->answer.len == 0) {
		if (events & ~(uint32_t)EPOLLOUT)
			r = receive(peer);
		if (r == 0)
			r = answer_line(peer);
	}
	if (r == 0)
		r = send_answer(peer);
	return r == 0 ? watch(peer) : r;
}

static int on_peer(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct control_peer *peer = context;

	(void)source;
	(void)fd;
	hub_read_clock(peer->owner->hub);
	if (serve(peer, events) < 0)
		drop(peer);
	return 0;
}

/* ---- who comes ---- */

/*
 * Whether there is room for one more connection of this peer. Those who may nothing count as one
 * user: however many they are, they leave room for the others.
 */
static bool has_room(const struct control_socket *socket, const struct peer *peer)
{
	bool stranger = !control_permits(peer->right);
	unsigned of_user = 0;

	for (const struct control_peer *one = socket->peers; one; one = one->next)
		of_user += stranger ? !control_permits(one->peer.right)
				    : one->peer.uid == peer->uid;
	return socket->count < CONTROL_PEERS_MAX &&
	       (peer->right == PEER_ALL || of_user < CONTROL_PEERS_OF_USER);
}

/* If it does not fit at once it is lost. */
static void turn_away(int fd)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };

	control_fail(&answer, "busy", "There are too many connections to this socket");
	if (buffer_status(&answer) == 0)
		(void)!send(fd, answer.data, answer.len, MSG_NOSIGNAL);
}

/* Takes the descriptor over, also on failure. */
static int add_peer(struct control_socket *socket, int fd, const struct peer *who)
{
	_cleanup_(freeing_control_peer_free) struct control_peer *peer = calloc(1, sizeof(*peer));
	int r = peer ? 0 : -ENOMEM;

	if (r == 0) {
		*peer = (struct control_peer){ .owner = socket, .peer = *who };
		r = sd_event_add_io(socket->event, &peer->source, fd, EPOLLIN, on_peer, peer);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	sd_event_source_set_io_fd_own(peer->source, 1);
	r = sd_event_add_time_relative(socket->event, &peer->timer, CLOCK_MONOTONIC,
		(uint64_t)socket->patience * SECOND_USEC, 0, on_patience_over, peer);
	if (r < 0)
		return r;
	peer->next = socket->peers;
	socket->peers = take(peer);
	socket->count++;
	return 0;
}

/*
 * Without a descriptor left one peer still gets in, by the spare one: that is when somebody may
 * want to know. Returns the descriptor, or -1.
 */
static int accept_peer(struct control_socket *socket, int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE) && socket->spare_fd >= 0) {
		close(take_fd(&socket->spare_fd));
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	}
	if (socket->spare_fd < 0)
		socket->spare_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
	return fd;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct control_socket *socket = context;
	_cleanup_(closing_fd) int peer_fd = accept_peer(socket, fd);
	struct peer peer;

	(void)source;
	(void)events;
	if (peer_fd < 0 || peer_identify(&socket->rules, peer_fd, &peer) < 0)
		return 0;
	if (has_room(socket, &peer))
		add_peer(socket, take_fd(&peer_fd), &peer);
	else
		turn_away(peer_fd);
	return 0;
}

/* ---- the whole ---- */

static int find_rules(struct control_socket *socket)
{
	_cleanup_(buffer_release) struct buffer unknown = { 0 };
	int r = peer_rules_init(&socket->rules, socket->hub->config, &unknown);

	if (r == 0 && unknown.len > 0)
		log_warning("[store] api-users: there is no user %s", buffer_string(&unknown));
	return r;
}

static int add_listener(struct control_socket *socket, int listen_fd)
{
	int flags = fcntl(listen_fd, F_GETFL); /* systemd hands over sockets that block */
	int r;

	r = sd_event_add_io(socket->event, &socket->listener, listen_fd, EPOLLIN, on_connection,
		socket);
	if (r < 0) {
		close(listen_fd);
		return r;
	}
	sd_event_source_set_io_fd_own(socket->listener, 1);
	r = sd_event_source_set_ratelimit(socket->listener, SECOND_USEC, ACCEPTS_MAX);
	if (r < 0)
		return r;
	return flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int control_socket_new(struct hub *hub, sd_event *event, int listen_fd, const char *path,
	unsigned patience, struct control_socket **ret_socket)
{
	_cleanup_(freeing_control_socket_free) struct control_socket *socket =
		calloc(1, sizeof(*socket));
	int r;

	if (!socket) {
		close(listen_fd);
		return -ENOMEM;
	}
	*socket = (struct control_socket){
		.hub = hub,
		.event = event,
		.path = path,
		.patience = patience,
		.spare_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0),
	};
	r = add_listener(socket, listen_fd);
	if (r == 0)
		r = find_rules(socket);
	if (r == 0)
		*ret_socket = take(socket);
	return r;
}

int control_socket_fd(const struct control_socket *socket)
{
	return sd_event_source_get_io_fd(socket->listener);
}

struct control_socket *control_socket_free(struct control_socket *socket)
{
	if (!socket)
		return NULL;
	while (socket->peers)
		drop(socket->peers);
	if (socket->path)
		unlink(socket->path);
	sd_event_source_disable_unref(socket->listener);
	closing_fd(&socket->spare_fd);
	peer_rules_release(&socket->rules);
	free(socket);
	return NULL;
}
