/*
 * The clients: each does one operation after the other, and repeats what was not
 * answered, or was answered that it cannot be done now, until it is answered. Some
 * creates are repeated although they were: nothing more may come of it.
 */
#pragma once

#include "tests/crash/operation.h"

enum {
	CLIENTS = 24,
	READERS = 4, /* of them only read, so that somebody does while changes wait */
};

struct pollfd;

struct client {
	struct operation operation;
	struct exchange exchange;
	int64_t wake;  /* while nothing is under way: when it goes on */
	int64_t begun; /* the operation … */
	int64_t asked; /* … and its newest try */
};

/* Counts since the begin. */
struct tally {
	size_t requests;
	size_t changed;	      /* changes that were answered */
	size_t looked;	      /* other requests that were */
	size_t repeated;      /* requests that were sent again */
	size_t once_more;     /* creates that were asked for again though they were answered */
	size_t replayed;      /* answers that were given a second time, as they say */
	size_t broken;	      /* connections that ended without an answer */
	size_t unavailable;   /* answers 503 */
	size_t full;	      /* answers 507 */
	size_t stalled;	      /* requests given up after a long time */
	size_t wrong;	      /* answers that are not what they should be */
	int64_t longest_gap;  /* microseconds between two answers, whoever asked */
	int64_t longest_wait; /* for one answer, all tries together */
};

struct load {
	const struct setting *setting;
	struct ledger *ledger;
	struct tally tally;
	struct client clients[CLIENTS];
	bool ends;	  /* no operation begins any more */
	int64_t answered; /* the last time that somebody was; 0 = not since the last pause */
};

void load_set_up(struct load *load, const struct setting *setting, struct ledger *ledger);
void load_release(struct load *load);

/* Begins what is due. Returns when something else will be, at the latest `until`; or -ENOMEM. */
int64_t load_ask(struct load *load, int64_t until);

/* Fills in what to wait for: CLIENTS descriptors, some of them -1. */
void load_watch(const struct load *load, struct pollfd *fds);

/* Takes what has come. */
void load_take(struct load *load);

/* Whether an operation is under way, or waits to be tried again. */
bool load_is_busy(const struct load *load);

/* All connections break: takes what came before that; the rest is to be repeated. */
void load_cut_off(struct load *load);

/* The time until the next answer is not to be counted: nobody asks meanwhile. */
void load_pause(struct load *load);
