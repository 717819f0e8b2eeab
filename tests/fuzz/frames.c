/*
 * The frame codec: a client's bytes after the upgrade. However the input is cut,
 * the events must be the same, up to the last byte; also if at each cut another program goes
 * on with what was written down of it.
 */
#include "pushd/websocket.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 300, LARGE = 1 << 20 };

static void tell(struct buffer *transcript, const struct websocket_event *event)
{
	struct {
		uint32_t kind;
		uint32_t code;
		uint64_t len;
	} head = { event->kind, event->code, event->payload.len };

	buffer_append(transcript, &head, sizeof(head));
	buffer_append_slice(transcript, event->payload);
}

/* From memory of its own, so that a read beyond the piece is found. */
static void feed(struct websocket *websocket, const uint8_t *data, size_t len, size_t max_message,
	struct buffer *transcript)
{
	_cleanup_(freeing_memory) uint8_t *copy = malloc(len);
	struct websocket_input input = { .data = copy, .len = len };
	struct websocket_event event;

	if (!copy)
		return;
	memcpy(copy, data, len);
	do {
		if (websocket_next(websocket, &input, max_message, &event) < 0)
			abort();
		if (event.kind == WEBSOCKET_NOTHING)
			break;
		if (event.payload.len > max_message && event.payload.len > WEBSOCKET_CONTROL_MAX)
			abort();
		tell(transcript, &event);
	} while (true);
	if (input.len > 0)
		abort();
}

static void hand_over(struct websocket *websocket)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct decoder from;

	websocket_encode(websocket, &bytes);
	websocket_release(websocket);
	*websocket = (struct websocket){ 0 };
	from = decoder_of(bytes.data, bytes.len);
	if (websocket_decode(websocket, &from) < 0 || decoder_finish(&from) < 0)
		abort();
}

/* In pieces of random lengths up to `longest`. */
static void run(const uint8_t *data, size_t size, size_t longest, size_t max_message,
	struct buffer *transcript)
{
	struct websocket websocket = { 0 };
	uint32_t random = (uint32_t)size;

	for (size_t i = 0; i < size; i++)
		random = random * 31 + data[i];
	while (size > 0) {
		size_t len;

		random = random * 1664525 + 1013904223;
		len = (random >> 16) % longest + 1;
		if (len > size || longest >= size)
			len = size;
		feed(&websocket, data, len, max_message, transcript);
		hand_over(&websocket);
		data += len;
		size -= len;
	}
	websocket_release(&websocket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t limits[] = { SMALL, LARGE };
	static const size_t longest[] = { 1, 4, 16, 200 };

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		_cleanup_(buffer_release) struct buffer whole = { 0 };

		run(data, size, SIZE_MAX, limits[i], &whole);
		for (size_t j = 0; j < ARRAY_LENGTH(longest); j++) {
			_cleanup_(buffer_release) struct buffer cut = { 0 };

			run(data, size, longest[j], limits[i], &cut);
			if (!slice_equal(buffer_slice(&whole), buffer_slice(&cut)))
				abort();
		}
	}
	return 0;
}
