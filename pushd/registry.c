/*
 * Users to sessions, see registry.h: a hash table with chains, seeded at random
 * so that nobody can choose names that all fall into one bucket.
 */
#include "pushd/registry.h"

#include <errno.h>
#include <sys/random.h>

enum { FIRST_SIZE = 64 };

/* Multiply and fold, eight bytes at a time, from a secret start. */
uint32_t registry_hash(const struct registry *registry, struct slice name)
{
	const uint64_t multiplier = UINT64_C(0x9fb21c651e98df25);
	uint64_t hash = registry->seed ^ name.len;

	for (size_t at = 0; at < name.len; at += 8) {
		uint64_t piece = 0;
		unsigned __int128 product;

		memcpy(&piece, name.data + at, name.len - at < 8 ? name.len - at : 8);
		product = (unsigned __int128)(hash ^ piece) * (multiplier ^ registry->seed << 1);
		hash = (uint64_t)product ^ (uint64_t)(product >> 64);
	}
	return (uint32_t)(hash ^ hash >> 32);
}

int registry_init(struct registry *registry)
{
	struct registry made = { .size = FIRST_SIZE };

	if (getrandom(&made.seed, sizeof(made.seed), 0) != sizeof(made.seed))
		return -errno;
	made.buckets = calloc(made.size, sizeof(struct subscriber *));
	if (!made.buckets)
		return -ENOMEM;
	*registry = made;
	return 0;
}

static struct subscriber **bucket_of(const struct registry *registry, uint32_t hash)
{
	return &registry->buckets[hash & (registry->size - 1)];
}

static struct subscriber *find(const struct registry *registry, struct slice user, uint32_t hash)
{
	struct subscriber *subscriber;

	for (subscriber = *bucket_of(registry, hash); subscriber; subscriber = subscriber->next)
		if (subscriber->hash == hash && slice_equal(subscriber_name(subscriber), user))
			break;
	return subscriber;
}

struct subscriber *registry_find(const struct registry *registry, struct slice user)
{
	return find(registry, user, registry_hash(registry, user));
}

static bool registry_grow(struct registry *registry)
{
	struct registry grown = { .size = registry->size * 2 };

	grown.buckets = calloc(grown.size, sizeof(struct subscriber *));
	if (!grown.buckets)
		return false;
	for (size_t i = 0; i < registry->size; i++)
		for (struct subscriber *one = registry->buckets[i], *next; one; one = next) {
			struct subscriber **bucket = bucket_of(&grown, one->hash);

			next = one->next;
			one->next = *bucket;
			*bucket = one;
		}
	free(registry->buckets);
	registry->buckets = grown.buckets;
	registry->size = grown.size;
	return true;
}

struct subscriber *registry_get(struct registry *registry, struct slice user)
{
	uint32_t hash = registry_hash(registry, user);
	struct subscriber *subscriber = find(registry, user, hash);
	struct subscriber **bucket;

	if (subscriber)
		return subscriber;
	if (registry->count == registry->size && !registry_grow(registry))
		return NULL;
	subscriber = calloc(1, offsetof(struct subscriber, name) + user.len);
	if (!subscriber)
		return NULL;
	subscriber->hash = hash;
	subscriber->name_len = (uint8_t)user.len;
	memcpy(subscriber->name, user.data, user.len);
	bucket = bucket_of(registry, hash);
	subscriber->next = *bucket;
	*bucket = subscriber;
	registry->count++;
	return subscriber;
}

static void subscriber_free(struct subscriber *subscriber)
{
	if (subscriber->backlog)
		buffer_release(subscriber->backlog);
	free(subscriber->backlog);
	free(subscriber);
}

void registry_drop(struct registry *registry, struct subscriber *subscriber)
{
	struct subscriber **link = bucket_of(registry, subscriber->hash);

	if (subscriber->sessions || subscriber->asking || subscriber->in_use)
		return;
	while (*link != subscriber)
		link = &(*link)->next;
	*link = subscriber->next;
	registry->count--;
	subscriber_free(subscriber);
}

void registry_each(struct registry *registry, registry_visitor *visitor, void *context)
{
	for (size_t i = 0; i < registry->size; i++)
		for (struct subscriber *one = registry->buckets[i], *next; one; one = next) {
			next = one->next;
			visitor(context, one);
		}
}

static void free_visited(void *context, struct subscriber *subscriber)
{
	(void)context;
	subscriber_free(subscriber);
}

void registry_release(struct registry *registry)
{
	registry_each(registry, free_visited, NULL);
	free(registry->buckets);
	*registry = (struct registry){ 0 };
}

void subscriber_add(struct subscriber *subscriber, struct session *session)
{
	session->subscriber = subscriber;
	session->next = subscriber->sessions;
	subscriber->sessions = session;
	subscriber->session_count++;
}

void subscriber_remove(struct subscriber *subscriber, struct session *session)
{
	struct session **link = &subscriber->sessions;

	while (*link != session)
		link = &(*link)->next;
	*link = session->next;
	session->next = NULL;
	session->subscriber = NULL;
	subscriber->session_count--;
}

struct session *subscriber_oldest(const struct subscriber *subscriber)
{
	struct session *session = subscriber->sessions;

	while (session && session->next)
		session = session->next;
	return session;
}

void subscriber_reverse(struct subscriber *subscriber)
{
	struct session *session = take(subscriber->sessions);

	while (session) {
		struct session *next = session->next;

		session->next = subscriber->sessions;
		subscriber->sessions = session;
		session = next;
	}
}
