/*
 * Listening at, and probing, addresses given as text. Names are not resolved: a
 * program that starts before the network does must not wait for it.
 */
#include "cgi/endpoint.h"

#include "cgi/http.h"
#include "lib/result.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

enum { LISTEN_BACKLOG = 4096 /* the kernel cuts it to net.core.somaxconn */ };

static int local_parse(const char *path, struct endpoint *ret_endpoint)
{
	size_t size = strlen(path) + 1;

	if (size > sizeof(ret_endpoint->address.local.sun_path))
		return -EINVAL;
	*ret_endpoint = (struct endpoint){ .len = sizeof(struct sockaddr_un) };
	ret_endpoint->address.local.sun_family = AF_UNIX;
	memcpy(ret_endpoint->address.local.sun_path, path, size);
	return 0;
}

static int internet_set(struct endpoint *endpoint, const char *address, uint16_t port)
{
	struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 inet6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	*endpoint = (struct endpoint){ 0 };
	if (inet_pton(AF_INET, address, &inet.sin_addr) == 1) {
		endpoint->len = sizeof(inet);
		memcpy(&endpoint->address, &inet, sizeof(inet));
		return 0;
	}
	if (inet_pton(AF_INET6, address, &inet6.sin6_addr) == 1) {
		endpoint->len = sizeof(inet6);
		memcpy(&endpoint->address, &inet6, sizeof(inet6));
		return 0;
	}
	return -EINVAL;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint)
{
	char address[INET6_ADDRSTRLEN] = "127.0.0.1";
	const char *colon = strrchr(text, ':');
	struct slice host = { .data = text, .len = colon ? (size_t)(colon - text) : 0 };
	uint64_t port;

	if (text[0] == '/')
		return local_parse(text, ret_endpoint);
	if (http_number_parse(slice_of(colon ? colon + 1 : text), 1, 65535, &port) < 0)
		return -EINVAL;
	if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
		host.data++;
		host.len -= 2;
	} else if (memchr(host.data, ':', host.len)) {
		return -EINVAL; /* without brackets the port would be a guess */
	}
	if (host.len >= sizeof(address))
		return -EINVAL;
	if (colon) {
		memcpy(address, host.data, host.len);
		address[host.len] = '\0';
	}
	return internet_set(ret_endpoint, address, (uint16_t)port);
}

/* Removes a socket file that a program left behind; one in use, or another file, stays. */
static void endpoint_clear(const struct endpoint *endpoint)
{
	const char *path = endpoint->address.local.sun_path;
	struct stat status;

	if (endpoint->address.any.sa_family == AF_UNIX && lstat(path, &status) == 0 &&
		S_ISSOCK(status.st_mode) && endpoint_probe(endpoint, 0) == -ECONNREFUSED)
		unlink(path);
}

int endpoint_listen(const struct endpoint *endpoint, int *ret_listen_fd)
{
	_cleanup_(closing_fd) int fd = -1;
	int on = 1;

	endpoint_clear(endpoint);
	fd = socket(endpoint->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, &endpoint->address.any, endpoint->len) < 0)
		return -errno;
	if (listen(fd, LISTEN_BACKLOG) < 0)
		return -errno;
	*ret_listen_fd = take_fd(&fd);
	return 0;
}

void endpoint_remove(const struct endpoint *endpoint)
{
	if (endpoint->address.any.sa_family == AF_UNIX)
		unlink(endpoint->address.local.sun_path);
}

int endpoint_probe(const struct endpoint *endpoint, int timeout)
{
	_cleanup_(closing_fd) int fd = -1;
	struct pollfd waiting;
	int error;

	fd = socket(endpoint->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &endpoint->address.any, endpoint->len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	waiting = (struct pollfd){ .fd = fd, .events = POLLOUT };
	if (poll(&waiting, 1, timeout) != 1)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof(error) }) < 0)
		return -errno;
	return -error;
}
