/* TCP on this machine: a server at a free port, and more clients than one address has ports. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

/* Listens at a free port of 127.0.0.1. Returns a descriptor that blocks, or -errno. */
int loopback_listen(struct sockaddr_in *ret_address);

/*
 * Connects as the client of this number, and waits until that is done: the kernel does it
 * at once, unless too many wait to be accepted. With `narrow` the kernel keeps little for the
 * connection: it takes segments for those of a network, where otherwise it sees that they go
 * through memory and lets megabytes wait. Returns a descriptor that blocks, or -errno.
 */
int loopback_connect(const struct sockaddr_in *address, unsigned number, bool narrow);
