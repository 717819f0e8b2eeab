/*
 * Frames from a server, see receiver.h. Whole frames are seen where they lie; only what is
 * incomplete is copied, so that the clients cost the machine little beside the server.
 */
#include "tests/bench/receiver.h"

#include <endian.h>
#include <errno.h>

enum { RECEIVER_INCOMPLETE = 1, FINAL = 0x80, OPCODE = 0x0f, MASKED = 0x80 };

static const char head_end[] = "\r\n\r\n";

static int take_head(struct slice *bytes, receiver_visitor *visitor, void *context)
{
	static const char switching[] = "HTTP/1.1 101 ";
	const char *end = memmem(bytes->data, bytes->len, head_end, sizeof(head_end) - 1);
	struct slice head = *bytes;

	if (!end)
		return RECEIVER_INCOMPLETE;
	head.len = (size_t)(end - head.data) + sizeof(head_end) - 1;
	if (head.len < sizeof(switching) ||
		memcmp(head.data, switching, sizeof(switching) - 1) != 0)
		return -EPROTO;
	bytes->data += head.len;
	bytes->len -= head.len;
	visitor(context, RECEIVER_UPGRADED, head);
	return 0;
}

/* The length that a header tells, and how long the header is itself; 0 = incomplete. */
static size_t read_header(struct slice bytes, uint64_t *ret_len)
{
	uint16_t medium;
	uint64_t large;
	size_t length = bytes.len >= 2 ? bytes.data[1] & 0x7f : 0;
	size_t header_len = length < 126 ? 2 : length == 126 ? 4 : 10;

	if (bytes.len < header_len)
		return 0;
	memcpy(&medium, bytes.data + 2, header_len == 4 ? sizeof(medium) : 0);
	memcpy(&large, bytes.data + 2, header_len == 10 ? sizeof(large) : 0);
	*ret_len = header_len == 2 ? length : header_len == 4 ? be16toh(medium) : be64toh(large);
	return header_len;
}

static int take_frame(struct slice *bytes, receiver_visitor *visitor, void *context)
{
	static const struct {
		uint8_t opcode;
		enum receiver_kind kind;
	} kinds[] = {
		{ WEBSOCKET_TEXT, RECEIVER_TEXT },
		{ WEBSOCKET_PING, RECEIVER_PING },
		{ WEBSOCKET_CLOSE, RECEIVER_CLOSE },
	};
	uint64_t len = 0;
	size_t header_len = read_header(*bytes, &len);
	const char *begin = bytes->data;

	if (header_len == 0 || bytes->len - header_len < len)
		return RECEIVER_INCOMPLETE;
	if (!(begin[0] & FINAL) || begin[1] & MASKED)
		return -EPROTO;
	bytes->data += header_len + len;
	bytes->len -= header_len + len;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		if ((begin[0] & OPCODE) != kinds[i].opcode)
			continue;
		visitor(context, kinds[i].kind, (struct slice){ begin + header_len, len });
		return 0;
	}
	return -EPROTO;
}

/* Keeps what is left over of `bytes`, which may lie in receiver->rest. */
static int keep(struct receiver *receiver, struct slice bytes)
{
	if (receiver->rest && bytes.len > 0) {
		buffer_consume(receiver->rest, receiver->rest->len - bytes.len);
		return 0;
	}
	if (bytes.len == 0) {
		if (receiver->rest)
			buffer_release(receiver->rest);
		free(receiver->rest);
		receiver->rest = NULL;
		return 0;
	}
	receiver->rest = calloc(1, sizeof(*receiver->rest));
	if (!receiver->rest)
		return -ENOMEM;
	buffer_append_slice(receiver->rest, bytes);
	return buffer_status(receiver->rest);
}

int receiver_take(struct receiver *receiver, struct slice bytes, receiver_visitor *visitor,
	void *context)
{
	int r = 0;

	if (receiver->rest) {
		buffer_append_slice(receiver->rest, bytes);
		if (buffer_status(receiver->rest) < 0)
			return buffer_status(receiver->rest);
		bytes = buffer_slice(receiver->rest);
	}
	while (r == 0 && bytes.len > 0) {
		r = receiver->upgraded ? take_frame(&bytes, visitor, context)
				       : take_head(&bytes, visitor, context);
		if (r == 0)
			receiver->upgraded = true;
	}
	return r < 0 ? r : keep(receiver, bytes);
}

void receiver_release(struct receiver *receiver)
{
	keep(receiver, (struct slice){ 0 });
	receiver->upgraded = false;
}
