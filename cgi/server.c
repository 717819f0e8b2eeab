/*
 * The FastCGI and CGI side of a program.
 *
 * libfcgi parses and writes the records of a connection, and nothing more: it is
 * given connections that were accepted here. So a worker can wait for its
 * listening socket and for signals at once, a peer that stalls is given up after
 * a time, and a connection ends without the two seconds that libfcgi would wait
 * for its peer.
 *
 * A connection carries one request, whatever FCGI_KEEP_CONN says: with a process
 * a request, one kept open would be a worker kept busy.
 */
#include "cgi/server.h"

#include "lib/log.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	PEER_TIMEOUT_S = 5,   /* of one read or write */
	DRAIN_MAX = 64 << 20, /* bytes of a refused body that are read and dropped */
	DRAIN_CHUNK = 16384,
	CHUNK = 8192,
	LARGE_BODY = 1 << 20,
};

/* Where a body comes from: bytes read, 0 at the end, -1 on failure. */
typedef ssize_t read_body(void *source, char *to, size_t n);

static ssize_t read_fastcgi(void *source, char *to, size_t n)
{
	FCGX_Stream *in = source;
	int got = FCGX_GetStr(to, (int)n, in);

	return got == 0 && FCGX_GetError(in) != 0 ? -1 : got;
}

static ssize_t read_standard_input(void *source, char *to, size_t n)
{
	ssize_t got;

	(void)source;
	do
		got = read(STDIN_FILENO, to, n);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Reads up to `max` bytes; *ret_more says whether there may be others. */
static int gather(read_body *read_some, void *source, size_t max, struct buffer *to, bool *ret_more)
{
	*ret_more = true;
	while (to->len < max) {
		size_t wanted = max - to->len < CHUNK ? max - to->len : CHUNK;
		char *at = buffer_reserve(to, wanted);
		ssize_t got;

		if (!at)
			return -ENOMEM;
		got = read_some(source, at, wanted);
		if (got < 0)
			return -EIO;
		if (got == 0) {
			*ret_more = false;
			return 0;
		}
		to->len += (size_t)got;
	}
	return 0;
}

/* A body of unknown length ends where its source does. */
static enum http_body read_to_end(read_body *read_some, void *source, size_t max, struct buffer *to)
{
	bool more;

	if (gather(read_some, source, max + 1, to, &more) < 0)
		return HTTP_BODY_BROKEN;
	return to->len > max ? HTTP_BODY_TOO_LARGE : HTTP_BODY_WHOLE;
}

static enum http_body read_exactly(read_body *read_some, void *source, size_t len,
	struct buffer *to)
{
	bool more;

	if (gather(read_some, source, len, to, &more) < 0 || to->len < len)
		return HTTP_BODY_BROKEN;
	return HTTP_BODY_WHOLE;
}

/*
 * Reads the body. Where the length is not told it may be there all the same, by
 * chunked transfer; plain CGI says nothing then, and its input may never end, so
 * there the transfer coding must be told.
 */
static void take_body(const struct server *server, read_body *read_some, void *source,
	struct http_request *request, struct buffer *to)
{
	const char *length = http_text(request, "CONTENT_LENGTH");
	bool told = read_some == read_fastcgi || *http_text(request, "HTTP_TRANSFER_ENCODING");
	size_t max = server->body_limit(server->context, request);
	uint64_t len;

	if (!*length && !told)
		request->body_state = HTTP_BODY_WHOLE;
	else if (!*length)
		request->body_state = read_to_end(read_some, source, max, to);
	else if (http_number_parse(slice_of(length), 0, UINT64_MAX, &len) < 0)
		request->body_state = HTTP_BODY_BROKEN;
	else if (len > max)
		request->body_state = HTTP_BODY_TOO_LARGE;
	else
		request->body_state = read_exactly(read_some, source, len, to);
	if (request->body_state == HTTP_BODY_WHOLE)
		request->body = buffer_slice(to);
}

/*
 * Some web servers drop the answer when they cannot deliver a body that they have taken, and
 * some take a body no further once they have the answer: so its end comes first.
 */
static void drain(read_body *read_some, void *source)
{
	char dropped[DRAIN_CHUNK];
	size_t total = 0;
	ssize_t n;

	while (total < DRAIN_MAX && (n = read_some(source, dropped, sizeof(dropped))) > 0)
		total += (size_t)n;
}

/* Appends the answer that the handler makes, or one that says that it could not. */
static void make_answer(const struct server *server, const struct http_request *request,
	struct buffer *to)
{
	bool head = strcmp(http_text(request, "REQUEST_METHOD"), "HEAD") == 0;
	_cleanup_(answer_release) struct answer answer = { 0 };

	server->handle(server->context, request, &answer);
	assert(answer.status != 0);
	if (answer_format(to, &answer, head) == 0)
		return;
	buffer_clear(to);
	buffer_append_string(to, "Status: 503 Service Unavailable\r\n"
				 "Content-Type: application/json\r\n"
				 "Retry-After: 1\r\n\r\n"
				 "{\"error\":\"The service is short of memory\","
				 "\"code\":\"unavailable\"}");
}

/* Returns the size of the body. */
static size_t answer_fastcgi(const struct server *server, FCGX_Request *fastcgi)
{
	struct http_request request = { .variables = fastcgi->envp };
	_cleanup_(buffer_release) struct buffer body = { 0 };
	_cleanup_(buffer_release) struct buffer output = { 0 };

	take_body(server, read_fastcgi, fastcgi->in, &request, &body);
	make_answer(server, &request, &output);
	/* To the record that ends the body, too: mod_proxy_fcgi may write it late */
	drain(read_fastcgi, fastcgi->in);
	FCGX_PutStr(output.data, (int)output.len, fastcgi->out);
	return request.body.len;
}

/* Many workers wait for few large requests: what one took goes back to the system. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static void set_timeouts(int fd)
{
	struct timeval limit = { .tv_sec = PEER_TIMEOUT_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* Takes the descriptor over. */
static void serve_connection(const struct server *server, int connection_fd)
{
	FCGX_Request fastcgi;
	size_t body;

	set_timeouts(connection_fd);
	/* Without a socket to listen at, libfcgi cannot go on to another connection */
	FCGX_InitRequest(&fastcgi, -1, 0);
	fastcgi.ipcFd = connection_fd;
	fastcgi.keepConnection = 1; /* or it would be closed before it is read */
	if (FCGX_Accept_r(&fastcgi) != 0) {
		log_warning("a connection brought no request");
		return; /* libfcgi has closed it */
	}
	body = answer_fastcgi(server, &fastcgi);
	fastcgi.keepConnection = 1; /* the descriptor is closed here */
	FCGX_Finish_r(&fastcgi);
	if (fastcgi.ipcFd >= 0)
		close(fastcgi.ipcFd);
	if (body > LARGE_BODY)
		give_back_memory();
}

/* Accepts one connection and serves it. Another worker may have been faster. */
static int accept_connection(const struct server *server, int listen_fd)
{
	int connection_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (connection_fd >= 0) {
		serve_connection(server, connection_fd);
		return 0;
	}
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
		return 0;
	default:
		return -errno;
	}
}

