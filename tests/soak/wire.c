/*
 * The client's end of a WebSocket, see wire.h. What is sent and does not fit into the socket is
 * dropped: no client here says more than a server that listens takes at once.
 */
#include "tests/soak/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { CHUNK = 65536, HEAD_MAX = 4096, SMALL = 126 };

static const uint8_t MASK[4] = { 0x37, 0xfa, 0x21, 0x3d };

int wire_connect(struct wire *wire, const char *path)
{
	_cleanup_(closing_fd) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	wire_close(wire);
	wire->fd = take_fd(&fd);
	return 0;
}

void wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	buffer_release(&wire->input);
	*wire = (struct wire){ .fd = -1 };
}

void wire_send_bytes(const struct wire *wire, const void *bytes, size_t len)
{
	if (wire->fd >= 0 && len > 0)
		(void)!send(wire->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void wire_send_head(const struct wire *wire, const char *token, const char *query)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	buffer_print(&head,
		"GET /api/notifications/ws%s%s HTTP/1.1\r\nHost: soak.test\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
		*query ? "?" : "", query);
	if (token)
		buffer_print(&head, "Sec-WebSocket-Protocol: tidings.v1, bearer.%s\r\n", token);
	buffer_append_string(&head, "\r\n");
	wire_send_bytes(wire, head.data, head.len);
}

void wire_send(const struct wire *wire, unsigned opcode, struct slice payload)
{
	_cleanup_(buffer_release) struct buffer frame = { 0 };
	const uint8_t begin[] = { (uint8_t)(0x80 | opcode),
		(uint8_t)(0x80 | (payload.len < SMALL ? payload.len : SMALL)) };
	const uint8_t length[] = { (uint8_t)(payload.len >> 8), (uint8_t)payload.len };
	size_t at;

	buffer_append(&frame, begin, sizeof(begin));
	if (payload.len >= SMALL)
		buffer_append(&frame, length, sizeof(length));
	buffer_append(&frame, MASK, sizeof(MASK));
	at = frame.len;
	buffer_append_slice(&frame, payload);
	if (buffer_status(&frame) < 0)
		return;
	for (size_t i = 0; i < payload.len; i++)
		frame.data[at + i] = (char)(frame.data[at + i] ^ MASK[i % sizeof(MASK)]);
	wire_send_bytes(wire, frame.data, frame.len);
}

void wire_send_text(const struct wire *wire, const char *text)
{
	wire_send(wire, WIRE_TEXT, slice_of(text));
}

/* ---- what comes ---- */

/* Takes the answer to the upgrade. */
static int take_head(struct wire *wire)
{
	const char *end = memmem(wire->input.data, wire->input.len, "\r\n\r\n", 4);

	if (!end)
		return wire->input.len > HEAD_MAX ? -EBADMSG : 0;
	if (strncmp(wire->input.data, "HTTP/1.1 101 ", 13) != 0)
		return WIRE_REFUSED;
	buffer_consume(&wire->input, (size_t)(end + 4 - wire->input.data));
	wire->open = true;
	return 0;
}

/* The size of the frame at the front, and its payload; 0 = it is not whole. -EBADMSG. */
static ssize_t parse_frame(struct slice bytes, struct slice *ret_payload)
{
	const uint8_t *b = (const uint8_t *)bytes.data;
	size_t header, len;

	if (bytes.len < 2)
		return 0;
	if ((b[0] & 0xf0) != 0x80 || b[1] > SMALL + 1)
		return -EBADMSG; /* no fragments, no reserved bits, no mask */
	header = b[1] < SMALL ? 2 : b[1] == SMALL ? 4 : 10;
	if (bytes.len < header)
		return 0;
	len = b[1];
	if (b[1] >= SMALL)
		len = 0;
	for (size_t i = 2; i < header; i++)
		len = len << 8 | b[i];
	if (bytes.len < header + len)
		return 0;
	*ret_payload = (struct slice){ bytes.data + header, len };
	return (ssize_t)(header + len);
}

static int take_frames(struct wire *wire, wire_framed *framed, void *context)
{
	struct slice rest = buffer_slice(&wire->input), payload;
	ssize_t size;

	while ((size = parse_frame(rest, &payload)) > 0) {
		framed(context, (uint8_t)*rest.data & 0xf, payload);
		if (wire->fd < 0)
			return 0;
		rest.data += size;
		rest.len -= (size_t)size;
	}
	buffer_consume(&wire->input, wire->input.len - rest.len);
	if (wire->input.len == 0)
		buffer_release(&wire->input);
	return size < 0 ? (int)size : 0;
}

int wire_receive(struct wire *wire, wire_framed *framed, void *context)
{
	char *to = buffer_reserve(&wire->input, CHUNK);
	ssize_t n = to ? recv(wire->fd, to, CHUNK, 0) : -1;
	int r = 0;

	if (!to)
		return -ENOMEM;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return WIRE_ENDED;
	wire->input.len += (size_t)n;
	if (!wire->open)
		r = take_head(wire);
	return r != 0 || !wire->open ? r : take_frames(wire, framed, context);
}
