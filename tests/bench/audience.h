/*
 * An audience: thousands of WebSocket clients, in processes of their own, as many as their
 * descriptors need. They connect when told to, listen, and take down when each message with a
 * stamp (stamp.h) has come.
 */
#pragma once

#include "tests/bench/heads.h"
#include "tests/bench/loopback.h"
#include "tests/bench/samples.h"

struct audience;

struct audience_setting {
	struct sockaddr_in address;
	unsigned clients;
	const struct heads *heads; /* at least as many; must outlive the audience */
	const char *ready; /* what a client's first messages end with; NULL = the handshake's answer */
	unsigned silent_every; /* each so-many-th client can be told to read no more; 0 = none */
};

/* Makes the processes; nobody connects yet. Returns 0 or -errno. */
int audience_new(const struct audience_setting *setting, struct audience **ret_audience);

/* Ends them, and thereby all connections. */
struct audience *audience_free(struct audience *audience);

DEFINE_CLEANUP(struct audience *, audience_free)

/*
 * The functions below return 0; -errno of a client, which may be -ECONNRESET: its connection
 * ended; or -ETIMEDOUT after a minute.
 */

/* Connects all, at most a given number at a time, until each is ready. */
int audience_connect(struct audience *audience);

/* Resets all connections. */
int audience_disconnect(struct audience *audience);

/* Lets the silent ones read no more until they are disconnected. */
int audience_silence(struct audience *audience);
bool audience_is_silent(const struct audience *audience, unsigned client);

/* Forgets the messages with a stamp that have come. */
void audience_listen(struct audience *audience);

/* Waits until so many have come since. */
int audience_await(struct audience *audience, uint64_t messages);

/* Adds the microseconds from stamp to receipt of each. */
void audience_times(const struct audience *audience, struct samples *times);

/* The newest such message of the first client; empty if there is none. Valid until the next call. */
struct slice audience_message(const struct audience *audience);

/* Nanoseconds of processor time of all clients. */
int64_t audience_cpu_ns(const struct audience *audience);
