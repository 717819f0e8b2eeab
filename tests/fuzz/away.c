/*
 * What tidings-away remembers: whatever bytes its file has, each record is understood whole or
 * not at all, and one that was is written the same again.
 */
#include "away/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void encode(struct buffer *to, const struct record *record)
{
	_cleanup_(freeing_memory) struct waiting *waiting = NULL;

	switch (record->kind) {
	case RECORD_READ:
		record_encode_read(to, record->file, &record->seen);
		break;
	case RECORD_WAITING:
		waiting = calloc(1, sizeof(*waiting) + record->user.len + 1);
		require(waiting);
		*waiting = record->waiting;
		memcpy(waiting->user, record->user.data, record->user.len);
		record_encode_waiting(to, waiting);
		break;
	case RECORD_GONE:
		record_encode_gone(to, record->user);
		break;
	}
}

/* Seals the bytes as one record, so that what is in it is looked at, too. */
static void check_payload(const uint8_t *data, size_t size)
{
	_cleanup_(buffer_release) struct buffer sealed = { 0 }, again = { 0 };
	struct record record;
	struct slice rest;

	record_seal(&sealed, (struct slice){ (const char *)data, size });
	rest = buffer_slice(&sealed);
	if (record_take(&rest, &record) < 0)
		return;
	require(rest.len == 0);
	encode(&again, &record);
	require(slice_equal(buffer_slice(&sealed), buffer_slice(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buffer_release) struct buffer again = { 0 };
	struct slice rest = { (const char *)data, size };
	struct record record;

	while (record_take(&rest, &record) == 0)
		encode(&again, &record);
	require(buffer_status(&again) == 0 && again.len == size - rest.len);
	require(again.len == 0 || memcmp(again.data, data, again.len) == 0);
	check_payload(data, size);
	return 0;
}
