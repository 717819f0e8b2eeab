/* Users to sessions: what is found, in which order, and when a user is forgotten. */
#include "pushd/registry.h"
#include "tests/tap.h"

enum { MANY = 5000 };

static struct slice name_of(unsigned i, char name[static 16])
{
	snprintf(name, 16, "user%u", i);
	return slice_of(name);
}

static struct session *new_session(void)
{
	struct session *session = session_new(-1);

	if (!session)
		abort();
	return session;
}

static void test_one(struct registry *registry)
{
	struct subscriber *subscriber = registry_get(registry, SLICE("alice"));

	tap_ok(subscriber, "a user is made");
	tap_ok(registry_get(registry, SLICE("alice")) == subscriber, "… once");
	tap_ok(registry_find(registry, SLICE("alice")) == subscriber, "… and found");
	tap_ok(slice_is(subscriber_name(subscriber), "alice"), "the name is kept");
	tap_ok(!registry_find(registry, SLICE("alic")), "a beginning of a name is another name");
	tap_ok(!registry_find(registry, SLICE("alice\0")), "so is one with a NUL behind it");
	tap_ok(!registry_find(registry, SLICE("Alice")), "so is one in capitals");
	registry_drop(registry, subscriber);
	tap_ok(!registry_find(registry, SLICE("alice")), "who has no session is dropped");
	ok_int_equal(registry->count, 0, "and counted no more");
}

static void test_names(struct registry *registry)
{
	char longest[255], other[255];
	struct subscriber *a, *b;

	memset(longest, 'x', sizeof(longest));
	memcpy(other, longest, sizeof(other));
	other[254] = 'y';
	a = registry_get(registry, (struct slice){ longest, 255 });
	b = registry_get(registry, (struct slice){ other, 255 });
	tap_ok(a && b && a != b, "names of 255 bytes that differ in the last");
	ok_int_equal(subscriber_name(a).len, 255, "the whole name is kept");
	tap_ok(registry_get(registry, (struct slice){ longest, 254 }) != a, "254 of them are another");
	registry_drop(registry, registry_find(registry, (struct slice){ longest, 254 }));
	registry_drop(registry, a);
	registry_drop(registry, b);
	ok_int_equal(registry->count, 0, "all are dropped");
}

static void test_sessions(struct registry *registry)
{
	struct subscriber *subscriber = registry_get(registry, SLICE("bob"));
	struct session *sessions[3];

	tap_ok(!subscriber_oldest(subscriber), "nobody is the oldest of none");
	for (size_t i = 0; i < 3; i++) {
		sessions[i] = new_session();
		subscriber_add(subscriber, sessions[i]);
		tap_ok(sessions[i]->subscriber == subscriber, "session %zu knows its user", i);
		ok_int_equal(subscriber->session_count, i + 1, "and is counted");
	}
	tap_ok(subscriber->sessions == sessions[2], "the newest is first");
	tap_ok(subscriber_oldest(subscriber) == sessions[0], "the first one is the oldest");
	registry_drop(registry, subscriber);
	tap_ok(registry_find(registry, SLICE("bob")) == subscriber, "who has sessions is not dropped");
	subscriber_remove(subscriber, sessions[1]);
	tap_ok(!sessions[1]->subscriber && !sessions[1]->next, "one is taken out of the middle");
	tap_ok(sessions[2]->next == sessions[0], "the others stay");
	subscriber_remove(subscriber, sessions[0]);
	tap_ok(subscriber_oldest(subscriber) == sessions[2], "then the next is the oldest");
	subscriber_remove(subscriber, sessions[2]);
	ok_int_equal(subscriber->session_count, 0, "none is left");
	subscriber->asking = true;
	registry_drop(registry, subscriber);
	tap_ok(registry_find(registry, SLICE("bob")), "who awaits an answer is not dropped");
	subscriber->asking = false;
	subscriber->in_use = true;
	registry_drop(registry, subscriber);
	tap_ok(registry_find(registry, SLICE("bob")), "who is in use is not dropped");
	subscriber->in_use = false;
	registry_drop(registry, subscriber);
	tap_ok(!registry_find(registry, SLICE("bob")), "then it is");
	for (size_t i = 0; i < 3; i++)
		session_free(sessions[i]);
}

/* More than 16 bits count. */
static void test_many_sessions(struct registry *registry)
{
	struct subscriber *subscriber = registry_get(registry, SLICE("crowd"));
	enum { CROWD = 70000 };

	for (int i = 0; i < CROWD; i++)
		subscriber_add(subscriber, new_session());
	ok_int_equal(subscriber->session_count, CROWD, "a crowd of one user");
	while (subscriber->sessions) {
		struct session *session = subscriber->sessions;

		subscriber_remove(subscriber, session);
		session_free(session);
	}
	ok_int_equal(subscriber->session_count, 0, "that leaves");
	registry_drop(registry, subscriber);
}

static void test_growth(struct registry *registry)
{
	unsigned wrong = 0;
	char name[16];

	for (unsigned i = 0; i < MANY; i++)
		wrong += !registry_get(registry, name_of(i, name));
	for (unsigned i = 0; i < MANY; i++) {
		const struct subscriber *one = registry_find(registry, name_of(i, name));

		wrong += !one || !slice_is(subscriber_name(one), name);
	}
	ok_int_equal(wrong, 0, "%d users are all found while the table grows", MANY);
	ok_int_equal(registry->count, MANY, "and counted");
	tap_ok(registry->size >= MANY && (registry->size & (registry->size - 1)) == 0,
		"there are enough buckets, a power of two");
	for (unsigned i = 0; i < MANY; i += 2)
		registry_drop(registry, registry_find(registry, name_of(i, name)));
	for (unsigned i = 0; i < MANY; i++)
		wrong += (registry_find(registry, name_of(i, name)) != NULL) != (i % 2);
	ok_int_equal(wrong, 0, "every second is dropped, the others stay");
}

/* Names that fall into one bucket under one seed must not under another. */
static void test_seeds(void)
{
	struct registry one = { 0 }, other = { 0 };
	bool good = registry_init(&one) == 0 && registry_init(&other) == 0;

	if (!tap_ok(good, "two registries"))
		return;
	tap_ok(one.seed != other.seed, "have secrets of their own");
	registry_release(&one);
	registry_release(&other);
}

int main(void)
{
	struct registry registry;

	if (!tap_ok(registry_init(&registry) == 0, "a registry"))
		return tap_done();
	test_one(&registry);
	test_names(&registry);
	test_sessions(&registry);
	test_many_sessions(&registry);
	test_growth(&registry);
	registry_release(&registry); /* with half of them in it */
	test_seeds();
	return tap_done();
}
