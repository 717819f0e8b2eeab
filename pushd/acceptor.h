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

/* Lets new connections wait, or goes on. Returns 0 or -errno. */
int acceptor_pause(struct acceptor *acceptor, bool paused);

/* The listening sockets, of which there are acceptor_count(). */
size_t acceptor_count(const struct acceptor *acceptor);
int acceptor_fd(const struct acceptor *acceptor, size_t index);

/* Closes the listening sockets. Returns NULL. */
struct acceptor *acceptor_free(struct acceptor *acceptor);

DEFINE_CLEANUP(struct acceptor *, acceptor_free)