static int open_signals(int *ret_signal_fd)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret_signal_fd = fd;
	return 0;
}

static int take_signal(int signal_fd)
{
	struct signalfd_siginfo info;

	return read(signal_fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

/* EPOLLEXCLUSIVE: a connection wakes one waiting worker, not all. */
static int watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int accept_until_signal(const struct server *server, int listen_fd, int signal_fd,
	int epoll_fd)
{
	for (;;) {
		struct epoll_event events[2];
		int wait = server->tick ? server->tick(server->context) : -1;
		int n = epoll_wait(epoll_fd, events, ARRAY_LENGTH(events), wait);
		int r = 0;

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && r == 0; i++)
			if (events[i].data.fd == signal_fd)
				r = take_signal(signal_fd);
		for (int i = 0; i < n && r == 0; i++)
			if (events[i].data.fd == listen_fd)
				r = accept_connection(server, listen_fd);
		if (r != 0)
			return r;
	}
}

int server_accept(const struct server *server, int listen_fd)
{
	_cleanup_(closing_fd) int epoll_fd = -1;
	_cleanup_(closing_fd) int signal_fd = -1;
	int flags = fcntl(listen_fd, F_GETFL);
	int r;

	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error of write() */
	if (FCGX_Init() != 0)
		return -ENOMEM;
	r = open_signals(&signal_fd);
	if (r < 0)
		return r;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -errno;
	r = watch(epoll_fd, signal_fd, EPOLLIN);
	if (r == 0)
		r = watch(epoll_fd, listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
	return r < 0 ? r : accept_until_signal(server, listen_fd, signal_fd, epoll_fd);
}

static int write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text.data += n;
		text.len -= (size_t)n;
	}
	return 0;
}

int server_answer_cgi(const struct server *server, char *const *environment)
{
	struct http_request request = { .variables = environment };
	_cleanup_(buffer_release) struct buffer body = { 0 };
	_cleanup_(buffer_release) struct buffer output = { 0 };
	int r;

	signal(SIGPIPE, SIG_IGN);
	take_body(server, read_standard_input, NULL, &request, &body);
	make_answer(server, &request, &output);
	r = write_all(STDOUT_FILENO, buffer_slice(&output));
	if (request.body_state == HTTP_BODY_TOO_LARGE)
		drain(read_standard_input, NULL);
	return r;
}
