/* What the parts of the soak share. */
#pragma once

#include "tests/soak/site.h"
#include "tests/soak/truth.h"

/* What has happened so far. */
struct tally {
	uint64_t delivered; /* notification messages that clients got */
	uint64_t requests;  /* that the store has answered */
	uint64_t busy;	    /* that it has not done: there was too much for one user */
	uint64_t made;	    /* notifications, each broadcast as one */
	uint64_t connected, returned, resets, dropped, conflated;
	uint64_t left, vanished, stalled, renewed, asked;
	uint64_t rogues, refused; /* clients that misbehaved, and how many upgrades were refused */
	uint64_t calms;
	/* What must not be */
	uint64_t gaps, late, closed, garbled, failed;
};

/* Tells of it. */
void tally_note(const struct tally *tally);

struct soak {
	struct site site;
	struct truth truth;
	struct tally tally;
	int epoll_fd;
	bool calm;	/* nobody begins anything */
	char epoch[64]; /* of the store; "" = nobody was told yet */
};

/*
 * Whoever is in the epoll set. `event` sees what has come; the set holds a pointer to this,
 * which must not move.
 */
struct watched {
	void (*event)(struct watched *watched, uint32_t events);
	uint32_t events; /* that are waited for */
};

/* Waits for these events of a descriptor that was just made, or for others. */
int soak_watch(struct soak *soak, struct watched *watched, int fd, uint32_t events);
int soak_rewatch(struct soak *soak, struct watched *watched, int fd, uint32_t events);

/* Counts what must not be; the first times it is told what. */
void soak_blame(struct soak *soak, uint64_t *count, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
