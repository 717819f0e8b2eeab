/*
 * The control socket: takes requests off the connections of local peers, whom the kernel names,
 * and sends the answers of control.h.
 *
 * One event is one request: between two of them clients are served. No request is taken while
 * the answer before it is unsent, so that a peer who does not read has one answer waiting and no
 * more. A connection on which nothing is asked for a time is closed.
 */
#pragma once

#include "lib/peer.h"
#include "pushd/hub.h"

#include <systemd/sd-event.h>

enum {
	CONTROL_PEERS_MAX = 64, /* connections at a time */
	/* of one user who may not do everything; or of all who may nothing */
	CONTROL_PEERS_OF_USER = 16,
};

struct control_socket;

/*
 * Serves a listening socket, which it takes over, also on failure. `path` is removed in the end
 * (NULL: it is somebody else's). A connection is closed after so many seconds without a request.
 * hub, event and path must outlive it. Returns 0 or -errno.
 */
int control_socket_new(struct hub *hub, sd_event *event, int listen_fd, const char *path,
	unsigned patience, struct control_socket **ret_socket);

/* The listening socket, which stays its own. */
int control_socket_fd(const struct control_socket *socket);

/* Ends all connections. Returns NULL. */
struct control_socket *control_socket_free(struct control_socket *socket);

DEFINE_CLEANUP(struct control_socket *, control_socket_free)
