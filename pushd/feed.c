/*
 * The feed of a Berkeley DB store: its log files, in order, and inotify.
 *
 * inotify only wakes; what counts is the position. So events may be lost,
 * merged or spurious: each wake reads on from the position until no valid record
 * follows, and whatever is written after that wakes again.
 *
 * The feed goes to the next file when there is one, nothing follows in this one,
 * and the next file's header names the record at which this one ends. Where that
 * does not fit, a record is damaged or missing, and the feed is lost rather than
 * silently short of a change. It is also lost if files are gone that it has not
 * read, or a file is shorter than it was.
 *
 * Limits: a transaction of more than TRANSACTION_MAX bytes of changes makes the
 * feed lost. One call reads on until it has a change or the end of the log.
 */
#include "pushd/feed.h"

#include "lib/logfile.h"
#include "pushd/transaction.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

static const uint32_t DIRECTORY_EVENTS = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM;
static const uint32_t DIRECTORY_GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

struct feed {
	char *path; /* the log directory */
	int directory_fd;
	int inotify_fd;
	int watch;
	int state;		 /* 0, or what feed_next gives until feed_begin */
	bool files_changed;	 /* files may have come or gone since the feed last looked */
	struct feed_position at; /* the offset counts only while no file is open */
	struct logfile *file;	 /* NULL = not there yet */
	struct transaction transaction;
	struct feed_position transaction_begin;
};

static struct feed_position feed_read_position(const struct feed *feed)
{
	struct feed_position position = feed->at;

	if (feed->file)
		position.offset = logfile_offset(feed->file);
	return position;
}

struct feed_position feed_position(const struct feed *feed)
{
	return transaction_is_pending(&feed->transaction) ? feed->transaction_begin
							  : feed_read_position(feed);
}

int feed_fd(const struct feed *feed)
{
	return feed->inotify_fd;
}

/* The directory */

static int feed_watch(struct feed *feed)
{
	int watch, directory_fd;

	watch = inotify_add_watch(feed->inotify_fd, feed->path,
		IN_MODIFY | DIRECTORY_EVENTS | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
	if (watch < 0)
		return -errno;
	if (feed->watch >= 0 && feed->watch != watch)
		inotify_rm_watch(feed->inotify_fd, feed->watch);
	feed->watch = watch;
	directory_fd = open(feed->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0)
		return -errno;
	if (feed->directory_fd >= 0)
		close(feed->directory_fd);
	feed->directory_fd = directory_fd;
	return 0;
}

/* Gives the lowest number of a log file from `from` on; 0 if there is none. */
static int feed_find_file(const struct feed *feed, uint32_t from, uint32_t *ret_number)
{
	uint32_t lowest = 0;
	DIR *directory;
	int fd, r;

	fd = openat(feed->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		r = -errno;
		close(fd);
		return r;
	}
	for (struct dirent *entry; (entry = readdir(directory));) {
		uint32_t number = logfile_number(entry->d_name);

		if (number >= from && number > 0 && (lowest == 0 || number < lowest))
			lowest = number;
	}
	closedir(directory);
	*ret_number = lowest;
	return 0;
}

static void feed_take_event(struct feed *feed, const struct inotify_event *event)
{
	if (event->mask & (DIRECTORY_EVENTS | IN_Q_OVERFLOW))
		feed->files_changed = true;
	if (event->mask & DIRECTORY_GONE && event->wd == feed->watch && feed->state == 0)
		feed->state = FEED_LOST;
}

int feed_drain(struct feed *feed)
{
	_Alignas(struct inotify_event) char events[4096];
	const struct inotify_event *event;
	ssize_t n;

	do {
		n = read(feed->inotify_fd, events, sizeof(events));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(events + at);
			feed_take_event(feed, event);
		}
	} while ((size_t)n > sizeof(events) / 2);
	return 0;
}

/* Life */

struct feed *feed_free(struct feed *feed)
{
	if (!feed)
		return NULL;
	logfile_free(feed->file);
	transaction_release(&feed->transaction);
	if (feed->directory_fd >= 0)
		close(feed->directory_fd);
	if (feed->inotify_fd >= 0)
		close(feed->inotify_fd);
	free(feed->path);
	free(feed);
	return NULL;
}

int feed_new(const struct config *config, struct feed **ret_feed)
{
	_cleanup_(freeing_feed_free) struct feed *feed = calloc(1, sizeof(*feed));
	int r;

	if (!feed)
		return -ENOMEM;
	transaction_init(&feed->transaction);
	feed->directory_fd = -1;
	feed->watch = -1;
	feed->state = FEED_NOTHING;
	feed->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (feed->inotify_fd < 0)
		return -errno;
	if (asprintf(&feed->path, "%s/log", config->store.home) < 0) {
		feed->path = NULL;
		return -ENOMEM;
	}
	r = feed_watch(feed);
	if (r < 0 && r != -ENOENT) /* the store may not have been opened yet */
		return r;
	*ret_feed = take(feed);
	return 0;
}

/* The directory may be another one since, after a restore; so it is watched anew. */
void feed_begin(struct feed *feed, struct feed_position position)
{
	feed->file = logfile_free(feed->file);
	transaction_reset(&feed->transaction);
	feed->at = position;
	feed_drain(feed); /* they are of the life before */
	feed->files_changed = true;
	feed->state = feed_watch(feed);
}

int feed_oldest(struct feed *feed, struct feed_position *ret_position)
{
	uint32_t number = 0;
	int r = feed_watch(feed);

	if (r == 0)
		r = feed_find_file(feed, 1, &number);
	if (r < 0 || number == 0)
		return r < 0 ? r : -ENOENT;
	*ret_position = (struct feed_position){ .file = number };
	return 0;
}

