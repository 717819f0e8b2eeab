/*
 * One end of a WebSocket: the client's. It takes what a server may send and nothing else, and
 * sends whatever it is told to.
 */
#pragma once

#include "lib/buffer.h"

struct wire {
	int fd;	   /* -1 = none; whoever waits for it sees to that */
	bool open; /* the upgrade was answered */
	struct buffer input;
};

enum { WIRE_TEXT = 1, WIRE_BINARY = 2, WIRE_CLOSE = 8, WIRE_PING = 9, WIRE_PONG = 10 };

/* Connects to a unix socket; the kernel keeps what is sent. Returns 0 or -errno. */
int wire_connect(struct wire *wire, const char *path);

/* Closes without a word. A wire of zeros and -1 is closed. */
void wire_close(struct wire *wire);

/* Asks for the upgrade: with a token (NULL: none) and a query ("": none). */
void wire_send_head(const struct wire *wire, const char *token, const char *query);

/* One frame, with the mask that clients must use. */
void wire_send(const struct wire *wire, unsigned opcode, struct slice payload);
void wire_send_text(const struct wire *wire, const char *text);

/* Any bytes. */
void wire_send_bytes(const struct wire *wire, const void *bytes, size_t len);

/* Called for each whole frame; the payload lives until it returns. May close the wire. */
typedef void wire_framed(void *context, unsigned opcode, struct slice payload);

enum { WIRE_ENDED = 1, WIRE_REFUSED };

/*
 * Reads what has come. Returns 0; WIRE_ENDED; WIRE_REFUSED: the upgrade was; -EBADMSG for what
 * no server may send.
 */
int wire_receive(struct wire *wire, wire_framed *framed, void *context);
