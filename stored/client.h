/* One connection to the store's socket: bytes in, bytes out, nothing of what they mean. */
#pragma once

#include "lib/peer.h"
#include "lib/store_protocol.h"

struct client {
	struct client *next, *previous; /* of struct clients */
	int fd;		      /* -1 = closed */
	struct peer peer;
	bool complained;      /* about what it may not ask */
	struct buffer input;  /* received; frames are read in place */
	size_t taken;	      /* bytes of it that were handed out as frames */
	struct buffer output; /* to be sent */
	unsigned answers_due; /* requests under way; the client lives until there are none */
	uint32_t events;      /* what the server waits for */
};

/* Takes over the descriptor. Returns NULL when out of memory; the descriptor is closed then. */
struct client *client_new(int fd, const struct peer *peer);
struct client *client_free(struct client *client);

/* Closes the connection; the struct stays for the answers that are due. */
void client_close(struct client *client);

/*
 * Receives once, dropping the frames that were handed out before. Returns 0 or
 * -errno: the connection is over (-ECONNRESET: closed by the peer).
 */
int client_receive(struct client *client);

/*
 * Hands out the next whole frame, which stays in place until client_receive().
 * Returns 0, STORE_FRAME_INCOMPLETE or -EBADMSG.
 */
int client_next_frame(struct client *client, struct store_frame *ret_frame);

/* Sends what it can. Returns 0 or -errno: the connection is over. */
int client_send(struct client *client);
