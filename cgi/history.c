/*
 * Slots of time and comparisons of one snapshot with the next, see history.h.
 *
 * A slot has its place in the ring by its number, so that a gap stays a gap. What only grows
 * is kept as it was told; a rate is the difference of two neighbours, and what has become less
 * began anew in between.
 */
#include "cgi/history.h"

#include <math.h>

enum {
	GAP_SLOTS = 6,		/* values that are further apart make no rate */
	LINGER_MS = 15 * 60000, /* how long it goes on when nobody looks */
	TOGETHER_MS = 60000,	/* what happens again within this time is the same event */
};

static const struct {
	const char *figure;
	bool grows;   /* and a rate is what one wants to know */
	double scale; /* what is told is so many times the figure */
} series_of[HISTORY_SERIES] = {
	[SERIES_CLIENTS] = { "push.connections.open", false, 1 },
	[SERIES_USERS] = { "push.connections.users", false, 1 },
	[SERIES_MESSAGES] = { "push.messagesOut", true, 1 },
	[SERIES_CREATED] = { "store.notifications.created", true, 1 },
	[SERIES_BYTES] = { "push.bytesOut", true, 1 },
	[SERIES_REFUSED] = { "push.refused", true, 1 },
	[SERIES_LAG] = { "push.feed.lagMilliseconds", false, 1000 },
};

/* ---- events ---- */

static const char *const sentences[EVENT_KINDS] = {
	[EVENT_AWAY] = "Stopped answering:",
	[EVENT_BACK] = "Answers again:",
	[EVENT_RESTARTED] = "Was restarted:",
	[EVENT_REFUSED] = "Clients refused:",
	[EVENT_CLOSED] = "Connections closed:",
	[EVENT_CONFLATED] = "Messages dropped for slow clients, which get an update instead",
	[EVENT_STALLED] = "Clients closed because they took nothing",
	[EVENT_RESYNC] = "All clients told to fetch anew:",
	[EVENT_NOT_DONE] = "Requests that the store did not do:",
	[EVENT_WITHOUT_RIGHTS] = "Programs without rights at the store",
	[EVENT_WITHOUT_ROOM] = "Connections that the store had no room for",
};

const char *event_sentence(enum event_kind kind)
{
	return sentences[kind];
}

/* Counters that tell of trouble when they grow, and those of their members that do; NULL = all. */
static const struct watched {
	const char *figure;
	enum event_kind kind;
	const char *members; /* with blanks around each */
} watched[] = {
	{ "push.refused", EVENT_REFUSED, NULL },
	{ "push.closed", EVENT_CLOSED,
		" 1002 1003 1007 1008 1009 1011 1013 4401 4403 4408 4409 4429 other " },
	{ "push.conflations", EVENT_CONFLATED, NULL },
	{ "push.stalls", EVENT_STALLED, NULL },
	{ "push.resyncs", EVENT_RESYNC, NULL },
	{ "store.requests", EVENT_NOT_DONE, " forbidden storageFull busy failed tooMany " },
	{ "store.connections.withoutRights", EVENT_WITHOUT_RIGHTS, NULL },
	{ "store.connections.withoutRoom", EVENT_WITHOUT_ROOM, NULL },
};

/* The same thing, if it happened a moment ago; or NULL. */
static struct event *find_event(struct history *history, int64_t time, enum event_kind kind,
	const char *member)
{
	for (size_t i = 0; i < HISTORY_EVENTS; i++) {
		struct event *event = &history->events[i];

		if (event->time > time - TOGETHER_MS && event->kind == kind &&
			strcmp(event->member, member) == 0)
			return event;
	}
	return NULL;
}

/* The oldest makes room. */
static void add_event(struct history *history, int64_t time, enum event_kind kind,
	const char *member, double count)
{
	struct event *event = find_event(history, time, kind, member);

	if (!event) {
		event = &history->events[history->next_event++ % HISTORY_EVENTS];
		*event = (struct event){ .kind = kind };
		snprintf(event->member, sizeof(event->member), "%s", member);
	}
	event->time = time;
	event->count += count;
}

