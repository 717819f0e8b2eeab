/* The push daemon's server: sockets, signals and time around the hub. */
#pragma once

#include "lib/config.h"

#include <stddef.h>

struct server;

/*
 * Makes a server that accepts on these listening sockets, which it takes over.
 * config must outlive it. Returns 0, or -errno after logging why.
 */
int server_new(const struct config *config, const int *listen_fds, size_t listen_count,
	struct server **ret_server);
struct server *server_free(struct server *server);

DEFINE_CLEANUP(struct server *, server_free)

/*
 * Runs until SIGTERM or SIGINT, then closes every client with 1001 and a hint when
 * to come back. Returns 0 or -errno.
 */
int server_run(struct server *server);

/*
 * Makes a listening socket: PORT, ADDRESS:PORT, [ADDRESS]:PORT, or the absolute path of a
 * unix socket. Returns the descriptor or -errno (-EINVAL: none of these).
 */
int server_listen(const char *where);
