/*
 * The inbox over the unix socket of tidings-stored.
 *
 * Every request is kept as its encoded frame until it is answered, so that it
 * can be sent again over a new connection. Frames and the stream are counted in
 * bytes: a request whose first byte never left this process was never sent.
 */
#include "lib/inbox.h"

#include "lib/clock.h"
#include "lib/store_protocol.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	READ_CHUNK = 65536,	/* bytes asked for in one recv() */
	OUTPUT_KEPT = 262144,	/* bytes that may stay allocated when all is sent */
	PATIENCE_MS = 2000,	/* how long inbox_call() tries to get a connection */
	RETRY_FIRST_MS = 5,	/* between two tries, doubled each time … */
	RETRY_MAX_MS = 100,	/* … up to this */
};

struct pending {
	struct pending *next;
	uint32_t number;
	enum inbox_operation operation;
	bool repeatable;
	inbox_answered *answered; /* NULL = forgotten */
	void *context;
	uint64_t begin; /* where its frame starts in the stream of this connection */
	size_t len;
	char frame[];
};

struct inbox {
	struct sockaddr_un address;
	int fd;
	bool greeted; /* on this connection */
	bool refused; /* the store takes no more on it, but what it owes may still come */
	bool ever_greeted;
	struct inbox_greeting greeting;
	uint32_t next_number;
	struct pending *first, **end; /* in the order of their numbers */
	struct buffer output;	      /* not yet sent */
	struct buffer input;
	uint64_t queued; /* bytes that ever went into output on this connection … */
	uint64_t sent;	 /* … and how many of them left */
};

/* What may be done twice without a difference; with a key, what creates may, too. */
static const bool repeatable[INBOX_OPERATIONS] = {
	[INBOX_GET] = true,	  [INBOX_LIST] = true,	      [INBOX_COUNT] = true,
	[INBOX_CHANGES] = true,	  [INBOX_MARK_READ] = true,   [INBOX_MARK_UNREAD] = true,
	[INBOX_SEEN] = true,	  [INBOX_FORGET] = true,      [INBOX_REVOKE] = true,
	[INBOX_EXPORT] = true,	  [INBOX_IMPORT] = true,      [INBOX_BACKUP_END] = true,
	[INBOX_STATISTICS] = true,
};

/* An import, too, unless the store would make an id for something each time. */
static bool is_repeatable(const struct inbox_request *request)
{
	static const struct uuid none;

	for (unsigned i = 0; i < request->entry_count; i++)
		if (request->entries[i].kind == ENTRY_NOTIFICATION &&
			uuid_compare(&request->entries[i].notification.id, &none) == 0)
			return false;
	return repeatable[request->operation] || request->once;
}

int inbox_new(const struct config *config, struct inbox **ret_inbox)
{
	const char *path = config->store.socket;
	struct inbox *inbox;

	if (strlen(path) >= sizeof(inbox->address.sun_path))
		return -ENAMETOOLONG;
	inbox = calloc(1, sizeof(*inbox));
	if (!inbox)
		return -ENOMEM;
	inbox->address.sun_family = AF_UNIX;
	strcpy(inbox->address.sun_path, path);
	inbox->fd = -1;
	inbox->next_number = 1;
	inbox->end = &inbox->first;
	*ret_inbox = inbox;
	return 0;
}

/* Takes a request off the list, wherever it stands. */
static void inbox_unlink(struct inbox *inbox, struct pending **link)
{
	struct pending *pending = *link;

	*link = pending->next;
	if (inbox->end == &pending->next)
		inbox->end = link;
}

static void pending_finish(struct pending *pending, int result, struct inbox_answer *answer)
{
	if (pending->answered)
		pending->answered(pending->context, result, result == 0 ? answer : NULL);
	free(pending);
}

struct inbox *inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return NULL;
	while (inbox->first) {
		struct pending *pending = inbox->first;

		inbox_unlink(inbox, &inbox->first);
		pending_finish(pending, -ECANCELED, NULL);
	}
	if (inbox->fd >= 0)
		close(inbox->fd);
	buffer_release(&inbox->output);
	buffer_release(&inbox->input);
	free(inbox);
	return NULL;
}

/* Puts a request's frame into the stream of the connection. */
static void inbox_enqueue(struct inbox *inbox, struct pending *pending)
{
	pending->begin = inbox->queued;
	buffer_append(&inbox->output, pending->frame, pending->len);
	inbox->queued += pending->len;
}