/* By how much a counter has grown; of one that began anew all counts. */
static double growth(double before, double now)
{
	if (isnan(now) || isnan(before))
		return 0;
	return now < before ? now : now - before;
}

static bool counts(const struct watched *what, const char *member)
{
	char word[48];

	snprintf(word, sizeof(word), " %s ", member);
	return !what->members || strstr(what->members, word);
}

static void compare_members(struct history *history, int64_t time, const struct watched *what,
	struct json_object *before, struct json_object *now)
{
	json_object_object_foreach(now, member, value)
	{
		double grown = growth(snapshot_number(before, member), snapshot_number(value, ""));

		if (grown > 0 && counts(what, member))
			add_event(history, time, what->kind, member, grown);
	}
}

static void compare(struct history *history, const struct snapshot *snapshot,
	const struct watched *what)
{
	struct json_object *before = snapshot_find(history->last, what->figure);
	struct json_object *now = snapshot_find(snapshot->json, what->figure);
	double grown;

	if (json_object_is_type(now, json_type_object)) {
		compare_members(history, snapshot->time, what, before, now);
		return;
	}
	grown = growth(snapshot_number(before, ""), snapshot_number(now, ""));
	if (grown > 0)
		add_event(history, snapshot->time, what->kind, "", grown);
}

/* Whether a daemon is there at all. */
static void compare_presence(struct history *history, const struct snapshot *snapshot,
	const char *part, const char *name)
{
	double before = snapshot_number(snapshot_find(history->last, part), "uptime");
	double now = snapshot_number(snapshot_find(snapshot->json, part), "uptime");

	if (!isnan(before) && isnan(now))
		add_event(history, snapshot->time, EVENT_AWAY, name, 1);
	else if (isnan(before) && !isnan(now))
		add_event(history, snapshot->time, EVENT_BACK, name, 1);
	else if (now < before)
		add_event(history, snapshot->time, EVENT_RESTARTED, name, 1);
}

static void note_events(struct history *history, const struct snapshot *snapshot)
{
	if (history->last) {
		compare_presence(history, snapshot, "push", "tidings-pushd");
		compare_presence(history, snapshot, "store", "tidings-stored");
		for (size_t i = 0; i < ARRAY_LENGTH(watched); i++)
			compare(history, snapshot, &watched[i]);
	}
	json_object_put(history->last);
	history->last = json_object_get(snapshot->json);
}

/* ---- samples ---- */

static int64_t slot_of(int64_t time)
{
	return time / HISTORY_SLOT_MS;
}

/* Of an object with several counters their sum. */
static double total(struct json_object *json, const char *figure)
{
	struct json_object *value = snapshot_find(json, figure);
	double sum = 0;

	if (!json_object_is_type(value, json_type_object))
		return snapshot_number(value, "");
	json_object_object_foreach(value, name, one)
	{
		(void)name;
		sum += snapshot_number(one, "");
	}
	return sum;
}

static void read_latency(struct json_object *json, struct latency *ret_latency)
{
	struct json_object *buckets = snapshot_find(json, "push.latency.buckets");
	struct latency latency = { 0 };

	if (json_object_is_type(buckets, json_type_object)) {
		json_object_object_foreach(buckets, bound, below)
		{
			if (latency.bars == HISTORY_BUCKETS - 1)
				break;
			latency.bounds[latency.bars] = strtod(bound, NULL);
			latency.below[latency.bars++] = snapshot_number(below, "");
		}
		latency.below[latency.bars++] = snapshot_number(json, "push.latency.count");
	}
	*ret_latency = latency;
}

