/*
 * Starts and stops the programs under test without guessing how long that takes.
 *
 *	supervise run FIFO PROGRAM [ARGUMENT...]
 *		becomes the program. Once it says READY=1 (sd_notify(3)) a line
 *		"ready" is written to FIFO, or "ended" if it ends before.
 *	supervise activate ADDRESS FIFO PROGRAM [ARGUMENT...]
 *		the same with a listening socket as systemd hands it over, at a
 *		/PATH or, for ADDRESS "port", a free port of 127.0.0.1. The line
 *		is "ready" and the port: connections wait, so the program can be used.
 *		Several have commas between them; NAME=ADDRESS is one with a name.
 *	supervise start FIFO PROGRAM [ARGUMENT...]
 *		the same for a program that does not say when it is ready: the line is
 *		"ready" at once, and the test has to find out.
 *	supervise stop SECONDS PID...
 *		sends SIGTERM to all and waits for their end; fails if one had to be
 *		killed.
 *
 * The program gets SIGTERM when the process whose id is in TEST_OWNER ends: what a
 * test started never outlives it, however that ended.
 */
#include "cgi/endpoint.h"
#include "lib/result.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { LISTEN_FD = 3 };

/* Where the test waits for a line, once it is known. */
static const char *fifo;

static void tell(const char *line)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		perror(fifo);
	if (fd >= 0)
		close(fd);
}

static void die(const char *what)
{
	fprintf(stderr, "supervise: %s: %s\n", what, strerror(errno));
	tell("ended\n");
	exit(1);
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* A datagram socket at an address that the kernel chooses. */
static int open_notify_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	char name[sizeof(address.sun_path) + 1] = "@";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		die("the notify socket");
	len -= (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	memcpy(name + 1, address.sun_path + 1, len);
	name[1 + len] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

/* Whether the datagram that is there says that the program is ready. */
static bool says_ready(int notify_fd)
{
	char text[4096];
	ssize_t n = recv(notify_fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return false;
	text[n] = '\0';
	return strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1");
}

/* Tells when the program is ready (notify_fd -1: somebody has), and ends it with its owner. */
static void watch(pid_t program, int notify_fd, int program_fd, int owner_fd)
{
	struct pollfd waiting[] = {
		{ .fd = owner_fd, .events = POLLIN },
		{ .fd = notify_fd, .events = POLLIN },
		{ .fd = program_fd, .events = POLLIN },
	};
	bool told = notify_fd < 0;

	while (poll(waiting, ARRAY_LENGTH(waiting), -1) > 0) {
		if (waiting[0].revents) {
			kill(program, SIGTERM);
			return;
		}
		if (waiting[1].revents) {
			if (says_ready(notify_fd) && !told) {
				tell("ready\n");
				told = true;
			}
			continue;
		}
		if (waiting[2].revents) {
			if (!told)
				tell("ended\n");
			return;
		}
	}
}

/* Leaves a process behind that is nobody's child and watches what this one becomes. */
static void start_watching(int notify_fd)
{
	const char *owner = getenv("TEST_OWNER");
	int owner_fd = pidfd_of(owner ? atoi(owner) : getppid());
	int program_fd = pidfd_of(getpid());
	pid_t program = getpid(), pid = fork();

	if (owner_fd < 0 || program_fd < 0 || pid < 0)
		die("watching");
	if (pid == 0) {
		if (fork() == 0)
			watch(program, notify_fd, program_fd, owner_fd);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	close(owner_fd);
	close(program_fd);
}

static void become(char **argv)
{
	execvp(argv[0], argv);
	perror(argv[0]); /* whoever watches sees the end */
	exit(127);
}

static int listen_at_any_port(int *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 4096) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &(socklen_t){ sizeof(address) }) < 0)
		die("a port");
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Makes a listening socket, to be handed over as this descriptor. */
static void prepare(const char *address, int place, int *port)
{
	struct endpoint endpoint;
	int fd = -1;

	if (strcmp(address, "port") == 0)
		fd = listen_at_any_port(port);
	else if (endpoint_parse(address, &endpoint) < 0 || endpoint_listen(&endpoint, &fd) < 0)
		die(address);
	if (fd != place && dup2(fd, place) < 0)
		die("dup2");
	if (fd != place)
		close(fd);
	fcntl(place, F_SETFD, 0);
}

static void activate(char *addresses)
{
	char line[32], number[32], names[256] = "";
	int count = 0, port = 0;

	for (char *one; (one = strsep(&addresses, ",")); count++) {
		char *address = strchr(one, '=');

		prepare(address ? address + 1 : one, LISTEN_FD + count, &port);
		if (address)
			*address = '\0';
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			count > 0 ? ":" : "", address ? one : "unknown");
	}
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%d", count);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(line, sizeof(line), "ready %d\n", port);
	tell(line);
}

/* Milliseconds until the deadline, never negative. */
static int left_until(const struct timespec *deadline)
{
	struct timespec now;
	long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
	return left < 0 ? 0 : (int)left;
}

/* Returns 0, or 1 if the process had to be killed. */
static int wait_end(pid_t pid, int pidfd, const struct timespec *deadline)
{
	struct pollfd waiting = { .fd = pidfd, .events = POLLIN };

	if (poll(&waiting, 1, left_until(deadline)) == 1)
		return 0;
	fprintf(stderr, "supervise: process %d did not stop and is killed\n", (int)pid);
	kill(pid, SIGKILL);
	poll(&waiting, 1, -1);
	return 1;
}

static int stop(int seconds, char **pids)
{
	struct timespec deadline;
	int pidfds[64];
	int count = 0, result = 0;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += seconds;
	for (; count < (int)ARRAY_LENGTH(pidfds) && pids[count]; count++) {
		pidfds[count] = pidfd_of(atoi(pids[count]));
		if (pidfds[count] >= 0)
			kill(atoi(pids[count]), SIGTERM);
	}
	for (int i = 0; i < count; i++)
		if (pidfds[i] >= 0)
			result |= wait_end(atoi(pids[i]), pidfds[i], &deadline);
	return result;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "run") == 0) {
		fifo = argv[2];
		start_watching(open_notify_socket());
		become(argv + 3);
	}
	if (argc >= 5 && strcmp(argv[1], "activate") == 0) {
		fifo = argv[3];
		start_watching(-1);
		activate(argv[2]);
		become(argv + 4);
	}
	if (argc >= 4 && strcmp(argv[1], "start") == 0) {
		fifo = argv[2];
		start_watching(-1);
		tell("ready\n");
		become(argv + 3);
	}
	if (argc >= 3 && strcmp(argv[1], "stop") == 0)
		return stop(atoi(argv[2]), argv + 3);
	fprintf(stderr, "usage: see the head of tests/system/supervise.c\n");
	return 2;
}
