/*
 * All clients from bytes, see handover.h and, for their order, handover_save.c.
 *
 * Descriptors are used as they are numbered, so a wrong number could be any file of the
 * process: only sockets are taken, each once.
 */
#include "pushd/backlog.h"
#include "pushd/command.h"
#include "pushd/handover_record.h"
#include "pushd/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct loader {
	struct hub *hub;
	struct handover handover;
	bool check; /* the descriptors are not here */
	bool has_hub, ended;
	struct subscriber *subscriber; /* whose sessions follow; NULL = none yet */
	uint32_t subscribers, sessions;
};

/* A socket, and nobody's so far; it is closed again when the process becomes another program. */
static int claim(const struct loader *loader, int fd)
{
	const struct clients *clients = &loader->hub->clients;
	struct stat status;

	if (loader->check)
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode))
		return -EBADF;
	if ((size_t)fd < clients->size && clients->sessions[fd])
		return -EBADF;
	for (size_t i = 0; i < loader->handover.socket_count; i++)
		if (loader->handover.sockets[i].fd == fd)
			return -EBADF;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

static int read_hub(struct loader *loader, struct decoder *from)
{
	struct slice epoch = decode_short(from), home;
	struct handover *handover = &loader->handover;
	struct hub *hub = loader->hub;

	handover->begun = decode_u8(from);
	handover->position.file = decode_u32(from);
	handover->position.offset = decode_u32(from);
	hub->broadcasts.oldest = decode_u64(from);
	hub->broadcasts.newest = hub->broadcasts.oldest > 0 ? hub->broadcasts.oldest - 1 : 0;
	handover->paused = decode_u64(from);
	home = decode_long(from);
	if (loader->has_hub || from->failed || epoch.len >= sizeof(hub->epoch))
		return -EBADMSG;
	memcpy(hub->epoch, epoch.data, epoch.len);
	handover->begun &= slice_is(home, hub->config->store.home); /* else it is another log */
	loader->has_hub = true;
	return 0;
}

static int read_socket(struct loader *loader, struct decoder *from)
{
	struct slice name = decode_short(from);
	uint32_t fd = decode_u32(from);
	char copy[HANDOVER_NAME_MAX + 1] = "";
	int r;

	if (from->failed || fd > INT32_MAX || name.len > HANDOVER_NAME_MAX)
		return -EBADMSG;
	memcpy(copy, name.data, name.len);
	r = claim(loader, (int)fd);
	return r < 0 ? r : handover_add_socket(&loader->handover, copy, (int)fd);
}

static int read_broadcast(struct loader *loader, struct decoder *from)
{
	struct broadcasts *broadcasts = &loader->hub->broadcasts;
	struct slice record = decode_long(from);
	struct change change;

	if (from->failed || change_parse(record, &change) < 0 ||
		!change_is_broadcast(change.kind) || change.counts.seq == 0 ||
		change.counts.seq != broadcasts->newest + 1)
		return -EBADMSG;
	broadcasts_add(broadcasts, &change);
	return broadcasts->oldest > change.counts.seq ? -ENOMEM : 0;
}

/* All sessions of a user are there. */
static void finish_subscriber(struct loader *loader)
{
	struct subscriber *subscriber = take(loader->subscriber);

	if (!subscriber)
		return;
	subscriber_reverse(subscriber);
	if (subscriber->overflow)
		serve_update_instead(subscriber);
	subscriber->in_use = false;
	registry_drop(&loader->hub->registry, subscriber);
}

static int read_subscriber(struct loader *loader, struct decoder *from)
{
	struct registry *registry = &loader->hub->registry;
	struct slice name = decode_short(from), backlog;
	uint8_t flags = decode_u8(from);
	struct subscriber *subscriber;
	struct position told;

	finish_subscriber(loader);
	told.seq = decode_u64(from);
	told.broadcasts = decode_u64(from);
	told.unread = decode_u32(from);
	told.unseen = decode_u32(from);
	if (from->failed || flags & ~SUBSCRIBER_KNOWN || registry_find(registry, name))
		return -EBADMSG;
	subscriber = registry_get(registry, name);
	if (!subscriber)
		return -ENOMEM;
	subscriber->in_use = true;
	subscriber->told = told;
	subscriber->placed = flags & SUBSCRIBER_PLACED;
	subscriber->overflow = flags & SUBSCRIBER_OVERFLOW;
	subscriber->tokens_valid_from = decode_u32(from);
	loader->subscriber = subscriber;
	loader->subscribers++;
	backlog = decode_long(from);
	return from->failed ? -EBADMSG : backlog_restore(subscriber, backlog);
}

