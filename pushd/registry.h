/*
 * The registry: from a user's name to the sessions that speak for the user. A
 * change of somebody who is not connected costs one look-up here.
 */
#pragma once

#include "pushd/session.h"

struct subscriber {
	struct subscriber *next; /* in the same bucket */
	struct session *sessions; /* newest first */
	struct buffer *backlog;	  /* change records that wait for the store's answer; NULL = none */
	uint32_t hash;
	uint16_t session_count;
	bool asking : 1;   /* the store has been asked, and the answer will refer to this */
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

/* NULL if nobody is connected for this user. */
struct subscriber *registry_find(const struct registry *registry, struct slice user);

/* Makes one if there is none; NULL when out of memory. user.len must be at most 255. */
struct subscriber *registry_get(struct registry *registry, struct slice user);

/* Frees one that has no sessions, awaits no answer and is not in use; else does nothing. */
void registry_drop(struct registry *registry, struct subscriber *subscriber);

/* Frees everything, whatever is left in it. */
void registry_release(struct registry *registry);

void subscriber_add(struct subscriber *subscriber, struct session *session);
void subscriber_remove(struct subscriber *subscriber, struct session *session);

/* The session that has been connected for longest. */
struct session *subscriber_oldest(const struct subscriber *subscriber);
