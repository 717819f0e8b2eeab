/* The thread that writes pages back, see writeback.h. */
#include "stored/writeback.h"

#include "lib/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

enum {
	/* bytes of log since the last checkpoint */
	PASSES_FROM = 10 << 20, /* earlier ones would write too many pages twice */
	CHECKPOINT_FROM = 12 << 20, /* … if the last pass found few pages */
	CHECKPOINT_AT = 18 << 20,   /* … in any case: bounds recovery */
	FEW_PAGES = 1000,
	FILES_MAX = 32,
};

struct writeback {
	DB_ENV *handle;
	int fds[FILES_MAX];
	size_t count;
	uint64_t checkpoint; /* the end of the log at the last one; 0 = not yet known */
	bool held;	     /* no checkpoint */
	struct timing checkpoints;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	bool pass; /* one is wanted, or under way; all from here on under the lock */
	int found; /* pages, in the last pass since the checkpoint; -1 = there was none */
	int failed;
	bool ending;
};

/* Writes all pages that have changed, and waits until they are on the disk. */
static int write_pages(struct writeback *writeback, int *ret_found)
{
	DB_ENV *handle = writeback->handle;
	int r = environment_error(handle->memp_trickle(handle, 100, ret_found));

	for (size_t i = 0; r == 0 && i < writeback->count; i++)
		if (fdatasync(writeback->fds[i]) < 0)
			r = -errno;
	return r;
}

static void *run(void *context)
{
	struct writeback *writeback = context;
	int found = 0, r;

	pthread_mutex_lock(&writeback->lock);
	while (!writeback->ending) {
		if (!writeback->pass) {
			pthread_cond_wait(&writeback->work, &writeback->lock);
			continue;
		}
		pthread_mutex_unlock(&writeback->lock);
		r = write_pages(writeback, &found);
		pthread_mutex_lock(&writeback->lock);
		writeback->found = found;
		writeback->failed = r;
		writeback->pass = false;
	}
	pthread_mutex_unlock(&writeback->lock);
	return NULL;
}

/* Signals are for the thread that serves. */
static int start_thread(struct writeback *writeback)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&writeback->thread, NULL, run, writeback);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int writeback_new(DB_ENV *handle, struct writeback **ret_writeback)
{
	struct writeback *writeback = calloc(1, sizeof(*writeback));
	int r;

	if (!writeback)
		return -ENOMEM;
	writeback->handle = handle;
	writeback->found = -1;
	pthread_mutex_init(&writeback->lock, NULL);
	pthread_cond_init(&writeback->work, NULL);
	r = start_thread(writeback);
	if (r < 0) {
		free(writeback);
		return r;
	}
	*ret_writeback = writeback;
	return 0;
}

struct writeback *writeback_free(struct writeback *writeback)
{
	if (!writeback)
		return NULL;
	pthread_mutex_lock(&writeback->lock);
	writeback->ending = true;
	pthread_cond_signal(&writeback->work);
	pthread_mutex_unlock(&writeback->lock);
	pthread_join(writeback->thread, NULL);
	pthread_cond_destroy(&writeback->work);
	pthread_mutex_destroy(&writeback->lock);
	for (size_t i = 0; i < writeback->count; i++)
		close(writeback->fds[i]);
	free(writeback);
	return NULL;
}

int writeback_add_file(struct writeback *writeback, int directory_fd, const char *path)
{
	int fd;

	if (writeback->count == FILES_MAX)
		return -EMFILE;
	fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	writeback->fds[writeback->count++] = fd;
	return 0;
}

void writeback_hold(struct writeback *writeback, bool held)
{
	writeback->held = held;
}

struct timing writeback_checkpoints(const struct writeback *writeback)
{
	return writeback->checkpoints;
}

enum what_next { NOTHING, PASS, CHECKPOINT };

/* What is to be done when the log has grown by so much. */
static enum what_next decide(const struct writeback *writeback, uint64_t since)
{
	bool found_few = writeback->found >= 0 && writeback->found <= FEW_PAGES;

	if (!writeback->held &&
	    (since >= CHECKPOINT_AT ||
		    (since >= CHECKPOINT_FROM && !writeback->pass && found_few)))
		return CHECKPOINT;
	return since >= PASSES_FROM && !writeback->pass ? PASS : NOTHING;
}

static int checkpoint(struct writeback *writeback, uint64_t position)
{
	DB_ENV *handle = writeback->handle;
	int64_t begin = clock_us();
	int r = environment_error(handle->txn_checkpoint(handle, 0, 0, 0));

	if (r < 0)
		return r;
	timing_add(&writeback->checkpoints, begin);
	writeback->checkpoint = position;
	pthread_mutex_lock(&writeback->lock);
	writeback->found = -1;
	pthread_mutex_unlock(&writeback->lock);
	return 0;
}

int writeback_step(struct writeback *writeback, uint64_t position)
{
	enum what_next next;
	int failed;

	if (writeback->checkpoint == 0) /* that of the recovery */
		writeback->checkpoint = position;
	pthread_mutex_lock(&writeback->lock);
	next = decide(writeback, position - writeback->checkpoint);
	failed = writeback->failed;
	if (next == PASS) {
		writeback->pass = true;
		pthread_cond_signal(&writeback->work);
	}
	pthread_mutex_unlock(&writeback->lock);
	if (failed < 0)
		return failed;
	return next == CHECKPOINT ? checkpoint(writeback, position) : 0;
}
