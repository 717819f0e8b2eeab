/* The push daemon's server: sockets, signals and time around the hub. */
#pragma once

#include "lib/config.h"
#include "pushd/program.h"

#include <stddef.h>
#include <sys/types.h>

struct server;

enum { SERVER_LISTEN_MAX = 64 };

/* What a server listens on, and takes over. */
struct server_sockets {
	int clients[SERVER_LISTEN_MAX];
	size_t count;
	int control;		  /* the control socket; -1 = none */
	const char *control_path; /* to be removed in the end; NULL = it is somebody else's */
};

/* What a server is made of. */
struct server_setup {
	struct config *config;	 /* is taken over, also on failure … */
	const char *config_path; /* … and read again from here on SIGHUP; must outlive the server */
	const struct program *program; /* must outlive it, too: what SIGUSR2 runs */
	struct server_sockets sockets;
	int state_fd; /* what another program has left, in place of sockets; -1 = nothing */
};

/* Returns 0, or -errno after logging why. */
int server_new(const struct server_setup *setup, struct server **ret_server);
struct server *server_free(struct server *server);

DEFINE_CLEANUP(struct server *, server_free)

/*
 * Runs until SIGTERM or SIGINT, then closes every client with 1001 and a hint when
 * to come back. Returns 0 or -errno.
 */
int server_run(struct server *server);

/*
 * Whether a server with this configuration could go on from a state, whose descriptor is
 * closed. Returns 0, or -errno after logging why.
 */
int server_check(const struct config *config, int state_fd);

/*
 * Makes a listening socket: PORT, ADDRESS:PORT, [ADDRESS]:PORT, or the absolute path of a
 * unix socket. Returns the descriptor or -errno (-EINVAL: none of these).
 */
int server_listen(const char *where);

/*
 * Makes one at this path, in the place of one that nobody listens on any more. Returns the
 * descriptor or -errno (-EADDRINUSE: somebody does; -EEXIST: it is something else).
 */
int server_listen_unix(const char *path, mode_t mode);