static void take_sample(struct history *history, const struct snapshot *snapshot, int64_t now)
{
	struct sample sample = { .slot = slot_of(now), .time = now };
	struct latency latency;

	for (size_t i = 0; i < HISTORY_SERIES; i++)
		sample.values[i] = total(snapshot->json, series_of[i].figure) * series_of[i].scale;
	read_latency(snapshot->json, &latency);
	sample.bars = latency.bars;
	memcpy(sample.below, latency.below, sizeof(sample.below));
	history->samples[sample.slot % HISTORY_SLOTS] = sample;
}

static const struct sample *find_sample(const struct history *history, int64_t slot)
{
	const struct sample *sample = &history->samples[slot % HISTORY_SLOTS];

	return slot > 0 && sample->slot == slot ? sample : NULL;
}

void history_note(struct history *history, const struct snapshot *snapshot, int64_t now, bool asked)
{
	history->now = now;
	if (asked)
		history->asked = now;
	note_events(history, snapshot);
	if (!find_sample(history, slot_of(now)))
		take_sample(history, snapshot, now);
}

int history_wait(const struct history *history, int64_t now)
{
	int64_t next = (slot_of(now) + 1) * HISTORY_SLOT_MS;

	if (history->asked == 0 || now - history->asked > LINGER_MS)
		return -1;
	return find_sample(history, slot_of(now)) ? (int)(next - now) : 0;
}

void history_release(struct history *history)
{
	json_object_put(history->last);
	*history = (struct history){ 0 };
}

/* ---- looking back ---- */

/* The rate at a slot, from the nearest one before it. */
static double rate_at(const struct history *history, enum history_series series, int64_t slot)
{
	const struct sample *sample = find_sample(history, slot);

	for (int64_t before = slot - 1; sample && before >= slot - GAP_SLOTS; before--) {
		const struct sample *other = find_sample(history, before);

		if (other && !isnan(other->values[series]) && !isnan(sample->values[series]))
			return growth(other->values[series], sample->values[series]) * 1000 /
			       (double)(sample->time - other->time);
	}
	return NAN;
}

static double value_at(const struct history *history, enum history_series series, int64_t slot)
{
	const struct sample *sample = find_sample(history, slot);

	if (series_of[series].grows)
		return rate_at(history, series, slot);
	return sample ? sample->values[series] : NAN;
}

void history_values(const struct history *history, enum history_series series,
	double ret_values[static HISTORY_SLOTS])
{
	int64_t newest = slot_of(history->now);

	for (int64_t i = 0; i < HISTORY_SLOTS; i++)
		ret_values[i] = value_at(history, series, newest - HISTORY_SLOTS + 1 + i);
}

double history_now(const struct history *history, enum history_series series)
{
	int64_t newest = slot_of(history->now);

	for (int64_t slot = newest; slot > newest - GAP_SLOTS; slot--)
		if (find_sample(history, slot))
			return value_at(history, series, slot);
	return NAN;
}

/* The oldest sample since the daemon began, whose counts those of now include. */
static const struct sample *find_base(const struct history *history, const struct latency *now)
{
	int64_t newest = slot_of(history->now);
	double count = now->bars > 0 ? now->below[now->bars - 1] : 0;
	const struct sample *base = NULL;

	for (int64_t slot = newest; slot > newest - HISTORY_SLOTS; slot--) {
		const struct sample *sample = find_sample(history, slot);

		if (!sample || sample->bars == 0 || sample->bars != now->bars)
			continue;
		if (sample->below[sample->bars - 1] > count)
			break;
		count = sample->below[sample->bars - 1];
		base = sample;
	}
	return base;
}

void history_latency(const struct history *history, struct json_object *json,
	struct latency *ret_latency)
{
	const struct sample *base;

	read_latency(json, ret_latency);
	base = history ? find_base(history, ret_latency) : NULL;
	if (!base || history->now - base->time < HISTORY_SLOT_MS)
		return;
	for (size_t i = 0; i < ret_latency->bars; i++)
		ret_latency->below[i] -= base->below[i];
	ret_latency->seconds = (unsigned)((history->now - base->time) / 1000);
}
