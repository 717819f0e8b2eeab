/*
 * The acceptor: takes new connections off the listening sockets, and answers those that
 * there is no room for.
 */
#pragma once

#include "pushd/hub.h"

#include <systemd/sd-event.h>

struct acceptor;

/*
 * Accepts on these sockets, which it takes over, also on failure. Returns 0 or -errno. hub
 * and event must outlive it.
 */
int acceptor_new(struct hub *hub, sd_event *event, const int *listen_fds, size_t count,
	struct acceptor **ret_acceptor);

/* Closes the listening sockets. Returns NULL. */
struct acceptor *acceptor_free(struct acceptor *acceptor);

DEFINE_CLEANUP(struct acceptor *, acceptor_free)