int inbox_submit(struct inbox *inbox, const struct inbox_request *request, inbox_answered *answered,
	void *context)
{
	_cleanup_(buffer_release) struct buffer frame = { .limit = STORE_REQUEST_MAX };
	struct pending *pending;
	size_t begin;
	int r;

	assert(answered);
	if (!store_request_encodable(request))
		return -EINVAL;
	begin = store_frame_begin(&frame, inbox->next_number, (uint8_t)request->operation, 0);
	store_encode_request(&frame, request);
	store_frame_end(&frame, begin);
	r = buffer_status(&frame);
	if (r < 0)
		return r == -ENOBUFS ? -EMSGSIZE : r;
	pending = malloc(sizeof(*pending) + frame.len);
	if (!pending)
		return -ENOMEM;
	*pending = (struct pending){
		.number = inbox->next_number++,
		.operation = request->operation,
		.repeatable = is_repeatable(request),
		.answered = answered,
		.context = context,
		.len = frame.len,
	};
	memcpy(pending->frame, frame.data, frame.len);
	if (inbox->fd >= 0)
		inbox_enqueue(inbox, pending);
	*inbox->end = pending;
	inbox->end = &pending->next;
	return 0;
}

/* Without a connection nothing was sent, and what nobody waits for must not be sent later. */
void inbox_forget(struct inbox *inbox, const void *context)
{
	struct pending **link = &inbox->first;

	while (*link) {
		struct pending *pending = *link;

		if (pending->context == context)
			pending->answered = NULL;
		if (inbox->fd >= 0 || pending->answered) {
			link = &pending->next;
			continue;
		}
		inbox_unlink(inbox, link);
		free(pending);
	}
}

/*
 * Ends the connection. What may be sent again, or never left, stays for the next one; for the
 * rest the outcome is not known. The store greets before it reads: without that, it has not
 * read anything.
 */
void inbox_disconnect(struct inbox *inbox)
{
	struct pending **link = &inbox->first;
	struct pending *lost = NULL, **lost_end = &lost;
	uint64_t read = inbox->greeted ? inbox->sent : 0;

	if (inbox->fd < 0)
		return;
	close(take_fd(&inbox->fd));
	inbox->greeted = false;
	while (*link) {
		struct pending *pending = *link;
		bool again = pending->begin >= read || pending->repeatable;

		if (again && pending->answered) {
			link = &pending->next;
			continue;
		}
		inbox_unlink(inbox, link);
		pending->next = NULL;
		*lost_end = pending;
		lost_end = &pending->next;
	}
	while (lost) {
		struct pending *pending = lost;

		lost = pending->next;
		pending_finish(pending, -ENOTCONN, NULL);
	}
}

static int inbox_connect(struct inbox *inbox)
{
	_cleanup_(closing_fd) int fd = -1;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&inbox->address, sizeof(inbox->address)) < 0)
		return -errno;
	inbox->fd = take_fd(&fd);
	inbox->refused = false;
	inbox->queued = inbox->sent = 0;
	buffer_clear(&inbox->input);
	buffer_clear(&inbox->output);
	for (struct pending *pending = inbox->first; pending; pending = pending->next)
		inbox_enqueue(inbox, pending);
	return 0;
}

