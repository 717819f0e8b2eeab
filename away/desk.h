/*
 * The desk: takes up the users of the agenda who are due, asks whether they have something
 * unread and nobody to read it, and has couriers hand it over.
 *
 * A delivery has an identifier, and a newest notification that it can bear, from its first try
 * to its end, and both are saved before that first try: so whatever happens in between, a
 * repeat bears the same identifier and nothing new, and a receiver may drop it.
 */
#pragma once

#include "away/agenda.h"
#include "lib/inbox.h"

#include <systemd/sd-event.h>

struct desk;

/* A courier has come back. */
typedef void desk_called(void *context);

/* All that is given must outlive it. Says in the log what is wrong. Returns 0 or -errno. */
int desk_new(const struct config *config, sd_event *event, struct inbox *inbox,
	struct agenda *agenda, desk_called *called, void *context, struct desk **ret_desk);

/* Kills the couriers under way. Returns NULL. */
struct desk *desk_free(struct desk *desk);

DEFINE_CLEANUP(struct desk *, desk_free)

/*
 * Takes up those who are due now (milliseconds since the epoch), a number at a time, and
 * prepares what is to be handed over. When what has changed of the agenda is saved,
 * desk_send() sends it; if that cannot be saved, desk_withdraw() has it prepared again later.
 */
int desk_take_up(struct desk *desk, int64_t now);
void desk_send(struct desk *desk);
void desk_withdraw(struct desk *desk);

/* When there is something to take up; INT64_MAX = not before something else happens. */
int64_t desk_due(const struct desk *desk);

/* How many couriers are under way. */
unsigned desk_couriers(const struct desk *desk);
