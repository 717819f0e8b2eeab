/*
 * All sessions by their descriptor, and the time at which each is due for
 * something: a ping, the end of its token, the end of our patience.
 *
 * The times stand in an array of their own, four bytes a client, so that looking
 * through all of them once a second costs less than one timer each would: a
 * hundred thousand clients are 400 kB read in order.
 */
#pragma once

#include "pushd/session.h"

struct clients {
	struct session **sessions; /* by descriptor; NULL = none */
	uint32_t *due;		   /* seconds of the loop's clock; CLIENTS_NEVER */
	size_t size;
	size_t count;
};

#define CLIENTS_NEVER UINT32_MAX

/* Returns 0 or -ENOMEM. */
int clients_add(struct clients *clients, struct session *session);
void clients_remove(struct clients *clients, const struct session *session);

void clients_set_due(struct clients *clients, const struct session *session, uint32_t when);

/* The same, unless it is due earlier anyway. */
void clients_hasten(struct clients *clients, const struct session *session, uint32_t when);

/*
 * The next session that is due, from *at on, which it moves behind; NULL when
 * there are no more. It is not due again until it is told to be.
 */
struct session *clients_next_due(struct clients *clients, uint32_t now, size_t *at);

/* The next session of all, from *at on. */
struct session *clients_next(const struct clients *clients, size_t *at);

/* Frees the arrays; there must be no session left. */
void clients_release(struct clients *clients);
