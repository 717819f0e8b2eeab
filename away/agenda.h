/*
 * The agenda: the users of whom something is due, in the order in which they are to be looked at.
 *
 * Identifiers of notifications only ever increase, so what is due of a user is a range of
 * them, however many there are: whichever of it is still unread when it comes to that.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/uuid.h"

enum { AGENDA_MAX = 100000 /* users */ };

struct waiting {
	struct uuid from, upto; /* what is due and not done with; none if from is above upto */
	struct uuid delivery;	/* the identifier of one that is not done with; zeros = none */
	struct uuid last;	/* the newest notification that it can bear */
	unsigned tries;		/* that it has failed */
	int64_t due;		/* milliseconds since the epoch */
	/* The agenda's own */
	size_t place;
	bool taken;   /* looked after by somebody, and in no order meanwhile */
	bool changed; /* since it was last saved */
	bool saved;   /* there is something of it where it is saved */
	struct waiting *next_changed;
	char user[];
};

/* Zeroed it is empty. */
struct agenda {
	void *by_name;
	struct waiting **by_due; /* a heap */
	size_t count, size;	 /* of the heap */
	size_t users;		 /* with those that are taken */
	struct waiting *changed; /* a list of those to be saved */
	struct buffer removed;	 /* names that were saved and are no more, each ended by NUL */
};

void agenda_release(struct agenda *agenda);

/*
 * Finds a user, or adds one of whom nothing is due, to be looked at at this time. Returns 0,
 * or -ENOMEM. `user` has no NUL in it. Who adds sees to it that there are not many more than
 * AGENDA_MAX.
 */
int agenda_get(struct agenda *agenda, struct slice user, int64_t due, struct waiting **ret_waiting);

/* Who comes first; NULL = nobody. */
struct waiting *agenda_first(const struct agenda *agenda);

/* Takes one out of the order, or puts one that was taken back into it. */
void agenda_take(struct agenda *agenda, struct waiting *waiting);
void agenda_return(struct agenda *agenda, struct waiting *waiting);

/* To be called when something of it has changed that is saved. */
void agenda_touch(struct agenda *agenda, struct waiting *waiting);

/* Forgets one that is taken. */
void agenda_remove(struct agenda *agenda, struct waiting *waiting);

/* All that must be saved is: nothing has changed from here on. */
void agenda_saved(struct agenda *agenda);

typedef void agenda_visitor(void *context, const struct waiting *waiting);
void agenda_visit(const struct agenda *agenda, agenda_visitor *visit, void *context);

bool waiting_is_empty(const struct waiting *waiting);
bool waiting_has_delivery(const struct waiting *waiting);
