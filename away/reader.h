/*
 * The log, read as late as a notification may remain unread before anybody is told: so what
 * waits for its time waits there, and nowhere else, however much it is.
 */
#pragma once

#include "lib/inbox.h"
#include "pushd/feed.h"

struct reader;

/* The inbox tells where the log ends. Both must outlive the reader. Returns 0 or -errno. */
int reader_new(const struct config *config, struct inbox *inbox, struct reader **ret_reader);

/* Returns NULL. */
struct reader *reader_free(struct reader *reader);

DEFINE_CLEANUP(struct reader *, reader_free)

/*
 * Begins with this log file, or the oldest that is there if the store has none of this number;
 * for 0 at the end of the log. Again, after READER_LOST, it begins where there is something to
 * be read. Returns 0 or -errno, and then it is to be called again.
 */
int reader_begin(struct reader *reader, uint32_t file);
bool reader_has_begun(const struct reader *reader);

enum {
	READER_LATER = 1, /* at the time reader_due() */
	READER_NOTHING,	  /* wait for reader_fd(), or call again after some seconds */
	READER_LOST,	  /* changes cannot be read any more: reader_begin() is to be called */
};

/*
 * Shows the next change, if it was made up to this time (milliseconds since the epoch), until
 * reader_step() goes on behind it. Returns 0, one of the above, or -errno: the next call tries again.
 */
int reader_look(struct reader *reader, int64_t until, struct change *ret_change);
void reader_step(struct reader *reader);

/* When the next change was made. */
int64_t reader_due(const struct reader *reader);

/* The log file that another reader would have to begin with. */
uint32_t reader_file(const struct reader *reader);

/* Becomes readable when there may be something new. */
int reader_fd(const struct reader *reader);
