/*
 * From changes to users of whom something is due, see intake.h.
 *
 * Whether a notification is news is told by its identifier: all up to `seen` were taken. But
 * one request may create for many users, and in the log its changes stand user by user, so
 * that identifiers go up and down in them. They have one time, though, by which they are known:
 * only between two times is everything seen up to the newest that was taken.
 */
#include "away/intake.h"

#include "away/reader.h"
#include "lib/log.h"
#include "lib/timestamp.h"

#include <errno.h>

enum {
	CHANGES_MAX = 1000,    /* at one time, and the rest of a request */
	GATHER_MAX_MS = 60000, /* to wait for what becomes due of the same user */
	PAUSE_MS = 1000,       /* after something went wrong */
};

struct intake {
	const struct config *config;
	struct agenda *agenda;
	struct progress *progress;
	struct reader *reader;
	struct uuid newest; /* that was taken; `seen` may lag behind */
	int64_t due;
	bool complained;
};

static int64_t after_ms(const struct intake *intake)
{
	return (int64_t)intake->config->away.after * 1000;
}

/* Short enough for who has to wait, and long enough for what belongs together. */
static int64_t gather_ms(const struct intake *intake)
{
	int64_t quarter = after_ms(intake) / 4;

	return quarter < GATHER_MAX_MS ? quarter : GATHER_MAX_MS;
}

/* ---- what is taken ---- */

static void raise_to(struct uuid *uuid, const struct uuid *to)
{
	if (uuid_compare(to, uuid) > 0)
		*uuid = *to;
}

/* Takes the text up to the next comma off the front. */
static struct slice next_id(struct slice *ids)
{
	const char *comma = memchr(ids->data, ',', ids->len);
	size_t len = comma ? (size_t)(comma - ids->data) : ids->len;
	struct slice id = { ids->data, len };

	len += comma ? 1 : 0;
	ids->data += len;
	ids->len -= len;
	return id;
}

/* Finds the lowest and the highest of these identifiers that are above `seen`; false: none is. */
static bool find_news(const struct uuid *seen, struct slice ids, struct uuid *ret_lowest,
	struct uuid *ret_highest)
{
	struct uuid lowest, highest = *seen, id;

	while (ids.len > 0) {
		if (uuid_parse(next_id(&ids), &id) < 0 || uuid_compare(&id, seen) <= 0)
			continue;
		if (uuid_compare(&highest, seen) == 0 || uuid_compare(&id, &lowest) < 0)
			lowest = id;
		raise_to(&highest, &id);
	}
	if (uuid_compare(&highest, seen) == 0)
		return false;
	*ret_lowest = lowest;
	*ret_highest = highest;
	return true;
}

static int take_change(struct intake *intake, const struct change *change, int64_t now)
{
	struct uuid lowest, highest;
	struct waiting *waiting;
	int r;

	if (change->kind != CHANGE_CREATED ||
		change->time < now - (int64_t)intake->config->away.max_age * 1000 ||
		!find_news(&intake->progress->seen, change->ids, &lowest, &highest))
		return 0;
	r = agenda_get(intake->agenda, change->user, now + gather_ms(intake), &waiting);
	if (r < 0)
		return r;
	if (waiting_is_empty(waiting))
		raise_to(&waiting->from, &lowest); /* what the user has had does not come again */
	raise_to(&waiting->upto, &highest);
	raise_to(&intake->newest, &highest);
	agenda_touch(intake->agenda, waiting);
	return 0;
}

static void note_boundary(struct intake *intake)
{
	if (uuid_compare(&intake->newest, &intake->progress->seen) <= 0)
		return;
	intake->progress->seen = intake->newest;
	intake->progress->changed = true;
}

static bool is_full(const struct intake *intake)
{
	return intake->agenda->users >= AGENDA_MAX;
}

/* Returns what the reader returns, or -ENOMEM; 0: there may be more. */
static int take_changes(struct intake *intake, int64_t now)
{
	struct change change;
	int64_t time = 0;
	int r;

	for (unsigned i = 0;
		(r = reader_look(intake->reader, now - after_ms(intake), &change)) == 0; i++) {
		if (change.time != time) {
			note_boundary(intake);
			if (i >= CHANGES_MAX || is_full(intake))
				return 0;
		}
		time = change.time;
		r = take_change(intake, &change, now);
		if (r < 0)
			return r;
		reader_step(intake->reader);
	}
	if (r == READER_LATER || r == READER_NOTHING)
		note_boundary(intake);
	return r;
}

/* ---- where it is read ---- */

/* Says once what is wrong, until it is not. */
static void complain(struct intake *intake, int r)
{
	if (r == READER_LOST && !intake->complained)
		log_event(LOG_LEVEL_WARNING, LOG_FEED_LOST, NULL,
			"changes in the log were removed or damaged before they were read: "
			"some notifications may not be handed over");
	if (r < 0 && !intake->complained)
		log_event(LOG_LEVEL_WARNING, LOG_FEED_UNREADABLE, NULL,
			"the log cannot be read: %s; trying again", strerror(-r));
	intake->complained = r != 0;
}

/* What was there before the first start is below any identifier that is made from now on. */
static void begin(struct intake *intake, int64_t now)
{
	static const uint8_t zeros[UUID_RANDOM_BYTES];
	bool first = intake->progress->file == 0;
	int r = reader_begin(intake->reader, intake->progress->file);

	if (r < 0)
		complain(intake, r);
	else if (first)
		intake->progress->seen = uuid_of(now, zeros);
	intake->due = r < 0 ? now + PAUSE_MS : now;
}

static void plan(struct intake *intake, int r, int64_t now)
{
	if (r == READER_LATER)
		intake->due = reader_due(intake->reader) + after_ms(intake);
	else if (r == READER_NOTHING)
		intake->due = INT64_MAX;
	else
		intake->due = r == 0 ? now : now + PAUSE_MS;
}

int intake_take(struct intake *intake, int64_t now)
{
	int r = 0;

	if (!reader_has_begun(intake->reader) && now >= intake->due)
		begin(intake, now);
	if (!reader_has_begun(intake->reader) || is_full(intake) ||
		(now < intake->due && intake->due < INT64_MAX))
		return 0;
	r = take_changes(intake, now);
	if (r == -ENOMEM)
		return r;
	complain(intake, r == READER_LATER || r == READER_NOTHING ? 0 : r);
	plan(intake, r, now);
	if (r == READER_LOST)
		begin(intake, now);
	if (intake->progress->file != reader_file(intake->reader)) {
		intake->progress->file = reader_file(intake->reader);
		intake->progress->changed = true;
	}
	return 0;
}

int64_t intake_due(const struct intake *intake)
{
	return is_full(intake) ? INT64_MAX : intake->due;
}

bool intake_waits(const struct intake *intake)
{
	return intake->due == INT64_MAX && !is_full(intake);
}

int intake_fd(const struct intake *intake)
{
	return reader_fd(intake->reader);
}

/* ---- life ---- */

int intake_new(const struct config *config, struct inbox *inbox, struct agenda *agenda,
	struct progress *progress, struct intake **ret_intake)
{
	_cleanup_(freeing_intake_free) struct intake *intake = calloc(1, sizeof(*intake));
	int r;

	if (!intake)
		return -ENOMEM;
	*intake = (struct intake){ .config = config, .agenda = agenda, .progress = progress };
	r = reader_new(config, inbox, &intake->reader);
	if (r == 0)
		*ret_intake = take(intake);
	return r;
}

struct intake *intake_free(struct intake *intake)
{
	if (intake)
		reader_free(intake->reader);
	free(intake);
	return NULL;
}
