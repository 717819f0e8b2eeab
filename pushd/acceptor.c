/*
 * New connections, see acceptor.h.
 *
 * Those that speak for a user, and those that may yet, have so many places as are configured,
 * or as the system gives descriptors for. Whoever is on the way out has none: some may linger
 * in a room of their own, from which the oldest goes first. So nobody is kept out by such as
 * were refused or closed, however many; and whoever finds no place is one of those, and gets
 * a proper answer.
 *
 * Of those that are not authenticated there are max-unauthenticated at most. One more takes
 * the place of the one that has taken longest, and does so also where all places are taken.
 */
#include "pushd/acceptor.h"

#include "lib/log.h"
#include "pushd/conversation.h"
#include "pushd/handshake.h"
#include "pushd/request.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
	ROUND_ACCEPTS = 64,	 /* connections taken in one round */
	LEAVERS_ROOM = 32,	 /* clients beyond the places, on their way out; at most */
	OWN_DESCRIPTORS = 64,	 /* for the store, its log, control and an upgrade; at most */
	PAUSE_USEC = 100 * 1000, /* after accepting has failed */
	FULL_SECONDS = 60,	 /* between two lines of the log that say so */
};

struct acceptor {
	struct hub *hub;
	size_t descriptors;  /* that clients with a place may have … */
	size_t leavers_room; /* … and those on their way out, beside them */
	int spare_fd;	     /* given up to refuse one client when there are no descriptors left */
	sd_event_source *pause;
	uint32_t told;	  /* seconds of the loop's clock: the log last said that all is full … */
	unsigned refused; /* … and so many were refused since */
	size_t count;
	sd_event_source *sources[]; /* each owns its listening socket */
};

/* ---- places ---- */

/* Each client is a descriptor: as many as the system lets us have. */
static size_t descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : (size_t)limit.rlim_cur;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Divides the descriptors among the clients and all that must go on, whoever comes. */
static void divide_descriptors(struct acceptor *acceptor, size_t limit, size_t listeners)
{
	size_t own = smaller(OWN_DESCRIPTORS + listeners, limit / 4);

	acceptor->leavers_room = smaller(LEAVERS_ROOM, limit / 8);
	acceptor->descriptors = limit - own - acceptor->leavers_room;
}

static size_t places(const struct acceptor *acceptor)
{
	return smaller(acceptor->hub->config->push.max_connections, acceptor->descriptors);
}

static size_t taken_places(const struct hub *hub)
{
	return hub->clients.count - hub->leavers.count;
}

static bool has_place(const struct acceptor *acceptor)
{
	return taken_places(acceptor->hub) < places(acceptor);
}

/* Makes a place for one more; false if all are taken, and by users. */
static bool make_place(struct acceptor *acceptor)
{
	struct hub *hub = acceptor->hub;
	struct session *oldest = newcomers_oldest(&hub->newcomers);
	bool crowded = hub->newcomers.count >= hub->config->push.max_unauthenticated;

	if (oldest && (crowded || !has_place(acceptor)))
		request_evict(hub, oldest);
	return has_place(acceptor);
}

/* Lets the oldest of those that are on their way out go at once, for one more client. */
static void hasten_leavers(struct acceptor *acceptor)
{
	struct hub *hub = acceptor->hub;

	while (hub->leavers.count > 0 &&
		hub->clients.count >= places(acceptor) + acceptor->leavers_room)
		hub_kill(hub, newcomers_oldest(&hub->leavers));
}

static void tell_full(struct acceptor *acceptor, const char *reason)
{
	uint32_t now = acceptor->hub->now;

	acceptor->refused++;
	if (now - acceptor->told < FULL_SECONDS)
		return;
	log_event(LOG_LEVEL_WARNING, LOG_CLIENTS_FULL, NULL,
		"%s: %u clients were refused; %zu are connected, of at most %zu", reason,
		acceptor->refused, taken_places(acceptor->hub), places(acceptor));
	acceptor->told = now;
	acceptor->refused = 0;
}

/* ---- one connection ---- */

static struct session *add_session(struct hub *hub, int client_fd, struct address address)
{
	struct session *session = session_new(client_fd);

	if (!session) {
		close(client_fd);
		return NULL;
	}
	session->address = address;
	if (clients_add(&hub->clients, session) < 0)
		return session_free(session);
	hub->statistics.opened++;
	if (hub_watch(hub, session) == 0)
		return session;
	hub_kill(hub, session);
	return NULL;
}

static void take_client(struct acceptor *acceptor, int client_fd, struct address address)
{
	struct hub *hub = acceptor->hub;
	bool welcome = make_place(acceptor);
	struct session *session;

	hasten_leavers(acceptor);
	session = add_session(hub, client_fd, address);
	if (!session)
		return;
	if (welcome) {
		conversation_begin(hub, session);
	} else {
		tell_full(acceptor, "all places are taken");
		request_refuse(hub, session);
	}
}

static int accept_client(int listen_fd, struct address *ret_address)
{
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);
	int client_fd;

	do
		client_fd = accept4(listen_fd, (struct sockaddr *)&peer, &len,
			SOCK_CLOEXEC | SOCK_NONBLOCK);
	while (client_fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	*ret_address = address_of_peer(&peer);
	return client_fd < 0 ? -errno : client_fd;
}

/*
 * Out of descriptors: takes one connection by the spare one, so that it is answered. It is not
 * waited for; what it has sent is read, since closing would take the answer back otherwise.
 * Returns 0, or -errno if not even that is possible.
 */
