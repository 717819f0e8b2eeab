/*
 * The file of the state, see state.h.
 *
 * One delivery changes one record, so records are appended, and the whole is written anew, to
 * another file that then takes the place of this one, when most of it is outdated. After an
 * error nobody knows how much of what was appended is there; then it is written anew, too.
 */
#include "away/state.h"

#include "away/record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum {
	SLACK = 256 * 1024, /* bytes that may always be outdated */
	LOCK_PATIENCE_MS = 1000,
	LOCK_PAUSE_MS = 50,
	FILE_MAX =
		128 << 20, /* bytes that are read: more than AGENDA_MAX users can come to, twice */
};

static const char NAME[] = "state", NEW_NAME[] = "state.new";

struct state {
	int directory; /* locked */
	int file;      /* -1 = to be written anew */
	size_t len;    /* of the file … */
	size_t whole;  /* … and when it was last written anew */
};

/* ---- writing ---- */

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes.data += n > 0 ? n : 0;
		bytes.len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static void append_waiting(void *context, const struct waiting *waiting)
{
	record_encode_waiting(context, waiting);
}

static int write_whole(struct state *state, struct slice bytes)
{
	_cleanup_(closing_fd) int fd = openat(state->directory, NEW_NAME,
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_all(fd, bytes);

	if (r == 0 && (fsync(fd) < 0 ||
			      renameat(state->directory, NEW_NAME, state->directory, NAME) < 0 ||
			      fsync(state->directory) < 0))
		r = -errno;
	if (r < 0)
		return r;
	closing_fd(&state->file);
	state->file = take_fd(&fd);
	state->len = state->whole = bytes.len;
	return 0;
}

static int save_whole(struct state *state, const struct agenda *agenda,
	const struct progress *progress)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	buffer_append_slice(&bytes, SLICE(RECORD_HEAD));
	record_encode_read(&bytes, progress->file, &progress->seen);
	agenda_visit(agenda, append_waiting, &bytes);
	return buffer_status(&bytes) < 0 ? buffer_status(&bytes)
					 : write_whole(state, buffer_slice(&bytes));
}

static int save_changes(struct state *state, const struct agenda *agenda,
	const struct progress *progress)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct slice removed = buffer_slice(&agenda->removed);
	int r;

	if (progress->changed)
		record_encode_read(&bytes, progress->file, &progress->seen);
	for (size_t at = 0; at < removed.len; at += strlen(removed.data + at) + 1)
		record_encode_gone(&bytes, slice_of(removed.data + at));
	for (const struct waiting *each = agenda->changed; each; each = each->next_changed)
		record_encode_waiting(&bytes, each);
	r = buffer_status(&bytes) < 0 ? buffer_status(&bytes) : buffer_status(&agenda->removed);
	if (r < 0 || bytes.len == 0)
		return r;
	r = write_all(state->file, buffer_slice(&bytes));
	if (r == 0 && fdatasync(state->file) < 0)
		r = -errno;
	state->len += bytes.len;
	return r;
}

int state_save(struct state *state, struct agenda *agenda, struct progress *progress)
{
	int r;

	if (state->file < 0 || state->len > 2 * state->whole + SLACK)
		r = save_whole(state, agenda, progress);
	else
		r = save_changes(state, agenda, progress);
	if (r < 0) {
		closing_fd(&state->file);
		state->file = -1;
		return r;
	}
	agenda_saved(agenda);
	progress->changed = false;
	return 0;
}

/* ---- reading ---- */

static int apply_waiting(struct agenda *agenda, const struct record *record)
{
	struct waiting *waiting;
	int r = agenda_get(agenda, record->user, 0, &waiting);

	if (r < 0)
		return r;
	agenda_take(agenda, waiting);
	waiting->from = record->waiting.from;
	waiting->upto = record->waiting.upto;
	waiting->delivery = record->waiting.delivery;
	waiting->last = record->waiting.last;
	waiting->tries = record->waiting.tries;
	waiting->due = record->waiting.due;
	waiting->saved = true;
	agenda_return(agenda, waiting);
	return 0;
}

static int apply_gone(struct agenda *agenda, const struct record *record)
{
	struct waiting *waiting;
	int r = agenda_get(agenda, record->user, 0, &waiting);

	if (r < 0)
		return r;
	agenda_take(agenda, waiting);
	agenda_remove(agenda, waiting);
	return 0;
}

static int apply(const struct record *record, struct agenda *agenda, struct progress *progress)
{
	switch (record->kind) {
	case RECORD_READ:
		progress->file = record->file;
		progress->seen = record->seen;
		return 0;
	case RECORD_WAITING:
		return apply_waiting(agenda, record);
	case RECORD_GONE:
		return apply_gone(agenda, record);
	}
	return 0;
}

static int read_all(int fd, struct buffer *to)
{
	struct stat status;
	ssize_t n = 1;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size > FILE_MAX)
		return -EFBIG;
	if (!buffer_reserve(to, (size_t)status.st_size + 1))
		return -ENOMEM;
	while (n > 0 && to->len < (size_t)status.st_size) {
		n = read(fd, to->data + to->len, (size_t)status.st_size - to->len);
		to->len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? -errno : 0;
}

static int load(struct state *state, struct agenda *agenda, struct progress *progress,
	size_t *ret_dropped)
{
	_cleanup_(closing_fd) int fd = openat(state->directory, NAME, O_RDONLY | O_CLOEXEC);
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct record record;
	struct slice rest;
	int r;

	*ret_dropped = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = read_all(fd, &bytes);
	if (r < 0)
		return r;
	rest = buffer_slice(&bytes);
	if (rest.len < strlen(RECORD_HEAD) ||
		memcmp(rest.data, RECORD_HEAD, strlen(RECORD_HEAD)) != 0)
		return -EPROTONOSUPPORT;
	rest.data += strlen(RECORD_HEAD);
	rest.len -= strlen(RECORD_HEAD);
	while (r == 0 && (r = record_take(&rest, &record)) == 0)
		r = apply(&record, agenda, progress);
	*ret_dropped = rest.len;
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

/* ---- the whole ---- */

struct state *state_close(struct state *state)
{
	if (!state)
		return NULL;
	closing_fd(&state->file);
	closing_fd(&state->directory);
	free(state);
	return NULL;
}

/* A child of the process before may take a moment to see that its parent is gone. */
static int lock(int directory)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

	for (int waited = 0; flock(directory, LOCK_EX | LOCK_NB) < 0; waited += LOCK_PAUSE_MS) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (waited >= LOCK_PATIENCE_MS)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int state_open(const char *path, struct agenda *agenda, struct progress *progress,
	struct state **ret_state, size_t *ret_dropped)
{
	_cleanup_(freeing_state_close) struct state *state = malloc(sizeof(*state));
	int r;

	if (!state)
		return -ENOMEM;
	*state = (struct state){ .file = -1,
		.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	if (state->directory < 0)
		return -errno;
	r = lock(state->directory);
	if (r == 0)
		r = load(state, agenda, progress, ret_dropped);
	if (r == 0)
		*ret_state = take(state);
	return r;
}
