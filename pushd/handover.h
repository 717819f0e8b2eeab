/*
 * The handover: all that the daemon knows of its clients, as bytes, for the program that is
 * to go on in the same process: the descriptors stay open and keep their numbers, the clock
 * goes on.
 *
 *	magic, u32 version, short version of the program
 *	records: u8 kind, u32 length, and so many bytes
 *
 * An older program may read what a newer one has written, and the other way round:
 *
 *	The version is raised when those who do not know it would do harm. They refuse it.
 *	A record's members come one behind the other. New ones go to its end: whoever does not
 *	know them takes no notice, and whoever knows them does without where a record ends before.
 *	A record whose kind has its highest bit set may be skipped by who does not know it; any
 *	other that is unknown is refused.
 *
 * The bytes are not trusted: what they say is checked as what comes from a client is.
 */
#pragma once

#include "pushd/hub.h"

enum {
	HANDOVER_VERSION = 1,
	HANDOVER_SOCKETS_MAX = 128,
	HANDOVER_NAME_MAX = 15, /* bytes */
};

/* A descriptor that is no client's. */
struct handover_socket {
	char name[HANDOVER_NAME_MAX + 1]; /* what it is for */
	int fd;
};

/* What is handed over beside the hub. */
struct handover {
	bool begun;		       /* the feed has a position: … */
	struct feed_position position; /* … from where it goes on */
	uint64_t paused; /* microseconds of CLOCK_MONOTONIC: clients are not served since then */
	size_t socket_count;
	struct handover_socket sockets[HANDOVER_SOCKETS_MAX];
};

/* Adds a descriptor. Returns 0, or -E2BIG. */
int handover_add_socket(struct handover *handover, const char *name, int fd);

/*
 * Writes everything to a file; there must be no dead session that was not buried. Returns 0
 * or -errno.
 */
int handover_save(struct hub *hub, const struct handover *handover, int fd);

/*
 * Makes of an empty hub, which has a configuration, a clock and a registry, what the bytes
 * say, watches the clients' sockets and takes all descriptors over. Whose requests were under
 * way is told that they failed. Nobody is asked for anything yet: catchup_begin_round() does.
 *
 * Returns 0; -ENOMEM or the system's -errno; -EPROTONOSUPPORT (of a version, or with a record,
 * that is not known here); -EBADMSG (damaged); -EBADF (a descriptor is no socket, or is there
 * twice). On failure the hub holds what came before.
 */
int handover_load(struct hub *hub, struct slice bytes, struct handover *ret_handover);

/* The same where the descriptors are not: whether it could be done. Leaves the hub empty. */
int handover_check(struct hub *hub, struct slice bytes);

/*
 * Whether all descriptors stay open when the process becomes another program. Returns 0 or
 * -errno.
 */
int handover_keep_open(const struct hub *hub, const struct handover *handover, bool open);
