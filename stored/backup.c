/*
 * The backup, see backup.h. There is a thread only while there is something to do; it
 * leaves a result and says so on an eventfd. All else belongs to the server's thread.
 */
#include "stored/backup.h"

#include "lib/log.h"
#include "lib/timestamp.h"
#include "stored/permission.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

enum job { JOB_NONE, JOB_COPY, JOB_REMOVE };

struct backup {
	struct store *store;
	int event_fd;
	enum job job;  /* under way … */
	int64_t begun; /* … since then */
	pthread_t thread;
	atomic_bool stop;
	int result;	      /* the thread's, once it has written to the eventfd */
	struct client *asker; /* who waits for the answer; NULL = nobody */
	uint32_t number;      /* of that request */
	uint8_t operation;
	const struct client *owner; /* of the copy that there is; NULL = there is none */
	bool ended;
};

static void *run(void *context)
{
	struct backup *backup = context;

	if (backup->job == JOB_COPY)
		backup->result = store_copy(backup->store, &backup->stop);
	else
		backup->result = store_remove_copy(backup->store);
	eventfd_write(backup->event_fd, 1);
	return NULL;
}

int backup_new(struct store *store, struct backup **ret_backup)
{
	struct backup *backup;
	int r = store_remove_leftovers(store);

	if (r < 0)
		return r;
	backup = calloc(1, sizeof(*backup));
	if (!backup)
		return -ENOMEM;
	backup->store = store;
	backup->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (backup->event_fd < 0) {
		r = -errno;
		free(backup);
		return r;
	}
	*ret_backup = backup;
	return 0;
}

struct backup *backup_free(struct backup *backup)
{
	if (!backup)
		return NULL;
	backup_stop(backup);
	if (backup->job != JOB_NONE)
		pthread_join(backup->thread, NULL);
	close(backup->event_fd);
	free(backup);
	return NULL;
}

bool backup_takes(const struct client *client, const struct store_frame *frame)
{
	return (frame->operation == INBOX_BACKUP || frame->operation == INBOX_BACKUP_END) &&
	       permission_given(client->peer.right, (enum inbox_operation)frame->operation);
}

/* Starts the thread. Returns 0 or -errno. */
static int begin(struct backup *backup, enum job job)
{
	int r;

	backup->job = job;
	backup->begun = timestamp_now();
	backup->asker = NULL;
	backup->owner = NULL;
	atomic_store(&backup->stop, false);
	if (job == JOB_COPY)
		store_hold(backup->store, true);
	r = -pthread_create(&backup->thread, NULL, run, backup);
	if (r == 0)
		return 0;
	store_hold(backup->store, false);
	backup->job = JOB_NONE;
	return r;
}

static void answer(struct client *client, uint32_t number, uint8_t operation, int status,
	struct answers *answers)
{
	const struct store_reply nothing = { 0 };

	answers_add(answers, client, number, operation, status, &nothing);
}

/* What a result of the thread is to the one who asked. */
static int status_of(int r)
{
	if (r == 0)
		return 0;
	return r == -ENOSPC || r == -EDQUOT ? INBOX_STORAGE_FULL
	       : r == -ECANCELED	    ? INBOX_BUSY
					    : INBOX_FAILED;
}

static bool is_busy(const struct backup *backup, const struct client *client)
{
	return backup->job != JOB_NONE || backup->ended ||
	       (backup->owner && backup->owner != client);
}

int backup_ask(struct backup *backup, struct client *client, const struct store_frame *frame,
	struct answers *answers)
{
	enum job job = frame->operation == INBOX_BACKUP ? JOB_COPY : JOB_REMOVE;
	struct inbox_request request;
	int r = store_decode_request(frame->operation, frame->payload, &request);

	if (r < 0 || frame->status != 0)
		return -EBADMSG;
	store_request_release(&request);
	client->answers_due++;
	r = is_busy(backup, client) ? -ECANCELED : begin(backup, job);
	if (r < 0) {
		answer(client, frame->number, frame->operation, status_of(r), answers);
		return 0;
	}
	backup->asker = client;
	backup->number = frame->number;
	backup->operation = frame->operation;
	return 0;
}

int backup_fd(const struct backup *backup)
{
	return backup->event_fd;
}

/* Removes the copy whose owner is gone. If that fails, the next start does it. */
static void remove_copy(struct backup *backup)
{
	if (!backup->ended)
		begin(backup, JOB_REMOVE);
}

static void finish_copy(struct backup *backup, const struct client *asker)
{
	store_hold(backup->store, false);
	if (backup->result < 0)
		return;
	log_event(LOG_LEVEL_INFO, LOG_BACKUP_DONE, NULL, "the store was copied in %lld ms",
		(long long)(timestamp_now() - backup->begun));
	backup->owner = asker;
	if (asker->fd < 0)
		remove_copy(backup);
}

void backup_take(struct backup *backup, struct answers *answers)
{
	enum job job = backup->job;
	struct client *asker;
	eventfd_t done;

	if (eventfd_read(backup->event_fd, &done) < 0)
		return;
	pthread_join(backup->thread, NULL);
	asker = take(backup->asker);
	backup->job = JOB_NONE;
	if (backup->result < 0 && backup->result != -ECANCELED)
		log_event(LOG_LEVEL_ERROR, LOG_BACKUP_FAILED, NULL,
			"the store could not be copied: %s", strerror(-backup->result));
	if (asker)
		answer(asker, backup->number, backup->operation, status_of(backup->result),
			answers);
	if (job == JOB_COPY)
		finish_copy(backup, asker);
}

void backup_forget(struct backup *backup, const struct client *client)
{
	if (client == backup->asker)
		atomic_store(&backup->stop, true);
	if (client == backup->owner)
		remove_copy(backup);
}

void backup_stop(struct backup *backup)
{
	backup->ended = true;
	atomic_store(&backup->stop, true);
}