static int inbox_send(struct inbox *inbox)
{
	int r = buffer_status(&inbox->output);

	if (r < 0)
		return r;
	while (inbox_wants_write(inbox)) {
		ssize_t n = send(inbox->fd, inbox->output.data, inbox->output.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		inbox->refused = n < 0 && errno == EPIPE;
		if (inbox->refused)
			return 0;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		inbox->sent += (size_t)n;
		buffer_consume(&inbox->output, (size_t)n);
	}
	if (inbox->output.size > OUTPUT_KEPT)
		buffer_release(&inbox->output);
	return 0;
}

static int inbox_take_answer(struct inbox *inbox, const struct store_frame *frame)
{
	struct inbox_answer answer = { 0 };
	struct pending **link = &inbox->first;
	struct pending *pending;

	while (*link && (*link)->number != frame->number)
		link = &(*link)->next;
	pending = *link;
	if (!pending || frame->operation != pending->operation || frame->status >= INBOX_STATUSES)
		return -EBADMSG;
	if (frame->status == 0 && store_decode_answer(frame->payload, &answer) < 0)
		return -EBADMSG;
	inbox_unlink(inbox, link);
	pending_finish(pending, frame->status, &answer);
	return 0;
}

static int inbox_take_frame(struct inbox *inbox, const struct store_frame *frame)
{
	int r;

	if (inbox->greeted)
		return inbox_take_answer(inbox, frame);
	if (frame->operation != STORE_GREETING || frame->number != 0)
		return -EBADMSG;
	if (frame->status != 0)
		return frame->status == INBOX_FORBIDDEN ? -EACCES : -EBUSY;
	r = store_decode_greeting(frame->payload, &inbox->greeting);
	if (r == 0)
		inbox->greeted = inbox->ever_greeted = true;
	return r;
}

/* Handles all whole frames that have come. */
static int inbox_take_frames(struct inbox *inbox)
{
	struct slice received = buffer_slice(&inbox->input);
	struct store_frame frame;
	int r;

	while ((r = store_frame_parse(received, STORE_ANSWER_MAX, &frame)) == 0) {
		r = inbox_take_frame(inbox, &frame);
		if (r < 0)
			return r;
		received.data += frame.bytes;
		received.len -= frame.bytes;
	}
	buffer_consume(&inbox->input, inbox->input.len - received.len);
	return r < 0 ? r : 0;
}

static int inbox_receive(struct inbox *inbox)
{
	for (;;) {
		char *to = buffer_reserve(&inbox->input, READ_CHUNK);
		ssize_t n;
		int r;

		if (!to)
			return buffer_status(&inbox->input);
		n = recv(inbox->fd, to, READ_CHUNK, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		inbox->input.len += (size_t)n;
		r = inbox_take_frames(inbox);
		if (r < 0 || n < READ_CHUNK)
			return r;
	}
}

int inbox_dispatch(struct inbox *inbox)
{
	int r = 0;

	if (inbox->fd < 0)
		r = inbox_connect(inbox);
	if (r < 0)
		return r;
	r = inbox_send(inbox);
	if (r == 0 || r == -EPIPE) /* whoever has closed may have said why, or answered before */
		r = inbox_receive(inbox);
	if (r == 0)
		r = inbox_send(inbox); /* what the callbacks have submitted */
	if (r < 0)
		inbox_disconnect(inbox);
	return r;
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->fd;
}

bool inbox_wants_write(const struct inbox *inbox)
{
	return inbox->output.len > 0 && !inbox->refused;
}

bool inbox_greeted(const struct inbox *inbox)
{
	return inbox->greeted;
}

const struct inbox_greeting *inbox_greeting(const struct inbox *inbox)
{
	return inbox->ever_greeted ? &inbox->greeting : NULL;
}

/* An inbox_call() under way. */
struct call {
	bool done;
	int result;
	struct inbox_answer *answer;
};

static void call_answered(void *context, int result, struct inbox_answer *answer)
{
	struct call *call = context;
	struct inbox_answer *kept = call->answer;
	size_t items;

	call->done = true;
	call->result = result;
	if (result != 0)
		return;
	*kept = *answer;
	items = (size_t)(answer->at.end - answer->at.at);
	buffer_append(&kept->storage, answer->at.at, items);
	buffer_append_slice(&kept->storage, answer->position);
	kept->at = decoder_of(kept->storage.data, items);
	kept->position.data = kept->storage.data + items;
	if (buffer_status(&kept->storage) < 0) {
		call->result = -ENOMEM;
		inbox_answer_release(kept);
	}
}

/* Waits until the connection has something to do, or for `delay` when there is none. */
static int call_wait(const struct inbox *inbox, int64_t left, int delay)
{
	struct pollfd poll_fd = {
		.fd = inbox->fd,
		.events = (short)(POLLIN | (inbox_wants_write(inbox) ? POLLOUT : 0)),
	};
	int timeout = (int)(inbox->fd >= 0 || left < delay ? left : delay);

	return poll(&poll_fd, inbox->fd >= 0, timeout) < 0 && errno != EINTR ? -errno : 0;
}

int inbox_call(struct inbox *inbox, const struct inbox_request *request, int timeout,
	struct inbox_answer *ret_answer)
{
	struct inbox_answer answer = { 0 };
	struct call call = { .answer = &answer };
	int64_t begin = clock_ms(), now;
	int delay = RETRY_FIRST_MS;
	int r;

	r = inbox_submit(inbox, request, call_answered, &call);
	if (r < 0)
		return r;
	for (;;) {
		r = inbox_dispatch(inbox);
		if (call.done)
			break;
		now = clock_ms();
		if (now - begin >= timeout || r == -EACCES ||
		    (r < 0 && now - begin >= PATIENCE_MS)) {
			inbox_forget(inbox, &call);
			return r < 0 ? r : -ETIMEDOUT;
		}
		if (call_wait(inbox, begin + timeout - now, delay) < 0) {
			inbox_forget(inbox, &call);
			return -EIO;
		}
		if (inbox->fd < 0)
			delay = delay * 2 < RETRY_MAX_MS ? delay * 2 : RETRY_MAX_MS;
	}
	if (call.result == 0)
		*ret_answer = answer;
	return call.result;
}
