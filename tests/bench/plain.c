/* The plain server, see plain.h. */
#include "tests/bench/plain.h"

#include "pushd/handshake.h"
#include "tests/bench/loopback.h"
#include "tests/bench/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { EVENTS = 256, ROUND_ACCEPTS = 64, HEAD_MAX = 16384 };

struct plain {
	struct sockaddr_in address;
	pid_t pid;
	int send_fd; /* a socket that keeps the bounds of what is to be sent */
};

/* What the process has. */
struct loop {
	int listen_fd, order_fd, epoll_fd;
	bool *is_client; /* by descriptor */
	unsigned size;
	struct buffer answer;
};

static int watch(struct loop *loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void accept_clients(struct loop *loop)
{
	for (int i = 0; i < ROUND_ACCEPTS; i++) {
		int fd = accept4(loop->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if ((unsigned)fd >= loop->size || watch(loop, fd) < 0)
			close(fd);
		else
			loop->is_client[fd] = true;
	}
}

/* A request without a key gets no answer. */
static void answer_head(struct loop *loop, int fd, struct slice head)
{
	static const char name[] = "Sec-WebSocket-Key: ";
	static const char end[] = "\r\n\r\n";
	struct handshake_request request = { .protocol_offered = true };
	const char *key = memmem(head.data, head.len, name, sizeof(name) - 1);

	if (!key || !memmem(head.data, head.len, end, sizeof(end) - 1))
		return;
	request.websocket_key.data = key + sizeof(name) - 1;
	request.websocket_key.len = strcspn(request.websocket_key.data, "\r");
	buffer_clear(&loop->answer);
	if (handshake_accept(&loop->answer, &request) == 0)
		send(fd, loop->answer.data, loop->answer.len, MSG_NOSIGNAL);
}

static void receive(struct loop *loop, int fd)
{
	char head[HEAD_MAX];
	ssize_t n = recv(fd, head, sizeof(head), 0);

	if (n > 0) {
		answer_head(loop, fd, (struct slice){ head, (size_t)n });
	} else if (n == 0 || errno != EAGAIN) {
		loop->is_client[fd] = false;
		close(fd);
	}
}

/* The loop that a broadcast is measured by. */
static void send_to_all(struct loop *loop)
{
	char bytes[PLAIN_MAX];
	ssize_t n = recv(loop->order_fd, bytes, sizeof(bytes), 0);

	if (n <= 0)
		_exit(0);
	for (unsigned fd = 0; fd < loop->size; fd++)
		if (loop->is_client[fd] && write((int)fd, bytes, (size_t)n) != n)
			_exit(1);
}

static void run(struct loop *loop)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(loop->epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == loop->listen_fd)
				accept_clients(loop);
			else if (fd == loop->order_fd)
				send_to_all(loop);
			else
				receive(loop, fd);
		}
	}
}

/* What the new process does. */
static void become_server(int listen_fd, int order_fd, unsigned clients, pid_t parent)
{
	struct loop loop = { .listen_fd = listen_fd, .order_fd = order_fd };
	struct rlimit limit;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (getppid() != parent || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		_exit(1);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop.size = clients + 64; /* descriptors of other things */
	loop.is_client = calloc(loop.size, sizeof(loop.is_client[0]));
	if (loop.epoll_fd < 0 || !loop.is_client || watch(&loop, listen_fd) < 0 ||
		watch(&loop, order_fd) < 0 || fcntl(listen_fd, F_SETFL, O_NONBLOCK) < 0)
		_exit(1);
	run(&loop);
}

int plain_new(unsigned clients, struct plain **ret_plain)
{
	_cleanup_(freeing_plain_free) struct plain *plain = calloc(1, sizeof(*plain));
	_cleanup_(closing_fd) int listen_fd = plain ? loopback_listen(&plain->address) : -ENOMEM;
	_cleanup_(closing_fd) int order_fd = -1;
	pid_t parent = getpid();
	int fds[2];

	if (listen_fd < 0)
		return listen_fd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	plain->send_fd = fds[0];
	order_fd = fds[1];
	plain->pid = fork();
	if (plain->pid == 0)
		become_server(listen_fd, order_fd, clients, parent);
	if (plain->pid < 0)
		return -errno;
	*ret_plain = take(plain);
	return 0;
}

struct plain *plain_free(struct plain *plain)
{
	if (!plain)
		return NULL;
	process_end(plain->pid, SIGKILL);
	if (plain->send_fd > 0)
		close(plain->send_fd);
	free(plain);
	return NULL;
}

struct sockaddr_in plain_address(const struct plain *plain)
{
	return plain->address;
}

pid_t plain_pid(const struct plain *plain)
{
	return plain->pid;
}

int plain_send(struct plain *plain, struct slice bytes)
{
	return send(plain->send_fd, bytes.data, bytes.len, 0) < 0 ? -errno : 0;
}
