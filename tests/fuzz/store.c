/*
 * What comes over the store's socket, from either side. A request that is taken
 * must be one that this program could have written: encoding it again gives the
 * same bytes. An answer gives no more items than it says, and none beyond its end.
 */
#include "lib/store_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void try_request(const struct store_frame *frame)
{
	_cleanup_(buffer_release) struct buffer again = { 0 };
	struct inbox_request request;

	if (store_decode_request(frame->operation, frame->payload, &request) != 0)
		return;
	require(store_request_encodable(&request));
	store_encode_request(&again, &request);
	require(slice_equal(buffer_slice(&again), frame->payload));
	store_request_release(&request);
}

static void try_answer(const struct store_frame *frame)
{
	struct notification notification;
	struct inbox_answer answer, copy;
	struct slice statistics;
	struct change change;
	struct entry entry;
	unsigned items = 0;

	if (store_decode_answer(frame->payload, &answer) != 0)
		return;
	copy = answer;
	while (inbox_next_notification(&copy, &notification))
		items++;
	require(items <= answer.items);
	copy = answer;
	while (inbox_next_entry(&copy, &entry))
		require(entry.kind < ENTRY_KINDS);
	copy = answer;
	items = 0;
	while (inbox_next_statistics(&copy, &statistics))
		items++;
	require(items <= answer.items);
	while (inbox_next_change(&answer, &change))
		require(change.kind < CHANGE_KINDS_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct inbox_greeting greeting;
	struct store_frame frame;

	while (store_frame_parse(rest, STORE_REQUEST_MAX, &frame) == 0) {
		require(frame.bytes <= rest.len && frame.payload.len < frame.bytes);
		try_request(&frame);
		try_answer(&frame);
		if (store_decode_greeting(frame.payload, &greeting) == 0)
			require(memchr(greeting.epoch, '\0', sizeof(greeting.epoch)) != NULL);
		rest.data += frame.bytes;
		rest.len -= frame.bytes;
	}
	return 0;
}