/* Gives who speaks for no user a place among such, behind those that came before. */
static int add_newcomer(struct hub *hub, const struct handover_session *from)
{
	struct session *session = from->session;
	bool leaves = session->state > SESSION_LIVE;
	int r = newcomers_add(leaves ? &hub->leavers : &hub->newcomers, session);

	if (r < 0)
		return r;
	buffer_append_slice(&session->newcomer->head, from->head);
	return buffer_status(&session->newcomer->head);
}

/* The session joins the hub. */
static int adopt(struct loader *loader, const struct handover_session *from)
{
	struct session *session = from->session;
	struct hub *hub = loader->hub;
	int r = 0;

	session->fd = from->fd;
	if (clients_add(&hub->clients, session) < 0) {
		handover_session_discard(session);
		return -ENOMEM;
	}
	clients_set_due(&hub->clients, session, from->due);
	if (loader->subscriber) {
		subscriber_add(loader->subscriber, session);
		hub->live++;
		hub->users += loader->subscriber->session_count == 1;
	} else {
		r = add_newcomer(hub, from);
	}
	return r < 0 ? r : hub_watch(hub, session);
}

static int read_session(struct loader *loader, struct decoder *from)
{
	const struct subscriber *subscriber = loader->subscriber;
	struct handover_session one;
	int r = handover_session_decode(loader->hub, from, &one);

	if (r < 0)
		return r;
	if ((one.session->state == SESSION_LIVE) != (subscriber != NULL) ||
		(subscriber && subscriber->session_count == UINT32_MAX))
		r = -EBADMSG;
	if (r == 0)
		r = claim(loader, one.fd);
	if (r < 0 || loader->check)
		handover_session_discard(one.session);
	else
		r = adopt(loader, &one);
	loader->sessions++;
	if (r == 0 && !loader->check)
		command_disappoint(loader->hub, one.session, one.requests);
	return r;
}

static int read_end(struct loader *loader, struct decoder *from)
{
	uint32_t subscribers = decode_u32(from), sessions = decode_u32(from);

	finish_subscriber(loader);
	loader->ended = true;
	return from->failed || subscribers != loader->subscribers || sessions != loader->sessions ||
			       !loader->has_hub
		       ? -EBADMSG
		       : 0;
}

static int (*const readers[])(struct loader *loader, struct decoder *from) = {
	[HANDOVER_HUB] = read_hub,
	[HANDOVER_SOCKET] = read_socket,
	[HANDOVER_BROADCAST] = read_broadcast,
	[HANDOVER_SUBSCRIBER] = read_subscriber,
	[HANDOVER_SESSION] = read_session,
	[HANDOVER_END] = read_end,
};

static int read_record(struct loader *loader, struct decoder *from)
{
	uint8_t kind = decode_u8(from);
	struct slice bytes = decode_long(from);
	struct decoder record = decoder_of(bytes.data, bytes.len);

	if (from->failed)
		return -EBADMSG;
	if (kind == HANDOVER_STATISTICS)
		return handover_statistics_decode(&loader->hub->statistics, &record);
	if (kind < ARRAY_LENGTH(readers) && readers[kind])
		return readers[kind](loader, &record);
	return kind & HANDOVER_OPTIONAL ? 0 : -EPROTONOSUPPORT;
}

static int read_header(struct decoder *from)
{
	struct slice magic = decode_bytes(from, sizeof(HANDOVER_MAGIC) - 1);
	uint32_t version = decode_u32(from);

	decode_short(from); /* of the program: for persons who look into it */
	if (from->failed || !slice_is(magic, HANDOVER_MAGIC))
		return -EBADMSG;
	return version == 0 || version > HANDOVER_VERSION ? -EPROTONOSUPPORT : 0;
}

static int load(struct loader *loader, struct slice bytes)
{
	struct decoder from = decoder_of(bytes.data, bytes.len);
	int r = read_header(&from);

	while (r == 0 && !loader->ended)
		r = read_record(loader, &from);
	finish_subscriber(loader);
	return r == 0 ? decoder_finish(&from) : r;
}

int handover_load(struct hub *hub, struct slice bytes, struct handover *ret_handover)
{
	struct loader loader = { .hub = hub };
	int r = load(&loader, bytes);

	if (r == 0)
		*ret_handover = loader.handover;
	return r;
}

int handover_check(struct hub *hub, struct slice bytes)
{
	struct loader loader = { .hub = hub, .check = true };
	int r = load(&loader, bytes);

	broadcasts_release(&hub->broadcasts);
	return r;
}
