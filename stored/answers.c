/* The answers of a batch, see answers.h. */
#include "stored/answers.h"

void answers_add(struct answers *answers, struct client *client, uint32_t number,
	uint8_t operation, int status, const struct store_reply *reply)
{
	struct buffer *frames = &answers->frames;
	size_t begin = store_frame_begin(frames, number, operation, (uint16_t)status);
	struct answer_owner owner = { .client = client };

	if (status == 0) {
		store_encode_answer(frames, &reply->answer);
		buffer_append_slice(frames, buffer_slice(&reply->items));
	}
	store_frame_end(frames, begin);
	owner.bytes = frames->len - begin;
	buffer_append(&answers->owners, &owner, sizeof(owner));
}

struct answers_mark answers_mark(const struct answers *answers)
{
	return (struct answers_mark){ answers->frames.len, answers->owners.len };
}

void answers_return_to(struct answers *answers, struct answers_mark mark)
{
	answers->frames.len = mark.frames;
	answers->owners.len = mark.owners;
}

int answers_status(const struct answers *answers)
{
	int r = buffer_status(&answers->frames);

	return r < 0 ? r : buffer_status(&answers->owners);
}

size_t answers_count(const struct answers *answers)
{
	return answers->owners.len / sizeof(struct answer_owner);
}

/* Ends an answer: gives its frame to the client that is still there. */
static void answer_finish(const struct answer_owner *owner, const char *frame)
{
	owner->client->answers_due--;
	if (frame && owner->client->fd >= 0)
		buffer_append(&owner->client->output, frame, owner->bytes);
}

static void answers_finish(struct answers *answers, bool deliver)
{
	const struct answer_owner *owners = (const void *)answers->owners.data;
	size_t count = answers_count(answers);
	size_t at = 0;

	for (size_t i = 0; i < count; at += owners[i++].bytes)
		answer_finish(&owners[i], deliver ? answers->frames.data + at : NULL);
	buffer_clear(&answers->frames);
	buffer_clear(&answers->owners);
}

void answers_deliver(struct answers *answers)
{
	answers_finish(answers, true);
}

void answers_release(struct answers *answers)
{
	answers_finish(answers, false);
	buffer_release(&answers->frames);
	buffer_release(&answers->owners);
}