static int refuse_with_spare(struct acceptor *acceptor, int listen_fd)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };
	char request[HANDSHAKE_MAX];
	struct address address;
	int client_fd;

	close(take_fd(&acceptor->spare_fd));
	client_fd = accept_client(listen_fd, &address);
	if (client_fd >= 0) {
		tell_full(acceptor, "no descriptor is left");
		statistics_refused(&acceptor->hub->statistics, "full");
		request_write_refusal(&answer);
		send(client_fd, answer.data, answer.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		shutdown(client_fd, SHUT_WR);
		recv(client_fd, request, sizeof(request), MSG_DONTWAIT);
		close(client_fd);
	}
	acceptor->spare_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
	return client_fd < 0 ? client_fd : 0;
}

static int accept_one(struct acceptor *acceptor, int listen_fd)
{
	struct address address;
	int r = accept_client(listen_fd, &address);

	if ((r == -EMFILE || r == -ENFILE) && acceptor->spare_fd >= 0)
		return refuse_with_spare(acceptor, listen_fd);
	if (r >= 0)
		take_client(acceptor, r, address);
	return r < 0 ? r : 0;
}

/* ---- listeners ---- */

static int set_listening(struct acceptor *acceptor, int enabled)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < acceptor->count; i++)
		r = sd_event_source_set_enabled(acceptor->sources[i], enabled);
	return r;
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *context)
{
	struct acceptor *acceptor = context;

	(void)source;
	(void)usec;
	if (acceptor->spare_fd < 0 && acceptor->count > 0)
		acceptor->spare_fd =
			fcntl(sd_event_source_get_io_fd(acceptor->sources[0]), F_DUPFD_CLOEXEC, 0);
	return set_listening(acceptor, SD_EVENT_ON);
}

/* What the system lacks to accept will lack for a while: trying again at once would only spin. */
static int begin_pause(struct acceptor *acceptor)
{
	int r = set_listening(acceptor, SD_EVENT_OFF);

	if (r >= 0)
		r = sd_event_source_set_time_relative(acceptor->pause, PAUSE_USEC);
	return r < 0 ? r : sd_event_source_set_enabled(acceptor->pause, SD_EVENT_ONESHOT);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct acceptor *acceptor = context;
	int r = 0;

	(void)source;
	(void)revents;
	hub_read_clock(acceptor->hub);
	for (int i = 0; r == 0 && i < ROUND_ACCEPTS; i++)
		r = accept_one(acceptor, fd);
	hub_bury(acceptor->hub);
	return r == 0 || r == -EAGAIN ? 0 : begin_pause(acceptor);
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

static int add_pause(struct acceptor *acceptor, sd_event *event)
{
	int r = sd_event_add_time_relative(event, &acceptor->pause, CLOCK_MONOTONIC, PAUSE_USEC, 0,
		on_pause_over, acceptor);

	return r < 0 ? r : sd_event_source_set_enabled(acceptor->pause, SD_EVENT_OFF);
}

static void warn_of_limit(const struct acceptor *acceptor, size_t limit)
{
	unsigned configured = acceptor->hub->config->push.max_connections;

	if (acceptor->descriptors < configured)
		log_event(LOG_LEVEL_WARNING, LOG_DESCRIPTORS_FEW, NULL,
			"max-connections is %u, but %zu descriptors, which is what the system "
			"allows, are enough for %zu: raise LimitNOFILE of the unit, or ulimit -n",
			configured, limit, acceptor->descriptors);
}

int acceptor_new(struct hub *hub, sd_event *event, const int *listen_fds, size_t count,
	struct acceptor **ret_acceptor)
{
	_cleanup_(freeing_acceptor_free) struct acceptor *acceptor =
		calloc(1, sizeof(*acceptor) + count * sizeof(acceptor->sources[0]));
	size_t limit = hub->descriptors = descriptor_limit();
	size_t i = 0;
	int r = -ENOMEM;

	if (acceptor) {
		*acceptor = (struct acceptor){
			.hub = hub,
			.spare_fd = count > 0 ? fcntl(listen_fds[0], F_DUPFD_CLOEXEC, 0) : -1,
			.told = hub->now - FULL_SECONDS,
		};
		divide_descriptors(acceptor, limit, count);
		r = add_pause(acceptor, event);
	}
	for (; r == 0 && i < count; i++)
		r = add_listener(acceptor, event, listen_fds[i]);
	for (; i < count; i++)
		close(listen_fds[i]);
	if (r < 0)
		return r;
	warn_of_limit(acceptor, limit);
	*ret_acceptor = take(acceptor);
	return 0;
}

int acceptor_pause(struct acceptor *acceptor, bool paused)
{
	int r = sd_event_source_set_enabled(acceptor->pause, SD_EVENT_OFF);

	if (r >= 0)
		r = set_listening(acceptor, paused ? SD_EVENT_OFF : SD_EVENT_ON);
	return r < 0 ? r : 0;
}

size_t acceptor_count(const struct acceptor *acceptor)
{
	return acceptor->count;
}

int acceptor_fd(const struct acceptor *acceptor, size_t index)
{
	return sd_event_source_get_io_fd(acceptor->sources[index]);
}

struct acceptor *acceptor_free(struct acceptor *acceptor)
{
	if (!acceptor)
		return NULL;
	sd_event_source_unref(acceptor->pause);
	for (size_t i = 0; i < acceptor->count; i++)
		sd_event_source_unref(acceptor->sources[i]);
	closing_fd(&acceptor->spare_fd);
	free(acceptor);
	return NULL;
}
