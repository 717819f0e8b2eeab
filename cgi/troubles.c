/* A table of checks, see troubles.h; those that are grave stand first. */
#include "cgi/troubles.h"

#include "cgi/html.h"

#include <errno.h>
#include <math.h>

#define NEAR_LIMIT 0.9 /* of what there may be */

enum {
	RESERVES = 2, /* free space below so many times the reserve is little */
	LAG_MS = 1000,
	LATENCY_US = 1000000,
	EVENTS_MS = 5 * 60000, /* how long something that happened is told */
};

struct view {
	const struct snapshot *snapshot;
	const struct history *history; /* NULL = there is none */
};

/* Whether it is so; then with the sentence. */
typedef bool trouble_check(const struct view *view, struct buffer *sentence);

static double number(const struct view *view, const char *path)
{
	return snapshot_number(view->snapshot->json, path);
}

static struct slice text(const struct view *view, const char *path)
{
	return json_string(snapshot_find(view->snapshot->json, path));
}

/* How often this happened lately; `member` as in struct event. */
static double lately(const struct view *view, enum event_kind kind, const char *member)
{
	double count = 0;

	for (size_t i = 0; view->history && i < HISTORY_EVENTS; i++) {
		const struct event *event = &view->history->events[i];

		if (event->time > view->snapshot->time - EVENTS_MS && event->kind == kind &&
			strcmp(event->member, member) == 0)
			count += event->count;
	}
	return count;
}

/* ---- daemons that do not answer ---- */

static bool store_forbids(const struct view *view, struct buffer *sentence)
{
	buffer_append_string(sentence,
		"The store does not permit this program to see its figures.");
	return view->snapshot->store == INBOX_FORBIDDEN || view->snapshot->store == -EACCES;
}

static bool push_forbids(const struct view *view, struct buffer *sentence)
{
	buffer_append_string(sentence,
		"The push daemon does not permit this program to see its figures.");
	return view->snapshot->push == CONTROL_REFUSED || view->snapshot->push == -EACCES;
}

static const char *reason(int result)
{
	return result < 0 ? strerror(-result) : "it could not do it";
}

static bool store_is_away(const struct view *view, struct buffer *sentence)
{
	int r = view->snapshot->store;

	buffer_print(sentence,
		"The store does not answer: %s. Nothing can be created, listed or "
		"marked.",
		reason(r));
	return r != 0 && r != INBOX_FORBIDDEN && r != -EACCES;
}

static bool push_is_away(const struct view *view, struct buffer *sentence)
{
	int r = view->snapshot->push;

	buffer_print(sentence,
		"The push daemon does not answer: %s. Open pages hear of nothing until "
		"they ask.",
		reason(r));
	return r < 0 && r != -EDESTADDRREQ && r != -EACCES;
}

/* ---- limits ---- */

static bool disk_is_full(const struct view *view, struct buffer *sentence)
{
	buffer_append_string(sentence,
		"The disk of the store is full: writes are refused. Free are ");
	html_append_bytes(sentence, number(view, "store.disk.freeBytes"));
	buffer_append_string(sentence, ", of which are reserved ");
	html_append_bytes(sentence, number(view, "store.disk.reserveBytes"));
	buffer_append_string(sentence, ".");
	return number(view, "store.diskFull") == 1;
}

static bool disk_is_filling(const struct view *view, struct buffer *sentence)
{
	double free_bytes = number(view, "store.disk.freeBytes");

	buffer_append_string(sentence, "The disk of the store is nearly full: free are ");
	html_append_bytes(sentence, free_bytes);
	buffer_append_string(sentence, ".");
	return free_bytes < RESERVES * number(view, "store.disk.reserveBytes") &&
	       number(view, "store.diskFull") == 0;
}

/* Some descriptors are needed for other things; that few are left shows here, too. */
static bool connections_run_out(const struct view *view, struct buffer *sentence)
{
	double open = number(view, "push.connections.open");
	double max = number(view, "push.connections.max");
	double descriptors = number(view, "push.connections.descriptors");

	if (descriptors > 0)
		max = fmin(max, descriptors);
	html_append_number(sentence, open);
	buffer_append_string(sentence, " of at most ");
	html_append_number(sentence, max);
	buffer_append_string(sentence, " connections are in use.");
	return open >= NEAR_LIMIT * max;
}

/* ---- slowness ---- */

static bool feed_lags(const struct view *view, struct buffer *sentence)
{
	double lag = number(view, "push.feed.lagMilliseconds");

	buffer_append_string(sentence, "The push daemon is behind the log of the store by ");
	html_append_microseconds(sentence, lag * 1000);
	buffer_append_string(sentence, ".");
	return lag >= LAG_MS;
}

