/*
 * What a client has missed, see resume.h.
 *
 * The store's answer holds the broadcast changes among the user's own, but with counts only
 * if nothing follows; and nothing is known of the counts where the client left off. So a
 * broadcast may have to be told together with what follows it.
 */
#include "pushd/resume.h"

#include "pushd/backlog.h"
#include "pushd/delivery.h"
#include "pushd/message.h"
#include "pushd/stream.h"

#include <errno.h>

enum { EPOCH_MAX = 64 };

struct resume {
	struct hub *hub;
	bool asked; /* and the inbox refers to this */
	bool answered;
	bool reset;
	struct position end;
	struct buffer records; /* long-encoded change records */
	uint64_t since;
	char epoch[EPOCH_MAX];
};

/* Takes the question back: its answer would be of another time. */
static void resume_forget(struct resume *resume)
{
	if (resume->asked)
		inbox_forget(resume->hub->inbox, resume);
	resume->asked = false;
}

void resume_give_up(struct resume *resume)
{
	resume_forget(resume);
	resume->reset = resume->answered = true;
}

void resume_free(struct resume *resume)
{
	if (!resume)
		return;
	resume_forget(resume);
	buffer_release(&resume->records);
	free(resume);
}

int resume_new(struct hub *hub, struct session *session, uint64_t since, struct slice epoch)
{
	struct resume *resume = calloc(1, sizeof(*resume));

	if (!resume)
		return -ENOMEM;
	resume->hub = hub;
	resume->since = since;
	if (epoch.len >= sizeof(resume->epoch))
		resume_give_up(resume); /* none of ours */
	else
		memcpy(resume->epoch, epoch.data, epoch.len);
	session->resume = resume;
	return 0;
}

void resume_encode(const struct resume *resume, struct buffer *to)
{
	encode_u64(to, resume->since);
	encode_u8(to, resume->reset);
	encode_short(to, slice_of(resume->epoch));
}

int resume_decode(struct hub *hub, struct session *session, struct decoder *from)
{
	uint64_t since = decode_u64(from);
	uint8_t reset = decode_u8(from);
	struct slice epoch = decode_short(from);
	int r;

	if (from->failed || reset > 1 || epoch.len >= EPOCH_MAX ||
		memchr(epoch.data, '\0', epoch.len))
		return -EBADMSG;
	r = resume_new(hub, session, since, epoch);
	if (r == 0 && reset)
		resume_give_up(session->resume);
	return r;
}

static void on_missed(void *context, int result, struct inbox_answer *answer)
{
	struct resume *resume = context;
	struct slice records;

	resume->asked = false;
	resume->answered = true;
	if (result != 0) {
		resume->reset = true;
		return;
	}
	resume->reset = answer->reset || answer->stranger; /* which has missed nothing */
	resume->end = position_of(&answer->counts, answer->broadcasts);
	records = decode_rest(&answer->at);
	buffer_append_slice(&resume->records, records);
	if (buffer_status(&resume->records) < 0)
		resume->reset = true;
}

void resume_ask(struct hub *hub, struct session *session)
{
	struct resume *resume = session->resume;
	const struct slice user = subscriber_name(session->subscriber);
	struct inbox_request request = {
		.operation = INBOX_CHANGES,
		.user = user,
		.caller = { user, session->issued },
		.since = resume->since,
		.epoch = slice_of(resume->epoch),
	};

	if (resume->asked || resume->answered)
		return;
	if (inbox_submit(hub->inbox, &request, on_missed, resume) < 0)
		resume_give_up(resume);
	else
		resume->asked = true;
}

bool resume_is_asked(const struct resume *resume)
{
	return resume->asked;
}

bool resume_is_answered(const struct resume *resume)
{
	return resume->answered;
}

const struct position *resume_end(const struct resume *resume)
{
	return resume->reset ? NULL : &resume->end;
}

bool resume_tell(struct hub *hub, struct session *session, struct resume *resume)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	struct counts end = position_counts(&resume->end);
	struct stream stream = {
		.records = backlog_records(&resume->records),
		.known = &end,
		.at.seq = resume->since,
	};
	enum stream_message message;
	struct change change;

	while (!session->conflated &&
		(message = stream_take(&stream, end.seq, &changes, &change)) != STREAM_NOTHING) {
		struct counts counts = position_counts(&stream.at);

		message_begin(&hub->message);
		if (message == STREAM_CREATED)
			message_new_notification(&hub->message, &change);
		else
			message_update(&hub->message, &counts, buffer_slice(&changes),
				buffer_slice(&hub->latest), false);
		buffer_clear(&changes);
		delivery_send_one(hub, session);
	}
	return session->conflated || (stream.at.seq == end.seq && buffer_status(&changes) == 0);
}
