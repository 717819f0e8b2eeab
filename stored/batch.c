/* Batches of requests, see batch.h. */
#include "stored/batch.h"

#include "lib/log.h"
#include "stored/permission.h"

#include <errno.h>

struct job {
	struct client *client;
	uint32_t number;
	struct inbox_request request;
	bool forbidden;
	bool writes;
	bool done;  /* and answered */
	int status; /* of the answer */
	unsigned created; /* notifications, by this request and not by one that it repeats */
};

struct batch {
	struct store *store;
	struct store_reply reply; /* of the request at hand */
	size_t count;
	struct job jobs[BATCH_MAX];
};

int batch_new(struct store *store, struct batch **ret_batch)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return -ENOMEM;
	batch->store = store;
	*ret_batch = batch;
	return 0;
}

struct batch *batch_free(struct batch *batch)
{
	if (!batch)
		return NULL;
	buffer_release(&batch->reply.items);
	free(batch);
	return NULL;
}

bool batch_is_full(const struct batch *batch)
{
	return batch->count == BATCH_MAX;
}

bool batch_is_empty(const struct batch *batch)
{
	return batch->count == 0;
}

int batch_add(struct batch *batch, struct client *client, const struct store_frame *frame)
{
	struct job *job = &batch->jobs[batch->count];
	int r = store_decode_request(frame->operation, frame->payload, &job->request);

	if (r < 0 || frame->status != 0)
		return -EBADMSG;
	job->forbidden = !permission_given(client->peer.right, job->request.operation);
	job->writes = !job->forbidden && store_operation_writes(job->request.operation);
	job->done = false;
	job->client = client;
	job->number = frame->number;
	client->answers_due++;
	batch->count++;
	return 0;
}

/* The store is beyond repair in this process: it must start again and recover. */
static bool is_fatal(int r)
{
	return r == -ENOTRECOVERABLE || r == -ENOMEM;
}

/* What an errno of the store is to the one who asked. */
static int status_of(int r)
{
	if (r >= 0)
		return r;
	return r == -ENOSPC || r == -EDQUOT ? INBOX_STORAGE_FULL : INBOX_FAILED;
}

static void job_answer(struct batch *batch, struct job *job, int r, struct answers *answers)
{
	job->status = status_of(r);
	job->created = r == 0 && !batch->reply.answer.replayed ? job->request.draft_count : 0;
	answers_add(answers, job->client, job->number, (uint8_t)job->request.operation, job->status,
		&batch->reply);
}

/* Whether it is one of those whose turn it is. */
static bool has_turn(const struct job *job, bool writes)
{
	return !job->done && job->writes == writes;
}

static void end_turn(struct batch *batch, bool writes)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->jobs[i].done |= has_turn(&batch->jobs[i], writes);
}

/* Runs these jobs that write in one transaction; if it fails nothing has happened. */
static int run_transaction(struct batch *batch, struct job *jobs, size_t count,
	struct answers *answers)
{
	int r = store_begin(batch->store);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (!has_turn(&jobs[i], true))
			continue;
		r = store_execute(batch->store, &jobs[i].request, &batch->reply);
		if (r >= 0)
			job_answer(batch, &jobs[i], r, answers);
	}
	if (r < 0) {
		store_abort(batch->store);
		return r;
	}
	return store_commit(batch->store);
}

/* Gives each job that writes a transaction of its own. */
static int run_alone(struct batch *batch, struct answers *written)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct job *job = &batch->jobs[i];
		struct answers_mark mark = answers_mark(written);
		int r;

		if (!has_turn(job, true))
			continue;
		r = run_transaction(batch, job, 1, written);
		if (is_fatal(r))
			return r;
		if (r < 0) {
			log_event(LOG_LEVEL_ERROR, LOG_STORE_FAILED, NULL,
				"operation %d failed: %s", job->request.operation, strerror(-r));
			answers_return_to(written, mark);
			job_answer(batch, job, r, written);
		}
	}
	return 0;
}

