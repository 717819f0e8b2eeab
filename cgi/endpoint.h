/*
 * Addresses of stream sockets as command lines and the configuration write them:
 * /PATH, PORT, ADDRESS:PORT or [ADDRESS]:PORT. Addresses are numeric; a port
 * alone means 127.0.0.1.
 */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

struct endpoint {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage storage;
	} address;
};

/* Returns 0 or -EINVAL. */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint);

/*
 * Binds and listens. A socket file that nobody listens on any more is replaced.
 * Returns 0 and a descriptor that the caller closes, or -errno.
 */
int endpoint_listen(const struct endpoint *endpoint, int *ret_listen_fd);

/* Removes the socket file, if it is one, at the end. */
void endpoint_remove(const struct endpoint *endpoint);

/* Whether somebody accepts connections there within so many milliseconds: 0 or -errno. */
int endpoint_probe(const struct endpoint *endpoint, int timeout);
