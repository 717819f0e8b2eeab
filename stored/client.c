/* Connections to the store's socket, see client.h. */
#include "stored/client.h"

#include <errno.h>
#include <sys/socket.h>

enum {
	READ_CHUNK = 65536,
	INPUT_MAX = STORE_REQUEST_MAX + STORE_HEADER_BYTES,
	INPUT_KEPT = 4 * READ_CHUNK, /* what an idle client may hold after a large request */
};

struct client *client_new(int fd, const struct peer *peer)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return NULL;
	}
	client->fd = fd;
	client->peer = *peer;
	return client;
}

struct client *client_free(struct client *client)
{
	if (!client)
		return NULL;
	client_close(client);
	buffer_release(&client->input);
	buffer_release(&client->output);
	free(client);
	return NULL;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

void client_refuse(struct client *client)
{
	client->refused = true;
	client->ended = client->fd < 0 || shutdown(client->fd, SHUT_RD) < 0;
}

int client_receive(struct client *client)
{
	ssize_t n;
	char *to;

	buffer_consume(&client->input, take(client->taken));
	if (client->input.len == 0 && client->input.size > INPUT_KEPT)
		buffer_release(&client->input);
	if (client->input.len > INPUT_MAX)
		return 0; /* it has not been worked on yet */
	to = buffer_reserve(&client->input, READ_CHUNK);
	if (!to)
		return -ENOMEM;
	do
		n = recv(client->fd, to, READ_CHUNK, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	client->ended = n == 0 && client->refused;
	if (n == 0)
		return client->ended ? 0 : -ECONNRESET;
	client->input.len += (size_t)n;
	return 0;
}

int client_next_frame(struct client *client, struct store_frame *ret_frame)
{
	struct slice rest = {
		.data = client->input.data + client->taken,
		.len = client->input.len - client->taken,
	};
	int r = store_frame_parse(rest, STORE_REQUEST_MAX, ret_frame);

	if (r == 0)
		client->taken += ret_frame->bytes;
	return r;
}

int client_send(struct client *client)
{
	struct buffer *output = &client->output;

	if (client->fd < 0)
		return 0;
	if (buffer_status(output) < 0)
		return buffer_status(output);
	while (output->len > 0) {
		ssize_t n = send(client->fd, output->data, output->len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		buffer_consume(output, (size_t)n);
	}
	return 0;
}
