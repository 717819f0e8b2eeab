/*
 * Entries, as text from an import and as bytes. What is taken must be what the
 * store takes, and be written the same ever after.
 */
#include "lib/entry.h"

#include "lib/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t NOW = INT64_C(1800000000000);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Whoever decodes what was encoded has the same entry. */
static void check_bytes(const struct entry *entry)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 }, again = { 0 };
	struct entry decoded = { 0 };
	struct decoder decoder;

	entry_encode(&bytes, entry);
	decoder = decoder_of(bytes.data, bytes.len);
	entry_decode(&decoder, &decoded);
	require(decoder_finish(&decoder) == 0);
	entry_encode(&again, &decoded);
	require(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
}

static void check_numbers(const struct entry *entry)
{
	const struct notification *notification = &entry->notification;

	require((entry->kind == ENTRY_BROADCAST) == (entry->user.len == 0));
	require(entry->user.len == 0 || notification_user_valid(entry->user));
	require(notification->content.len <= NOTIFICATION_CONTENT_MAX);
	require(notification->created >= 0 && notification->created <= NOW + 86400000);
	require(notification->read >= 0 && notification->read <= NOW + 86400000);
	require(notification->expires >= 0 && notification->expires <= TIMESTAMP_MAX);
}

/* A made-up id is in the place of the zeros, which are never written. */
static void check_text(struct entry *entry)
{
	static const struct uuid zeros;
	_cleanup_(buffer_release) struct buffer text = { 0 }, again = { 0 };
	struct problems problems = { 0 };
	struct entry second;

	if (entry->kind == ENTRY_NOTIFICATION && uuid_compare(&entry->notification.id, &zeros) == 0)
		require(uuid_next(&entry->notification.id, entry->notification.created) == 0);
	entry_format(&text, entry);
	require(entry_parse(buffer_slice(&text), NOW, &problems, &second) == 0);
	entry_format(&again, &second);
	require(slice_equal(buffer_slice(&text), buffer_slice(&again)));
	entry_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoder decoder = decoder_of(data, size);
	struct problems problems = { 0 };
	struct entry entry = { 0 };
	int r = entry_parse((struct slice){ (const char *)data, size }, NOW, &problems, &entry);

	require((r == 0 && problems.count == 0) || (r == ENTRY_INVALID && problems.count > 0));
	if (r == 0) {
		check_numbers(&entry);
		check_bytes(&entry);
		check_text(&entry);
		entry_release(&entry);
	}
	entry_decode(&decoder, &entry);
	if (decoder_finish(&decoder) == 0)
		check_bytes(&entry);
	return 0;
}
