/*
 * The last quarter of an hour, so that totals become rates, and what went wrong in it a list.
 *
 * It is kept by the worker that answers: the daemons need not know that there is a page, and
 * what is kept is bounded. So each worker has its own, and there is one worker; a program that
 * is started for a single request has none. Figures are noted with every request, and every
 * five seconds beside them as long as somebody has looked within the last quarter of an hour:
 * nothing is asked for the sake of nobody, and no daemon is started by it that nobody wants.
 */
#pragma once

#include "cgi/snapshot.h"

enum {
	HISTORY_SLOTS = 181,
	HISTORY_SLOT_MS = 5000,
	HISTORY_EVENTS = 32,
	HISTORY_BUCKETS = 32,
};

enum history_series {
	SERIES_CLIENTS,
	SERIES_USERS,
	SERIES_MESSAGES, /* a second, as all from here on … */
	SERIES_CREATED,
	SERIES_BYTES,
	SERIES_REFUSED, /* … to here */
	SERIES_LAG,	/* microseconds */
	HISTORY_SERIES,
};

/* What was found in one slot of time; NAN where the program that counts it was away. */
struct sample {
	int64_t slot;
	int64_t time; /* milliseconds of the clock that never jumps */
	double values[HISTORY_SERIES];
	size_t bars; /* of the latency, as below; 0 = not known */
	double below[HISTORY_BUCKETS];
};

/* What can have happened. */
enum event_kind {
	EVENT_AWAY,
	EVENT_BACK,
	EVENT_RESTARTED,
	EVENT_REFUSED,
	EVENT_CLOSED,
	EVENT_CONFLATED,
	EVENT_STALLED,
	EVENT_RESYNC,
	EVENT_NOT_DONE,
	EVENT_WITHOUT_RIGHTS,
	EVENT_WITHOUT_ROOM,
	EVENT_KINDS,
};

/* For a person: a sentence that ends before the event's member. */
const char *event_sentence(enum event_kind kind);

/* Something that happened, so many times. */
struct event {
	int64_t time; /* of the last of them; milliseconds since the epoch, 0 = none */
	enum event_kind kind;
	char member[40]; /* which of several: a reason, a code; "" = there are not several */
	double count;
};

/* Zeroed it is empty. */
struct history {
	struct sample samples[HISTORY_SLOTS]; /* by their slot */
	struct event events[HISTORY_EVENTS];  /* the last is at next_event - 1 */
	unsigned next_event;
	int64_t now;   /* of the last snapshot; milliseconds as clock_ms() has them … */
	int64_t asked; /* … and of the last that somebody wanted to see */
	struct json_object *last; /* of the snapshot before */
};

/* Notes a snapshot of now; `asked` if somebody wants to see it. */
void history_note(struct history *history, const struct snapshot *snapshot, int64_t now,
	bool asked);

/* In how many milliseconds another snapshot is to be noted; -1 = not before somebody asks. */
int history_wait(const struct history *history, int64_t now);

void history_release(struct history *history);

/* A series, the oldest value first; NAN where there is none. */
void history_values(const struct history *history, enum history_series series,
	double ret_values[static HISTORY_SLOTS]);

/* The value of a series in the newest sample; NAN if there is none, or none yet. */
double history_now(const struct history *history, enum history_series series);

/* How long changes took from the store to the sockets. */
struct latency {
	unsigned seconds; /* that were looked at; 0 = all since the daemon began had to be */
	size_t bars;	  /* bounds, and one more for what is above them; 0 = nothing is known */
	double bounds[HISTORY_BUCKETS]; /* microseconds; the last bar has none */
	double below[HISTORY_BUCKETS];	/* how many took at most so long; the last is of all */
};

/* Since the oldest sample, or the daemon's start; `json` are the figures of now. */
void history_latency(const struct history *history, struct json_object *json,
	struct latency *ret_latency);
