/* All connections to the store's socket: who gets one, and how many there may be. */
#pragma once

#include "stored/client.h"
#include "stored/counters.h"

struct clients {
	struct client *first; /* a list by client->next */
	unsigned count, max;
	struct peer_rules rules;
	struct counters *counters; /* told of all that come and go */
};

/* counters must outlive it. Returns 0 or -errno. */
int clients_init(struct clients *clients, const struct config *config, struct counters *counters);

/* Closes and frees all of them, whatever is due to them. */
void clients_release(struct clients *clients);

/*
 * Accepts a connection. One that is to be refused (no rights, or too many connections) is
 * told so and closed. Returns NULL if there is none to serve.
 */
struct client *clients_accept(struct clients *clients, int listen_fd);

/* Frees a client that is closed once nothing is due to it any more. */
void clients_drop(struct clients *clients, struct client *client);
