/*
 * A WebSocket echo server of the daemon's own handshake and frame codec, for
 * conformance suites: ws-echo PORT, on the loopback address; 0 picks a port. It
 * prints the port once it listens, and ends on SIGTERM or SIGINT.
 *
 * Texts and binary messages up to 16 MiB come back as they are, pings are
 * answered, closes are returned. A client that does not read its echoes is not
 * read from. There is no time limit on anything: this is for tests.
 */
#include "lib/result.h"
#include "pushd/handshake.h"
#include "pushd/websocket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

enum {
	MESSAGE_MAX = 16 << 20,
	READ_SIZE = 65536,
	OUTPUT_HIGH = 1 << 20, /* bytes waiting above which a client is not read from */
	EVENTS = 64,
};

struct client {
	int fd;
	bool upgraded;
	bool closing; /* what is in `out` is the last; input is read and dropped */
	bool shut;    /* it was sent */
	struct buffer head;
	struct buffer out;
	struct websocket websocket;
	struct client *next;
	struct client **link; /* what points to this one */
};

struct server {
	int epoll_fd;
	int listen_fd;
	int signal_fd;
	struct client *clients;
	uint8_t input[READ_SIZE]; /* shared by all */
};

static void client_free(struct client *client)
{
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	close(client->fd);
	buffer_release(&client->head);
	buffer_release(&client->out);
	websocket_release(&client->websocket);
	free(client);
}

static void accept_client(struct server *server)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct client *client;
	int fd;

	fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	client = calloc(1, sizeof(*client));
	event.data.ptr = client;
	if (!client || epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(client);
		close(fd);
		return;
	}
	client->fd = fd;
	client->next = server->clients;
	client->link = &server->clients;
	if (client->next)
		client->next->link = &client->next;
	server->clients = client;
}

static void answer(struct client *client, const struct websocket_event *event)
{
	switch (event->kind) {
	case WEBSOCKET_TEXT:
	case WEBSOCKET_BINARY:
		websocket_append(&client->out, event->kind, event->payload);
		break;
	case WEBSOCKET_PING:
		websocket_append(&client->out, WEBSOCKET_PONG, event->payload);
		break;
	case WEBSOCKET_CLOSE:
		websocket_append_close(&client->out, event->code, (struct slice){ 0 });
		client->closing = true;
		break;
	case WEBSOCKET_FAILURE:
		websocket_append_close(&client->out, event->code, event->payload);
		client->closing = true;
		break;
	case WEBSOCKET_PONG:
	case WEBSOCKET_NOTHING:
		break;
	}
}

static int take_frames(struct client *client, uint8_t *data, size_t len)
{
	struct websocket_input input = { .data = data, .len = len };
	struct websocket_event event;
	int r;

	do {
		r = websocket_next(&client->websocket, &input, MESSAGE_MAX, &event);
		if (r < 0)
			return r;
		answer(client, &event);
	} while (event.kind != WEBSOCKET_NOTHING);
	return buffer_status(&client->out);
}

static int take_request(struct client *client, const uint8_t *data, size_t len)
{
	struct handshake_request request;
	size_t seen = client->head.len, head_len = 0;
	int r;

	buffer_append(&client->head, data, len);
	if (buffer_status(&client->head) < 0)
		return buffer_status(&client->head);
	r = handshake_parse(buffer_slice(&client->head), seen, &request, &head_len);
	if (r == HANDSHAKE_INCOMPLETE)
		return 0;
	if (r == 0)
		r = handshake_check_upgrade(&request);
	if (r > 0) {
		handshake_refuse_error(&client->out, (enum handshake_error)r);
		client->closing = true;
		return buffer_status(&client->out);
	}
	r = handshake_accept(&client->out, &request);
	if (r < 0)
		return r;
	client->upgraded = true;
	r = take_frames(client, (uint8_t *)client->head.data + head_len,
		client->head.len - head_len);
	buffer_release(&client->head);
	return r;
}

/* Returns 0, or -errno when the client is gone. */
static int read_client(struct server *server, struct client *client)
{
	ssize_t n = read(client->fd, server->input, sizeof(server->input));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ENOTCONN;
	if (client->closing)
		return 0;
	if (client->upgraded)
		return take_frames(client, server->input, (size_t)n);
	return take_request(client, server->input, (size_t)n);
}

static int write_client(struct client *client)
{
	ssize_t n;

	if (client->out.len > 0) {
		n = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		buffer_consume(&client->out, (size_t)n);
	}
	if (client->out.len > 0)
		return 0;
	buffer_release(&client->out);
	if (client->closing && !client->shut) {
		client->shut = true;
		return shutdown(client->fd, SHUT_WR) < 0 ? -errno : 0;
	}
	return 0;
}

static int serve_client(struct server *server, struct client *client, uint32_t ready)
{
	struct epoll_event event = { .data.ptr = client };
	int r = 0;

	if (ready & (EPOLLIN | EPOLLHUP | EPOLLERR) && client->out.len <= OUTPUT_HIGH)
		r = read_client(server, client);
	if (r == 0)
		r = write_client(client);
	if (r < 0)
		return r;
	if (client->out.len <= OUTPUT_HIGH)
		event.events |= EPOLLIN;
	if (client->out.len > 0)
		event.events |= EPOLLOUT;
	return epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) < 0 ? -errno : 0;
}

static int server_loop(struct server *server)
{
	struct epoll_event events[EVENTS];
	int n;

	for (;;) {
		n = epoll_wait(server->epoll_fd, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct client *client = events[i].data.ptr;

			if (events[i].data.ptr == &server->signal_fd)
				return 0;
			if (events[i].data.ptr == &server->listen_fd)
				accept_client(server);
			else if (serve_client(server, client, events[i].events) < 0)
				client_free(client);
		}
	}
}

static int listen_on(uint16_t port, int *ret_fd)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	_cleanup_(closing_fd) int fd = -1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) < 0 ||
		bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, SOMAXCONN) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int watch(struct server *server, int *fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = fd };

	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, *fd, &event) < 0 ? -errno : 0;
}

static int server_open(struct server *server, uint16_t port)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	server->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->signal_fd < 0 || server->epoll_fd < 0)
		return -errno;
	r = listen_on(port, &server->listen_fd);
	if (r == 0)
		r = watch(server, &server->listen_fd);
	if (r == 0)
		r = watch(server, &server->signal_fd);
	return r;
}

static void server_release(struct server *server)
{
	struct client *next;

	for (struct client *client = server->clients; client; client = next) {
		next = client->next;
		client_free(client);
	}
	closing_fd(&server->listen_fd);
	closing_fd(&server->epoll_fd);
	closing_fd(&server->signal_fd);
}

int main(int argc, char *argv[])
{
	static struct server server = { .epoll_fd = -1, .listen_fd = -1, .signal_fd = -1 };
	char *end;
	unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
	int r;

	if (argc != 2 || *end || end == argv[1] || port > UINT16_MAX) {
		fprintf(stderr, "usage: ws-echo PORT\n");
		return 2;
	}
	r = server_open(&server, (uint16_t)port);
	if (r == 0)
		r = server_loop(&server);
	if (r < 0)
		fprintf(stderr, "ws-echo: %s\n", strerror(-r));
	server_release(&server);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