/* Files */

/* Remembers that the feed is of no use until it begins anew. */
static int feed_stop(struct feed *feed, int state)
{
	feed->state = state;
	return state;
}

/* There is no file of this number: it will come, or it has been removed. */
static int feed_missing(struct feed *feed, uint32_t number)
{
	uint32_t found = 0;
	int r;

	r = feed_find_file(feed, number, &found);
	if (r < 0)
		return r;
	return found > number ? feed_stop(feed, FEED_LOST) : FEED_NOTHING;
}

/* What the result of reading a log file means to the feed. */
static int feed_result(struct feed *feed, int r)
{
	switch (r) {
	case LOGFILE_NOTHING:
		return FEED_NOTHING;
	case LOGFILE_SHORT:
		return feed_stop(feed, FEED_LOST);
	case -EPROTONOSUPPORT:
		return feed_stop(feed, r);
	default:
		return r;
	}
}

static int feed_open(struct feed *feed)
{
	uint32_t offset = feed->at.offset;
	int r;

	if (offset > 0 && offset < LOGFILE_HEADER_SIZE)
		return feed_stop(feed, FEED_LOST);
	r = logfile_open(feed->directory_fd, feed->at.file, &feed->file);
	if (r == -ENOENT)
		return feed_missing(feed, feed->at.file);
	if (r == 0 && offset > 0)
		logfile_seek(feed->file, offset);
	return feed_result(feed, r);
}

/* There is no next file. So this one must be the last, and still be there. */
static int feed_stay(struct feed *feed)
{
	int r;

	if (!logfile_is_linked(feed->file, feed->directory_fd))
		return feed_stop(feed, FEED_LOST);
	r = feed_missing(feed, feed->at.file + 1);
	if (r == FEED_NOTHING)
		feed->files_changed = false;
	return r;
}

/* This file does not end where another record says; unless it has grown, something is damaged. */
static int feed_read_on(struct feed *feed)
{
	struct log_record record;
	int r;

	r = logfile_next(feed->file, &record);
	if (r == LOGFILE_NOTHING)
		return feed_stop(feed, FEED_LOST);
	if (r == 0)
		logfile_seek(feed->file, record.offset);
	return feed_result(feed, r);
}

DEFINE_CLEANUP(struct logfile *, logfile_free)

/* Nothing follows in this file. Returns 0 when there is something to read after all. */
static int feed_roll(struct feed *feed)
{
	_cleanup_(freeing_logfile_free) struct logfile *next = NULL;
	int r;

	r = logfile_open(feed->directory_fd, feed->at.file + 1, &next);
	if (r == -ENOENT)
		return feed_stay(feed);
	if (r != 0)
		return feed_result(feed, r);
	if (!logfile_continues(next, feed->file))
		return feed_read_on(feed);
	logfile_free(feed->file);
	feed->file = take(next);
	feed->at.file++;
	return 0;
}

/* Reads a record, of the next file if need be. Returns 0, FEED_NOTHING, FEED_LOST or -errno. */
static int feed_read(struct feed *feed, struct log_record *ret_record)
{
	int r;

	r = feed->file ? 0 : feed_open(feed);
	while (r == 0) {
		r = logfile_next(feed->file, ret_record);
		if (r != LOGFILE_NOTHING || !feed->files_changed)
			return feed_result(feed, r);
		r = feed_roll(feed);
	}
	return r;
}

/* Changes */

static void feed_take_record(struct feed *feed, const struct log_record *record)
{
	struct transaction *transaction = &feed->transaction;

	switch (record->kind) {
	case LOG_MESSAGE:
		if (record->transaction == 0)
			return;
		if (record->transaction != transaction->id)
			feed->transaction_begin =
				(struct feed_position){ feed->at.file, record->offset };
		transaction_add(transaction, record->transaction, record->message);
		return;
	case LOG_COMMIT:
		transaction_commit(transaction, record->transaction);
		return;
	case LOG_ABORT:
		if (record->transaction == transaction->id)
			transaction_reset(transaction);
		return;
	case LOG_RECYCLE:
		transaction_reset(transaction);
		return;
	case LOG_OTHER:
		return;
	}
}

/* The directory could not be watched: that is tried again. */
static bool feed_is_unwatched(const struct feed *feed)
{
	return feed->state < 0 && feed->state != -EPROTONOSUPPORT;
}

int feed_next(struct feed *feed, struct change *ret_change)
{
	struct log_record record;
	int r;

	if (feed_is_unwatched(feed))
		feed->state = feed_watch(feed);
	while (feed->state == 0) {
		r = transaction_next(&feed->transaction, ret_change);
		if (r == 0)
			return 0;
		if (r < 0)
			return feed_stop(feed, r == -EPROTONOSUPPORT ? r : FEED_LOST);
		r = feed_read(feed, &record);
		if (r != 0)
			return r;
		feed_take_record(feed, &record);
	}
	return feed->state;
}

/* What follows was written later, so all of what is here must have been before. */
void feed_inspect(struct feed *feed)
{
	bool goes_on = false;

	if (feed->state != 0 || !feed->file || logfile_is_blank(feed->file))
		return;
	if (logfile_goes_on(feed->file, &goes_on) == 0 && goes_on)
		feed_read_on(feed);
}

uint64_t feed_lag(const struct feed *feed)
{
	uint64_t lag = 0;

	if (!feed->file)
		return 0;
	lag = logfile_unread(feed->file);
	for (uint32_t number = feed->at.file + 1; number > 0; number++) {
		_cleanup_(freeing_logfile_free) struct logfile *file = NULL;

		if (logfile_open(feed->directory_fd, number, &file) != 0)
			break;
		lag += logfile_unread(file);
	}
	return lag;
}
