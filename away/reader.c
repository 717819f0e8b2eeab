/*
 * Reading the log late, see reader.h.
 *
 * A reader begins at the beginning of a file, never inside one: that is a place in whatever
 * log is there, also in another one after a restore. What it gives again its owner knows by
 * the identifiers of notifications, which only ever increase.
 *
 * Where the log cannot be read on, it begins anew with the oldest file that there is, and if
 * it gets no further then, at the end.
 */
#include "away/reader.h"

#include <errno.h>

enum { CALL_TIMEOUT = 3000 /* milliseconds */ };

enum stage { BEFORE, WELL, FROM_OLDEST, FROM_END };

struct reader {
	struct inbox *inbox;
	struct feed *feed;
	enum stage stage;
	struct feed_position before; /* the change that is held, or the next one */
	struct feed_position idle;   /* where nothing came the last time */
	bool held;
	struct change change;
};

int reader_new(const struct config *config, struct inbox *inbox, struct reader **ret_reader)
{
	_cleanup_(freeing_reader_free) struct reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return -ENOMEM;
	reader->inbox = inbox;
	r = feed_new(config, &reader->feed);
	if (r == 0)
		*ret_reader = take(reader);
	return r;
}

struct reader *reader_free(struct reader *reader)
{
	if (reader)
		feed_free(reader->feed);
	free(reader);
	return NULL;
}

/* ---- beginnings ---- */

/* The store greets a new connection with it; what is asked then is of no importance. */
static int find_end(struct reader *reader, struct feed_position *ret_position)
{
	const struct inbox_request request = {
		.operation = INBOX_LIST,
		.user = SLICE("tidings"),
		.query = { .limit = 1, .type = INBOX_ANY_TYPE },
	};
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	const struct inbox_greeting *greeting;
	int r;

	inbox_disconnect(reader->inbox);
	r = inbox_call(reader->inbox, &request, CALL_TIMEOUT, &answer);
	if (r < 0)
		return r;
	greeting = inbox_greeting(reader->inbox);
	*ret_position = (struct feed_position){ greeting->log_file, greeting->log_offset };
	return 0;
}

static void begin_at(struct reader *reader, struct feed_position position, enum stage stage)
{
	feed_begin(reader->feed, position);
	reader->before = position;
	reader->held = false;
	reader->stage = stage;
}

static int begin_with_oldest(struct reader *reader)
{
	struct feed_position position;
	int r = feed_oldest(reader->feed, &position);

	if (r == 0)
		begin_at(reader, position, FROM_OLDEST);
	return r;
}

int reader_begin(struct reader *reader, uint32_t file)
{
	struct feed_position end;
	int r;

	if (reader->stage == WELL)
		return begin_with_oldest(reader);
	r = find_end(reader, &end);
	if (r < 0)
		return r;
	if (reader->stage != BEFORE || file == 0)
		begin_at(reader, end, FROM_END);
	else if (file <= end.file)
		begin_at(reader, (struct feed_position){ .file = file }, WELL);
	else
		return begin_with_oldest(
			reader); /* it is of another store, or of before a restore */
	return 0;
}

/* ---- changes ---- */

static int hold_next(struct reader *reader)
{
	int r = feed_drain(reader->feed);

	if (r < 0)
		return r;
	reader->before = feed_position(reader->feed);
	r = feed_next(reader->feed, &reader->change);
	reader->held = r == 0;
	return r;
}

/* A record that is damaged looks as if it were not written yet, but for those behind it. */
static int look_closely(struct reader *reader)
{
	struct feed_position at = feed_position(reader->feed);

	if (at.file == reader->idle.file && at.offset == reader->idle.offset)
		feed_inspect(reader->feed);
	reader->idle = at;
	return READER_NOTHING;
}

int reader_look(struct reader *reader, int64_t until, struct change *ret_change)
{
	int r = reader->held ? 0 : hold_next(reader);

	if (r == FEED_NOTHING)
		return look_closely(reader);
	if (r == FEED_LOST || r == -EPROTONOSUPPORT)
		return READER_LOST;
	if (r < 0)
		return r;
	if (reader->change.time > until) {
		reader->stage = WELL;
		return READER_LATER;
	}
	*ret_change = reader->change;
	return 0;
}

void reader_step(struct reader *reader)
{
	reader->held = false;
}

int64_t reader_due(const struct reader *reader)
{
	return reader->change.time;
}

bool reader_has_begun(const struct reader *reader)
{
	return reader->stage != BEFORE;
}

uint32_t reader_file(const struct reader *reader)
{
	return reader->before.file;
}

int reader_fd(const struct reader *reader)
{
	return feed_fd(reader->feed);
}
