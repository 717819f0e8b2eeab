/*
 * What publishers send. A draft that is made must be one that the store takes
 * and clients can read: its content JSON, all of it in its bounds, and the same
 * after the store has had it.
 */
#include "lib/draft_batch.h"
#include "lib/json.h"
#include "lib/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t NOW = INT64_C(1800000000000);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The text that clients get is JSON, and says what the draft says. */
static void check_text(const struct notification *notification, const struct draft *draft)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	_cleanup_(freeing_json) struct json_object *object = NULL;

	notification_format(&text, notification);
	require(json_parse(buffer_slice(&text), &object) == 0);
	require(slice_equal(json_string(json_object_object_get(object, "userId")), draft->user));
	require(slice_equal(json_string(json_object_object_get(object, "category")),
		draft->category));
	require(slice_is(json_string(json_object_object_get(object, "type")),
		notification_type_name(draft->type)));
}

static void check_bytes(const struct notification *notification)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 }, again = { 0 };
	struct notification decoded = { .id = notification->id };
	struct decoder decoder;

	notification_encode(&bytes, notification);
	decoder = decoder_of(bytes.data, bytes.len);
	notification_decode(&decoder, &decoded);
	require(decoder_finish(&decoder) == 0);
	notification_encode(&again, &decoded);
	require(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
}

static void check_draft(const struct draft *draft, enum draft_kind kind)
{
	struct notification notification = { .type = draft->type,
		.broadcast = kind == DRAFT_BROADCAST,
		.created = NOW,
		.expires = draft->expires,
		.category = draft->category,
		.content = draft->content };

	require(draft->content.len <= NOTIFICATION_CONTENT_MAX);
	require(draft->expires == 0 || (draft->expires > NOW && draft->expires <= TIMESTAMP_MAX));
	require(kind == DRAFT_BROADCAST ? draft->user.len == 0
					: notification_user_valid(draft->user));
	check_text(&notification, draft);
	check_bytes(&notification);
}

static void check_batch(struct slice text)
{
	struct problems problems = { 0 };
	struct draft_batch batch = { 0 };
	int r = draft_batch_parse(text, NOW, &problems, &batch);

	require((r == 0 && problems.count == 0 && batch.count > 0) ||
		(r == DRAFT_INVALID && problems.count > 0 && batch.count == 0));
	for (unsigned i = 0; i < batch.count; i++)
		check_draft(&batch.drafts[i], DRAFT_FOR_USER);
	draft_batch_release(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct decoder decoder = decoder_of(data, size);
	struct notification notification = { 0 };

	for (int kind = DRAFT_FOR_USER; kind <= DRAFT_BROADCAST; kind++) {
		struct problems problems = { 0 };
		struct draft draft = { 0 };
		int r = draft_parse(text, (enum draft_kind)kind, NOW, &problems, &draft);

		require((r == 0 && problems.count == 0) ||
			(r == DRAFT_INVALID && problems.count > 0));
		if (r == 0)
			check_draft(&draft, (enum draft_kind)kind);
		draft_release(&draft);
	}
	check_batch(text);
	notification_decode(&decoder, &notification);
	if (decoder_finish(&decoder) == 0)
		check_bytes(&notification);
	return 0;
}
