/*
 * Those who change things, straight at the store: notifications for users who are there and for
 * others who are not, batches, broadcasts and their withdrawal, marks, deletions. What the
 * store says of a user's counts is compared with what the push daemon told.
 */
#pragma once

#include "lib/inbox.h"
#include "tests/soak/soak.h"

enum {
	PUBLISHER_WINDOW = 64, /* requests under way */
	PUBLISHER_KEPT = 256,  /* identifiers, for marks and the like */
	PUBLISHER_LIVE = 20,   /* broadcasts that are not withdrawn */
};

struct publisher {
	struct watched watched; /* must be first */
	struct soak *soak;
	struct inbox *inbox;
	int watched_fd;
	unsigned under_way;
	unsigned pace; /* requests at most under way; smaller is slower */
	struct {
		unsigned user;
		struct uuid id;
	} kept[PUBLISHER_KEPT];
	size_t kept_count;
	struct uuid broadcasts[PUBLISHER_LIVE];
	size_t first, live; /* a ring */
};

/* Returns 0 or -errno. */
int publisher_init(struct publisher *publisher, struct soak *soak);
void publisher_release(struct publisher *publisher);

/* Submits requests as long as fewer than `pace` are under way, and sends. Returns 0 or -errno. */
int publisher_act(struct publisher *publisher);

/* Asks for the counts of all users, which go into the truth. Returns 0 or -errno. */
int publisher_ask_counts(struct publisher *publisher);
