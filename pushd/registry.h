/*
 * The registry: from a user's name to the sessions that speak for the user. A
 * change of somebody who is not connected costs one look-up here.
 */
#pragma once

#include "pushd/session.h"

/* How far a user's changes were told: up to this one, which led to these counts. */
struct position {
	uint64_t seq;
	uint64_t broadcasts; /* how many of the changes up to it are broadcast ones */
	uint32_t unread;     /* no inbox holds four billion */
	uint32_t unseen;
};

struct subscriber {
	struct subscriber *next; /* in the same bucket */
	struct session *sessions; /* newest first */
	struct buffer *backlog;	  /* change records that wait for the store's answer; NULL = none */
	struct position told;	  /* to those sessions that keep up, if `placed` */
	uint32_t hash;
	uint32_t tokens_valid_from; /* as the store last said; seconds since the epoch */
	uint32_t session_count;
	bool placed : 1;   /* it is known what comes next; else the store must be asked */
	bool asking : 1;   /* the store has been asked, and the answer will refer to this */
	bool outdated : 1; /* … but be of no use: what it will be of is over */
	bool overflow : 1; /* the backlog was too long and is gone */
	bool in_use : 1;   /* somebody up the stack refers to it: not to be dropped now */
	uint8_t name_len;
	char name[];
};

struct registry {
	struct subscriber **buckets;
	size_t size; /* of buckets: a power of two */
	size_t count;
	uint64_t seed;
};

/* Returns 0 or -errno. */
int registry_init(struct registry *registry);

static inline struct slice subscriber_name(const struct subscriber *subscriber)
{
	return (struct slice){ .data = subscriber->name, .len = subscriber->name_len };
}

/* Of a name: the same in this process only, and nobody can choose names that have the same one. */
uint32_t registry_hash(const struct registry *registry, struct slice name);

/* NULL if nobody is connected for this user. */
struct subscriber *registry_find(const struct registry *registry, struct slice user);

/* Makes one if there is none; NULL when out of memory. user.len must be at most 255. */
struct subscriber *registry_get(struct registry *registry, struct slice user);

/* Frees one that has no sessions, awaits no answer and is not in use; else does nothing. */
void registry_drop(struct registry *registry, struct subscriber *subscriber);

/* Calls for each of them; it may drop the one that it is called for, and no other. */
typedef void registry_visitor(void *context, struct subscriber *subscriber);
void registry_each(struct registry *registry, registry_visitor *visitor, void *context);

/* Frees everything, whatever is left in it. */
void registry_release(struct registry *registry);

void subscriber_add(struct subscriber *subscriber, struct session *session);
void subscriber_remove(struct subscriber *subscriber, struct session *session);

/* Turns the order of its sessions round: those that were added oldest last. */
void subscriber_reverse(struct subscriber *subscriber);

/* The session that has been connected for longest. */
struct session *subscriber_oldest(const struct subscriber *subscriber);
