/* What the processes of an audience share; private to audience.c and audience_member.c. */
#pragma once

#include "tests/bench/audience.h"

#include <stdatomic.h>

enum tally { TALLY_READY, TALLY_RECEIVED, TALLY_DISCONNECTED, TALLY_SILENT, TALLIES };

enum {
	AUDIENCE_UNDER_WAY = 256, /* handshakes at a time, of all processes */
	AUDIENCE_TIMES = 1 << 21, /* that are kept; there are no more between two audience_listen() */
	AUDIENCE_MESSAGE = 8192,  /* bytes; a larger one is not kept */
};

/* What the processes are told, a byte each, by a pipe of their own. */
enum order { ORDER_CONNECT = 'c', ORDER_DISCONNECT = 'd', ORDER_SILENCE = 's' };

/* Mapped into all of them. */
struct audience_shared {
	struct {
		atomic_ullong count;
		atomic_ullong awaited; /* when the count reaches this, event_fd becomes readable */
	} tallies[TALLIES];
	atomic_ullong places; /* of times[] that are taken */
	atomic_int failure;   /* the first: -errno */
	int event_fd;
	size_t message_len;
	char message[AUDIENCE_MESSAGE];
	float times[AUDIENCE_TIMES]; /* microseconds */
};

/* Adds to a tally, and wakes who waits for it. */
void audience_count(struct audience_shared *shared, enum tally tally, unsigned n);
void audience_fail(struct audience_shared *shared, int r);

/* One process: the clients first, first + every, first + 2 * every …; ends with the pipe. */
struct member {
	const struct audience_setting *setting;
	struct audience_shared *shared;
	unsigned first, every;
	int order_fd;
};

int audience_member_run(const struct member *member);