static void refuse_writes(struct batch *batch, struct answers *written)
{
	for (size_t i = 0; i < batch->count; i++)
		if (has_turn(&batch->jobs[i], true))
			job_answer(batch, &batch->jobs[i], -ENOSPC, written);
}

static int run_writes(struct batch *batch, struct answers *written)
{
	struct answers_mark mark = answers_mark(written);
	int r;

	if (store_disk_full(batch->store)) {
		refuse_writes(batch, written);
		return 0;
	}
	r = run_transaction(batch, batch->jobs, batch->count, written);
	if (r >= 0 || is_fatal(r))
		return r;
	answers_return_to(written, mark);
	return run_alone(batch, written);
}

/*
 * Does one that reads. For a caller who was never heard of it must write after all; but
 * reads go on while the disk is full, and then the caller stays a stranger.
 */
static int run_read(struct batch *batch, struct job *job, struct answers *read)
{
	int r = store_execute(batch->store, &job->request, &batch->reply);

	if (r == STORE_STRANGER && !store_disk_full(batch->store)) {
		job->writes = true;
		return r;
	}
	if (r == STORE_STRANGER) {
		job->request.caller = (struct inbox_caller){ 0 };
		r = store_execute(batch->store, &job->request, &batch->reply);
	}
	if (is_fatal(r))
		return r;
	if (r < 0)
		log_event(LOG_LEVEL_ERROR, LOG_STORE_FAILED, NULL, "operation %d failed: %s",
			job->request.operation, strerror(-r));
	job_answer(batch, job, r, read);
	return 0;
}

/* What the peer may not ask; said once for a connection. */
static void refuse(struct batch *batch, struct job *job, struct answers *answers)
{
	struct client *client = job->client;

	if (!client->complained)
		log_event(LOG_LEVEL_WARNING, LOG_PERMISSION,
			LOG_FIELDS(LOG_NUMBER("TIDINGS_UID", client->peer.uid),
				LOG_NUMBER("TIDINGS_OPERATION", job->request.operation)),
			"uid %u may not ask for operation %d", (unsigned)client->peer.uid,
			(int)job->request.operation);
	client->complained = true;
	job_answer(batch, job, INBOX_FORBIDDEN, answers);
}

/* Returns how many of them turned out to write, or -errno. */
static int run_reads(struct batch *batch, struct answers *read)
{
	int strangers = 0;

	for (size_t i = 0; i < batch->count; i++) {
		int r = 0;

		if (batch->jobs[i].forbidden)
			refuse(batch, &batch->jobs[i], read);
		else if (has_turn(&batch->jobs[i], false))
			r = run_read(batch, &batch->jobs[i], read);
		if (r < 0)
			return r;
		strangers += r == STORE_STRANGER;
	}
	return strangers;
}

static int run_all(struct batch *batch, struct answers *written, struct answers *read)
{
	size_t writes = 0;
	int r = 0;

	for (size_t i = 0; i < batch->count; i++)
		writes += batch->jobs[i].writes;
	if (writes > 0) {
		r = run_writes(batch, written);
		end_turn(batch, true);
	}
	if (r == 0 && writes < batch->count)
		r = run_reads(batch, read);
	return r > 0 ? run_writes(batch, written) : r;
}

static void count(struct counters *counters, const struct job *job)
{
	counters->results[job->status]++;
	if (job->status == 0)
		counters_add_key(counters, job->request.caller.name, job->created);
}

int batch_run(struct batch *batch, struct answers *written, struct answers *read)
{
	struct counters *counters = store_counters(batch->store);
	int r = run_all(batch, written, read);

	while (batch->count > 0) {
		struct job *job = &batch->jobs[--batch->count];

		count(counters, job);
		store_request_release(&job->request);
	}
	if (r >= 0)
		r = answers_status(written);
	return r < 0 ? r : answers_status(read);
}