/* What was before anybody looked may be long ago. */
static bool delivery_is_slow(const struct view *view, struct buffer *sentence)
{
	struct latency latency;
	double within = 0, all;

	history_latency(view->history, view->snapshot->json, &latency);
	if (latency.seconds == 0)
		return false;
	for (size_t i = 0; i + 1 < latency.bars && latency.bounds[i] <= LATENCY_US; i++)
		within = latency.below[i];
	all = latency.below[latency.bars - 1];
	buffer_append_string(sentence,
		"Of the changes of the last minutes more than 1 % took longer "
		"than a second to reach their clients.");
	return all - within > all / 100;
}

static bool requests_failed(const struct view *view, struct buffer *sentence)
{
	double count = lately(view, EVENT_NOT_DONE, "failed");

	html_append_number(sentence, count);
	buffer_append_string(sentence, " requests to the store failed within five minutes.");
	return count > 0;
}

static bool clients_stall(const struct view *view, struct buffer *sentence)
{
	double count = lately(view, EVENT_STALLED, "");

	html_append_number(sentence, count);
	buffer_append_string(sentence,
		" clients were closed within five minutes because they took nothing.");
	return count > 0;
}

/* ---- disagreement ---- */

static bool versions_differ(const struct view *view, struct buffer *sentence)
{
	struct slice push = text(view, "push.version"), store = text(view, "store.version");
	struct slice own = SLICE(PACKAGE_VERSION);

	buffer_append_string(sentence,
		"Not all programs have the same version: this one is " PACKAGE_VERSION
		", tidings-pushd is ");
	buffer_append_slice(sentence, push);
	buffer_append_string(sentence, " and tidings-stored is ");
	buffer_append_slice(sentence, store);
	buffer_append_string(sentence, ".");
	return push.data && store.data && !(slice_equal(push, own) && slice_equal(store, own));
}

static bool epochs_differ(const struct view *view, struct buffer *sentence)
{
	struct slice push = text(view, "push.epoch"), store = text(view, "store.epoch");

	buffer_append_string(sentence,
		"The push daemon does not know the life that the store has now.");
	return push.len > 0 && store.data && !slice_equal(push, store);
}

/* clang-format off */
static const struct {
	bool grave;
	trouble_check *check;
	const char *advice;
} checks[TROUBLES_MAX] = {
	{ true, store_is_away,
		"See systemctl status tidings-stored and journalctl -u tidings-stored; tidings doctor "
		"says what is wrong." },
	{ true, push_is_away,
		"See systemctl status tidings-pushd and journalctl -u tidings-pushd; tidings doctor says "
		"what is wrong." },
	{ true, store_forbids,
		"The user of this program belongs into the group tidings-status; then restart "
		"tidings-stored if the group is new." },
	{ true, push_forbids,
		"The user of this program belongs into the group tidings-status; then restart "
		"tidings-pushd if the group is new." },
	{ true, disk_is_full, "Make space. Writes go on by themselves as soon as there is some." },
	{ true, connections_run_out,
		"Raise max-connections in [push], or the limit of descriptors, LimitNOFILE= of "
		"tidings-pushd.service; or find out who opens so many: tidings connections." },
	{ true, requests_failed, "journalctl -u tidings-stored says why." },
	{ false, disk_is_filling,
		"Make space, or have the store keep less: retention-days, max-per-user and "
		"log-keep-hours in [store]." },
	{ false, feed_lags,
		"It reads as fast as it can: is the machine, or its disk, too busy? If this stays so, "
		"journalctl -u tidings-pushd may say why." },
	{ false, delivery_is_slow,
		"Is the machine too busy? Does every change go to very many clients?" },
	{ false, clients_stall,
		"They are told below, or by tidings connections, as long as they are there. Proxies that "
		"gather a stream do this to all of them." },
	{ false, epochs_differ, "If it stays so for more than a few seconds: journalctl -u "
		"tidings-pushd." },
	{ false, versions_differ, "Upgrade or restart what is older." },
};
/* clang-format on */

size_t troubles_find(const struct snapshot *snapshot, const struct history *history,
	struct trouble ret_troubles[static TROUBLES_MAX])
{
	struct view view = { snapshot, history };
	size_t count = 0;

	for (size_t i = 0; i < TROUBLES_MAX && checks[i].check; i++) {
		struct trouble *trouble = &ret_troubles[count];
		_cleanup_(buffer_release) struct buffer sentence = { 0 };

		if (!checks[i].check(&view, &sentence) || !buffer_string(&sentence))
			continue;
		trouble->grave = checks[i].grave;
		trouble->advice = checks[i].advice;
		snprintf(trouble->sentence, sizeof(trouble->sentence), "%s", sentence.data);
		count++;
	}
	return count;
}
