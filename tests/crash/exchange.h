/*
 * A request to the REST program and its answer, over a connection of its own to
 * the socket at which a web server would ask.
 */
#pragma once

#include "lib/json.h"
#include "tests/crash/fastcgi.h"

/* A zeroed struct with fd -1 is one that has not begun. */
struct exchange {
	int fd;
	struct slice request; /* not owned */
	size_t sent;
	struct buffer received;
};

struct reply {
	int status;
	bool replayed;		  /* Idempotent-Replayed: true */
	struct json_object *body; /* NULL = none */
};

void reply_release(struct reply *reply);

/*
 * Connects. The request must live as long as the exchange. Returns 0 or -errno;
 * -EAGAIN: too many connections wait there, try later.
 */
int exchange_begin(struct exchange *exchange, const char *path, struct slice request);

/* poll() events to wait for. */
short exchange_events(const struct exchange *exchange);

enum { EXCHANGE_WAITS = 1 };

/*
 * Sends and receives what can be. Returns EXCHANGE_WAITS; 0 and an answer to
 * release; or -errno: the connection broke, or what came is no answer.
 */
int exchange_go_on(struct exchange *exchange, struct reply *ret_reply);

/* Ends it, wherever it stands, and makes it ready to begin again. */
void exchange_end(struct exchange *exchange);

/* Frees what it has, too. */
void exchange_release(struct exchange *exchange);
