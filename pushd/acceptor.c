/* New connections, see acceptor.h. */
#include "pushd/acceptor.h"

#include "pushd/conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
	ROUND_ACCEPTS = 64,    /* connections taken in one round */
	DESCRIPTORS_KEPT = 16, /* of those there can be: for the store, and for its log */
};

struct acceptor {
	struct hub *hub;
	int spare_fd; /* given up to refuse one client when there are no descriptors left */
	int fd_limit; /* clients' descriptors are below this */
	size_t count;
	sd_event_source *sources[]; /* each owns its listening socket */
};

static void add_client(struct hub *hub, int client_fd)
{
	struct session *session = session_new(client_fd);

	if (!session || clients_add(&hub->clients, session) < 0) {
		close(client_fd);
		free(session);
		return;
	}
	if (hub_watch(hub, session) < 0)
		hub_kill(hub, session);
	else
		conversation_begin(hub, session);
}

/* One client too many gets a short answer instead of silence. */
static void refuse_client(int client_fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Retry-After: 10\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

	send(client_fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(client_fd, SHUT_WR);
	close(client_fd);
}

/* Out of descriptors: takes one connection by the spare one, so that it is answered. */
static void refuse_with_spare(struct acceptor *acceptor, int listen_fd)
{
	int client_fd;

	closing_fd(&acceptor->spare_fd);
	client_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client_fd >= 0)
		refuse_client(client_fd);
	acceptor->spare_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
}

/* The lowest free descriptor is taken first: one this high tells that few are left. */
static bool is_full(const struct acceptor *acceptor, int client_fd)
{
	const struct hub *hub = acceptor->hub;

	return hub->clients.count >= hub->config->push.max_connections ||
	       client_fd >= acceptor->fd_limit;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct acceptor *acceptor = context;
	struct hub *hub = acceptor->hub;

	(void)source;
	(void)revents;
	hub_read_clock(hub);
	for (int i = 0; i < ROUND_ACCEPTS; i++) {
		int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client_fd < 0 && (errno == EMFILE || errno == ENFILE))
			refuse_with_spare(acceptor, fd);
		if (client_fd < 0)
			break;
		if (is_full(acceptor, client_fd))
			refuse_client(client_fd);
		else
			add_client(hub, client_fd);
	}
	hub_bury(hub);
	return 0;
}

static int add_listener(struct acceptor *acceptor, sd_event *event, int listen_fd)
{
	_cleanup_(sd_event_source_unrefp) sd_event_source *source = NULL;
	int flags = fcntl(listen_fd, F_GETFL); /* systemd hands over sockets that block */
	int r, on = 1;

	r = sd_event_add_io(event, &source, listen_fd, EPOLLIN, on_connection, acceptor);
	if (r < 0) {
		close(listen_fd);
		return r;
	}
	sd_event_source_set_io_fd_own(source, 1);
	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	/* Clients inherit it; on unix sockets there is nothing to set */
	setsockopt(listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	acceptor->sources[acceptor->count++] = take(source);
	return 0;
}

static int descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > INT_MAX)
		return INT_MAX;
	return (int)limit.rlim_cur - DESCRIPTORS_KEPT;
}

int acceptor_new(struct hub *hub, sd_event *event, const int *listen_fds, size_t count,
	struct acceptor **ret_acceptor)
{
	_cleanup_(freeing_acceptor_free) struct acceptor *acceptor =
		calloc(1, sizeof(*acceptor) + count * sizeof(acceptor->sources[0]));
	size_t i = 0;
	int r = acceptor ? 0 : -ENOMEM;

	if (acceptor)
		*acceptor = (struct acceptor){
			.hub = hub,
			.fd_limit = descriptor_limit(),
			.spare_fd = count > 0 ? fcntl(listen_fds[0], F_DUPFD_CLOEXEC, 0) : -1,
		};
	for (; r == 0 && i < count; i++)
		r = add_listener(acceptor, event, listen_fds[i]);
	for (; i < count; i++)
		close(listen_fds[i]);
	if (r == 0)
		*ret_acceptor = take(acceptor);
	return r;
}

struct acceptor *acceptor_free(struct acceptor *acceptor)
{
	if (!acceptor)
		return NULL;
	for (size_t i = 0; i < acceptor->count; i++)
		sd_event_source_unref(acceptor->sources[i]);
	closing_fd(&acceptor->spare_fd);
	free(acceptor);
	return NULL;
}
