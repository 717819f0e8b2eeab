/* Listening sockets from their names, see server.h. */
#include "pushd/server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int listen_on(int family, const void *address, size_t len)
{
	_cleanup_(closing_fd) int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, address, (socklen_t)len) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Takes the place of a socket that nobody listens on any more, but of nothing else. */
static int remove_stale(const struct sockaddr_un *address)
{
	_cleanup_(closing_fd) int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

int server_listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	r = remove_stale(&address);
	if (r < 0)
		return r;
	fd = listen_on(AF_UNIX, &address, sizeof(address));
	if (fd >= 0 && chmod(path, mode) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* Splits [ADDRESS]:PORT or ADDRESS:PORT; a PORT alone means 127.0.0.1. Returns 0 or -EINVAL. */
static int split(const char *where, char host[static 64], const char **ret_port)
{
	const char *colon = strrchr(where, ':');
	size_t len = colon ? (size_t)(colon - where) : 0;

	*ret_port = colon ? colon + 1 : where;
	if (!colon) {
		strcpy(host, "127.0.0.1");
		return 0;
	}
	if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len == 0 || len >= 64)
		return -EINVAL;
	memcpy(host, where, len);
	host[len] = '\0';
	return 0;
}

static int listen_tcp(const char *where)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	const char *port;
	char host[64];
	int r = split(where, host, &port);

	if (r < 0 || getaddrinfo(host, port, &hints, &found) != 0)
		return -EINVAL;
	r = listen_on(found->ai_family, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return r;
}

int server_listen(const char *where)
{
	return where[0] == '/' ? server_listen_unix(where, 0660) : listen_tcp(where);
}
