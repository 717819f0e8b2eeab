/* Counters, see counters.h. */
#include "stored/counters.h"

#include "lib/clock.h"

static const enum counter counter_of[CHANGE_KINDS_COUNT] = {
	[CHANGE_CREATED] = COUNTER_CREATED,
	[CHANGE_READ] = COUNTER_READ,
	[CHANGE_ALL_READ] = COUNTER_READ,
	[CHANGE_UNREAD] = COUNTER_UNREAD,
	[CHANGE_DELETED] = COUNTER_DELETED,
	[CHANGE_ALL_DELETED] = COUNTER_DELETED,
	[CHANGE_READ_DELETED] = COUNTER_DELETED,
	[CHANGE_EXPIRED] = COUNTER_EXPIRED,
	[CHANGE_WITHDRAWN] = COUNTER_WITHDRAWN,
	[CHANGE_BROADCAST_CREATED] = COUNTER_BROADCAST_CREATED,
	[CHANGE_BROADCAST_EXPIRED] = COUNTER_BROADCAST_EXPIRED,
	[CHANGE_BROADCAST_WITHDRAWN] = COUNTER_BROADCAST_WITHDRAWN,
};

void timing_add(struct timing *timing, int64_t begin)
{
	timing->last = (uint64_t)(clock_us() - begin);
	if (timing->last > timing->longest)
		timing->longest = timing->last;
	timing->total += timing->last;
	timing->count++;
}

void counters_init(struct counters *counters)
{
	*counters = (struct counters){ .begun = clock_us() };
}

void counters_add(struct counters *counters, enum change_kind kind, uint64_t notifications)
{
	counters->pending[counter_of[kind]] += notifications;
}

/* Its place; the last is for all that find none. */
static struct key_counter *find_key(struct counters *counters, struct slice name)
{
	struct key_counter *key = counters->keys;

	for (; key < counters->keys + counters->key_count; key++)
		if (slice_is(name, key->name))
			return key;
	if (counters->key_count == KEY_COUNTERS_MAX)
		return &counters->keys[KEY_COUNTERS_MAX - 1];
	if (++counters->key_count == KEY_COUNTERS_MAX)
		name = SLICE(KEY_COUNTER_OTHERS);
	memcpy(key->name, name.data, name.len);
	return key;
}

void counters_add_key(struct counters *counters, struct slice caller, uint64_t notifications)
{
	struct slice name = publisher_of(caller);
	struct key_counter *key;

	if (name.len == 0)
		return;
	key = find_key(counters, name);
	key->requests++;
	key->notifications += notifications;
}

void counters_commit(struct counters *counters)
{
	for (size_t i = 0; i < COUNTERS; i++)
		counters->committed[i] += take(counters->pending[i]);
}

void counters_abort(struct counters *counters)
{
	memset(counters->pending, 0, sizeof(counters->pending));
}
