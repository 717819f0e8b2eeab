/*
 * All clients as bytes, see handover.h.
 *
 * A session that speaks for a user stands behind its user's record, the one that came last in
 * front, as in the registry; the others stand before all users. A record of the end has the
 * numbers of both, so that what was cut is not taken for all.
 */
#include "pushd/handover_record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>

enum { PIECE = 65536 /* bytes that are written at a time */ };

int handover_add_socket(struct handover *handover, const char *name, int fd)
{
	struct handover_socket *socket = &handover->sockets[handover->socket_count];

	if (handover->socket_count == HANDOVER_SOCKETS_MAX || strlen(name) > HANDOVER_NAME_MAX)
		return -E2BIG;
	*socket = (struct handover_socket){ .fd = fd };
	strcpy(socket->name, name);
	handover->socket_count++;
	return 0;
}

struct writer {
	struct hub *hub;
	int fd;
	int error;
	uint32_t subscribers, sessions;
	size_t record; /* where the one that is written begins */
	struct buffer bytes;
};

static void write_out(struct writer *writer)
{
	struct slice rest = buffer_slice(&writer->bytes);

	if (writer->error == 0)
		writer->error = buffer_status(&writer->bytes);
	while (writer->error == 0 && rest.len > 0) {
		ssize_t n = write(writer->fd, rest.data, rest.len);

		if (n < 0 && errno != EINTR)
			writer->error = -errno;
		if (n > 0)
			rest = (struct slice){ rest.data + n, rest.len - (size_t)n };
	}
	buffer_clear(&writer->bytes);
}

static struct buffer *begin_record(struct writer *writer, enum handover_kind kind)
{
	encode_u8(&writer->bytes, (uint8_t)kind);
	encode_u32(&writer->bytes, 0);
	writer->record = writer->bytes.len;
	return &writer->bytes;
}

/* Writes the length into its place. */
static void end_record(struct writer *writer)
{
	size_t len = writer->bytes.len - writer->record;

	if (buffer_status(&writer->bytes) == 0)
		for (size_t i = 0; i < 4; i++)
			writer->bytes.data[writer->record - 1 - i] = (char)(len >> (8 * i));
	if (len > UINT32_MAX)
		writer->error = -EMSGSIZE;
	if (writer->bytes.len >= PIECE || buffer_status(&writer->bytes) < 0)
		write_out(writer);
}

static void write_hub(struct writer *writer, const struct handover *handover)
{
	struct buffer *to = begin_record(writer, HANDOVER_HUB);

	encode_short(to, slice_of(writer->hub->epoch));
	encode_u8(to, handover->begun);
	encode_u32(to, handover->position.file);
	encode_u32(to, handover->position.offset);
	encode_u64(to, writer->hub->broadcasts.oldest);
	encode_u64(to, handover->paused);
	encode_long(to, slice_of(writer->hub->config->store.home));
	end_record(writer);
}

static void write_sockets(struct writer *writer, const struct handover *handover)
{
	for (size_t i = 0; i < handover->socket_count; i++) {
		struct buffer *to = begin_record(writer, HANDOVER_SOCKET);

		encode_short(to, slice_of(handover->sockets[i].name));
		encode_u32(to, (uint32_t)handover->sockets[i].fd);
		end_record(writer);
	}
}

static void write_broadcasts(struct writer *writer)
{
	const struct broadcasts *broadcasts = &writer->hub->broadcasts;

	for (uint64_t i = broadcasts->oldest; i > 0 && i <= broadcasts->newest; i++) {
		struct buffer *to = begin_record(writer, HANDOVER_BROADCAST);

		encode_long(to, buffer_slice(&broadcasts->records[i % BROADCASTS_KEPT]));
		end_record(writer);
	}
}

static void write_session(struct writer *writer, const struct session *session)
{
	struct buffer *to = begin_record(writer, HANDOVER_SESSION);

	handover_session_encode(writer->hub, session, to);
	end_record(writer);
	writer->sessions++;
}

static void write_subscriber(void *context, struct subscriber *subscriber)
{
	const struct buffer *backlog = subscriber->overflow ? NULL : subscriber->backlog;
	const struct position *told = &subscriber->told;
	struct writer *writer = context;
	struct buffer *to;

	if (!subscriber->sessions)
		return; /* it is only kept for an answer */
	to = begin_record(writer, HANDOVER_SUBSCRIBER);
	encode_short(to, subscriber_name(subscriber));
	encode_u8(to, (uint8_t)((subscriber->placed ? SUBSCRIBER_PLACED : 0) |
				(subscriber->overflow ? SUBSCRIBER_OVERFLOW : 0)));
	encode_u64(to, told->seq);
	encode_u64(to, told->broadcasts);
	encode_u32(to, told->unread);
	encode_u32(to, told->unseen);
	encode_u32(to, subscriber->tokens_valid_from);
	encode_long(to, backlog ? buffer_slice(backlog) : (struct slice){ 0 });
	end_record(writer);
	writer->subscribers++;
	for (struct session *session = subscriber->sessions; session; session = session->next)
		write_session(writer, session);
}

/* Those who speak for no user, in the order in which they go when places are needed. */
static void write_newcomers(struct writer *writer, const struct newcomers *newcomers)
{
	for (struct newcomer *one = newcomers->oldest; one; one = one->newer)
		write_session(writer, one->session);
}

static void write_statistics(struct writer *writer)
{
	struct buffer *to = begin_record(writer, HANDOVER_STATISTICS);

	handover_statistics_encode(&writer->hub->statistics, to);
	end_record(writer);
}

static void write_end(struct writer *writer)
{
	struct buffer *to = begin_record(writer, HANDOVER_END);

	encode_u32(to, writer->subscribers);
	encode_u32(to, writer->sessions);
	end_record(writer);
}

int handover_save(struct hub *hub, const struct handover *handover, int fd)
{
	struct writer writer = { .hub = hub, .fd = fd };

	buffer_append_string(&writer.bytes, HANDOVER_MAGIC);
	encode_u32(&writer.bytes, HANDOVER_VERSION);
	encode_short(&writer.bytes, SLICE(PACKAGE_VERSION));
	write_hub(&writer, handover);
	write_sockets(&writer, handover);
	write_broadcasts(&writer);
	write_statistics(&writer);
	write_newcomers(&writer, &hub->newcomers);
	write_newcomers(&writer, &hub->leavers);
	registry_each(&hub->registry, write_subscriber, &writer);
	assert(writer.sessions == hub->clients.count);
	write_end(&writer);
	write_out(&writer);
	buffer_release(&writer.bytes);
	return writer.error;
}

int handover_keep_open(const struct hub *hub, const struct handover *handover, bool open)
{
	int flags = open ? 0 : FD_CLOEXEC, r = 0;
	struct session *session;
	size_t at = 0;

	while ((session = clients_next(&hub->clients, &at)))
		if (fcntl(session->fd, F_SETFD, flags) < 0)
			r = -errno;
	for (size_t i = 0; i < handover->socket_count; i++)
		if (fcntl(handover->sockets[i].fd, F_SETFD, flags) < 0)
			r = -errno;
	return r;
}
