/*
 * Many clients of tidings-pushd in one thread, each of a user of its own, who have nothing
 * to do but to count: whether the changes come one by one, by their `seq`, and how late.
 */
#pragma once

#include "lib/config.h"

struct listeners;

struct listeners_counts {
	uint64_t told;	    /* changes */
	uint64_t missed;    /* changes, by the gaps */
	uint64_t doubled;   /* messages of what was told before */
	uint64_t resets;    /* messages that ask to fetch anew */
	unsigned connected; /* clients, now */
	unsigned greeted;   /* clients, ever */
	int64_t longest;    /* milliseconds from the making of a notification to its message */
};

/*
 * So many clients of the daemon at this unix socket, with tokens by this configuration; none
 * is connected yet. Ends the program if that fails.
 */
struct listeners *listeners_new(const struct config *config, const char *socket_path,
	unsigned count);
void listeners_free(struct listeners *listeners);

/* The user of a client; the last change that it was told. */
void listeners_user(unsigned client, char name[static 32]);
uint64_t listeners_seq(const struct listeners *listeners, unsigned client);

/* Connects this many more; the daemon must be there. */
void listeners_connect(struct listeners *listeners, unsigned more);

/* Becomes readable when something has come; reads it. */
int listeners_fd(const struct listeners *listeners);
void listeners_read(struct listeners *listeners);

const struct listeners_counts *listeners_counts(const struct listeners *listeners);

/* Forgets the longest delay. */
void listeners_forget_longest(struct listeners *listeners);
