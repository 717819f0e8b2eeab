/* Sessions by descriptor, see clients.h. */
#include "pushd/clients.h"

#include <errno.h>

enum { FIRST_SIZE = 256 };

static int clients_grow(struct clients *clients, size_t needed)
{
	size_t size = clients->size ? clients->size : FIRST_SIZE;
	struct session **sessions;
	uint32_t *due;

	while (size < needed)
		size *= 2;
	sessions = realloc(clients->sessions, size * sizeof(*sessions));
	if (!sessions)
		return -ENOMEM;
	clients->sessions = sessions;
	due = realloc(clients->due, size * sizeof(*due));
	if (!due)
		return -ENOMEM;
	clients->due = due;
	for (size_t i = clients->size; i < size; i++) {
		sessions[i] = NULL;
		due[i] = CLIENTS_NEVER;
	}
	clients->size = size;
	return 0;
}

int clients_add(struct clients *clients, struct session *session)
{
	size_t fd = (size_t)session->fd;

	if (fd >= clients->size && clients_grow(clients, fd + 1) < 0)
		return -ENOMEM;
	clients->sessions[fd] = session;
	clients->due[fd] = CLIENTS_NEVER;
	clients->count++;
	return 0;
}

void clients_remove(struct clients *clients, const struct session *session)
{
	clients->sessions[session->fd] = NULL;
	clients->due[session->fd] = CLIENTS_NEVER;
	clients->count--;
}

void clients_set_due(struct clients *clients, const struct session *session, uint32_t when)
{
	clients->due[session->fd] = when;
}

void clients_hasten(struct clients *clients, const struct session *session, uint32_t when)
{
	if (when < clients->due[session->fd])
		clients->due[session->fd] = when;
}

struct session *clients_next_due(struct clients *clients, uint32_t now, size_t *at)
{
	while (*at < clients->size) {
		size_t fd = (*at)++;

		if (clients->due[fd] <= now) {
			clients->due[fd] = CLIENTS_NEVER;
			return clients->sessions[fd];
		}
	}
	return NULL;
}

struct session *clients_next(const struct clients *clients, size_t *at)
{
	while (*at < clients->size) {
		struct session *session = clients->sessions[(*at)++];

		if (session)
			return session;
	}
	return NULL;
}

void clients_release(struct clients *clients)
{
	free(clients->sessions);
	free(clients->due);
	*clients = (struct clients){ 0 };
}
