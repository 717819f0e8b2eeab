/*
 * The flusher, see flusher.h. Two lists under one lock: what waits for a flush,
 * and what has had it. The thread takes the whole first list, flushes once, and
 * moves it to the second.
 */
#include "stored/flusher.h"

#include "lib/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

struct committed {
	struct committed *next;
	struct answers answers;
};

struct list {
	struct committed *first, **end;
};

struct flusher {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct list waiting, durable; /* under the lock, like all below */
	struct flushes flushes;
	int failed;		      /* -errno of the first flush that failed */
	bool ending;
	int event_fd;
};

static void list_clear(struct list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_append(struct list *list, struct committed *committed)
{
	committed->next = NULL;
	*list->end = committed;
	list->end = &committed->next;
}

static void list_move(struct list *to, struct list *from)
{
	if (!from->first)
		return;
	*to->end = from->first;
	to->end = from->end;
	list_clear(from);
}

/* One flush, begun at that moment, was for all of these. */
static void count_flush(struct flushes *flushes, int64_t begin, const struct list *list)
{
	uint64_t requests = 0;

	for (const struct committed *committed = list->first; committed; committed = committed->next)
		requests += answers_count(&committed->answers);
	timing_add(&flushes->time, begin);
	flushes->requests += requests;
	if (requests > flushes->most)
		flushes->most = requests;
}

/* Flushes for all that wait. The lock is held on entry and on return, but not meanwhile. */
static void flush_waiting(struct flusher *flusher)
{
	int64_t begin = clock_us();
	struct list taken;
	int r;

	list_clear(&taken);
	list_move(&taken, &flusher->waiting);
	pthread_mutex_unlock(&flusher->lock);
	r = store_flush(flusher->store);
	pthread_mutex_lock(&flusher->lock);
	if (r < 0 && flusher->failed == 0)
		flusher->failed = r;
	count_flush(&flusher->flushes, begin, &taken);
	list_move(&flusher->durable, &taken);
	eventfd_write(flusher->event_fd, 1);
}

static void *run(void *context)
{
	struct flusher *flusher = context;

	pthread_mutex_lock(&flusher->lock);
	while (flusher->waiting.first || !flusher->ending) {
		if (flusher->waiting.first)
			flush_waiting(flusher);
		else
			pthread_cond_wait(&flusher->work, &flusher->lock);
	}
	pthread_mutex_unlock(&flusher->lock);
	return NULL;
}

int flusher_new(struct store *store, struct flusher **ret_flusher)
{
	struct flusher *flusher = calloc(1, sizeof(*flusher));
	int r;

	if (!flusher)
		return -ENOMEM;
	flusher->store = store;
	list_clear(&flusher->waiting);
	list_clear(&flusher->durable);
	flusher->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (flusher->event_fd < 0) {
		r = -errno;
		free(flusher);
		return r;
	}
	pthread_mutex_init(&flusher->lock, NULL);
	pthread_cond_init(&flusher->work, NULL);
	r = -pthread_create(&flusher->thread, NULL, run, flusher);
	if (r < 0) {
		close(flusher->event_fd);
		free(flusher);
		return r;
	}
	*ret_flusher = flusher;
	return 0;
}

struct flusher *flusher_free(struct flusher *flusher)
{
	if (!flusher)
		return NULL;
	pthread_mutex_lock(&flusher->lock);
	flusher->ending = true;
	pthread_cond_signal(&flusher->work);
	pthread_mutex_unlock(&flusher->lock);
	pthread_join(flusher->thread, NULL);
	while (flusher->durable.first) {
		struct committed *committed = flusher->durable.first;

		flusher->durable.first = committed->next;
		answers_release(&committed->answers);
		free(committed);
	}
	pthread_cond_destroy(&flusher->work);
	pthread_mutex_destroy(&flusher->lock);
	close(flusher->event_fd);
	free(flusher);
	return NULL;
}

int flusher_put(struct flusher *flusher, struct answers *answers)
{
	struct committed *committed = malloc(sizeof(*committed));

	if (!committed)
		return -ENOMEM;
	committed->answers = *answers;
	*answers = (struct answers){ 0 };
	pthread_mutex_lock(&flusher->lock);
	list_append(&flusher->waiting, committed);
	pthread_mutex_unlock(&flusher->lock);
	pthread_cond_signal(&flusher->work); /* unlocked, so that it need not wait for us at once */
	return 0;
}

int flusher_fd(const struct flusher *flusher)
{
	return flusher->event_fd;
}

int flusher_take(struct flusher *flusher, struct answers *ret_answers)
{
	struct committed *committed;
	eventfd_t wakes;
	int r;

	pthread_mutex_lock(&flusher->lock);
	r = flusher->failed;
	store_counters(flusher->store)->flushes = flusher->flushes;
	committed = r == 0 ? flusher->durable.first : NULL;
	if (committed) {
		flusher->durable.first = committed->next;
		if (!committed->next)
			list_clear(&flusher->durable);
	} else if (r == 0) {
		eventfd_read(flusher->event_fd, &wakes);
	}
	pthread_mutex_unlock(&flusher->lock);
	if (!committed)
		return r < 0 ? r : FLUSHER_NOTHING;
	*ret_answers = committed->answers;
	free(committed);
	return 0;
}
