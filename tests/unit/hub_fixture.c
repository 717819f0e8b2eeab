/* A hub with socket pairs and a model of the store, see hub_fixture.h. */
#include "tests/unit/hub_fixture.h"

#include "pushd/catchup.h"
#include "pushd/conversation.h"
#include "pushd/delivery.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { SEND_BUFFER = 1 };

/* ---- the store ---- */

struct hub_model *fixture_model(const struct hub_fixture *fixture)
{
	return hub_inbox_model(fixture->hub.inbox);
}

static int64_t milliseconds(const struct hub_fixture *fixture)
{
	return fixture->hub.wall * 1000;
}

/* Reads the log to its end, as the server does before it looks at answers. */
static void pump(struct hub_fixture *fixture)
{
	struct change change;

	while (!fixture->held && hub_model_read_log(fixture_model(fixture), &change))
		delivery_change(&fixture->hub, &change);
	hub_bury(&fixture->hub);
}

void fixture_hold(struct hub_fixture *fixture, bool held)
{
	fixture->held = held;
	pump(fixture);
}

void fixture_change(struct hub_fixture *fixture, unsigned user, enum change_kind kind, bool many)
{
	hub_model_change(fixture_model(fixture), user, kind, many, milliseconds(fixture));
	pump(fixture);
}

void fixture_broadcast(struct hub_fixture *fixture, enum change_kind kind, bool old)
{
	hub_model_broadcast(fixture_model(fixture), kind, old, milliseconds(fixture));
	pump(fixture);
}

void fixture_dismiss(struct hub_fixture *fixture, unsigned user, enum change_kind kind)
{
	hub_model_dismiss(fixture_model(fixture), user, kind, milliseconds(fixture));
	pump(fixture);
}

void fixture_set_full(struct hub_fixture *fixture, bool full)
{
	hub_inbox_set_full(fixture->hub.inbox, full);
}

void fixture_new_epoch(struct hub_fixture *fixture, unsigned answers)
{
	hub_inbox_new_life(fixture->hub.inbox);
	while (answers-- > 0)
		fixture_deliver(fixture, 0);
	strcpy(fixture->hub.epoch, fixture_epoch(fixture));
	delivery_resync(&fixture->hub);
	hub_bury(&fixture->hub);
}

const char *fixture_epoch(const struct hub_fixture *fixture)
{
	return inbox_greeting(fixture->hub.inbox)->epoch;
}

size_t fixture_waiting(const struct hub_fixture *fixture)
{
	return hub_inbox_waiting(fixture->hub.inbox);
}

void fixture_compute(struct hub_fixture *fixture)
{
	hub_inbox_work(fixture->hub.inbox, true, milliseconds(fixture));
	pump(fixture);
}

void fixture_overtake(struct hub_fixture *fixture)
{
	hub_inbox_swap(fixture->hub.inbox);
}

void fixture_deliver(struct hub_fixture *fixture, int result)
{
	if (fixture_waiting(fixture) == 0)
		return;
	hub_inbox_work(fixture->hub.inbox, false, milliseconds(fixture));
	pump(fixture);
	hub_inbox_deliver(fixture->hub.inbox, result);
	hub_bury(&fixture->hub);
}

/* ---- configuration and tokens ---- */

/* Made once, and kept: what a hub only reads. */
static struct shared {
	struct config *config;
	struct token_verifier *verifier;
	char *tokens[FIXTURE_TOKENS];
} shared;

static void write_file(const char *directory, const char *name, const char *text)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	_cleanup_(closing_file) FILE *file = NULL;

	buffer_print(&path, "%s/%s", directory, name);
	file = fopen(buffer_string(&path), "w");
	if (!file)
		abort();
	fputs(text, file);
}

static void remove_file(const char *directory, const char *name)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };

	buffer_print(&path, "%s/%s", directory, name);
	unlink(buffer_string(&path));
}

static void load(const char *directory)
{
	_cleanup_(buffer_release) struct buffer path = { 0 }, problems = { 0 };
	_cleanup_(buffer_release) struct buffer settings = { 0 };
	char *problem = NULL;

	write_file(directory, "key", "a secret for tests, of 32 bytes or more\n");
	buffer_print(&settings,
		"[store]\nhome = %s\n[auth]\nkey-file = %s/key\nquery-token = yes\ncookie = token\n"
		"[push]\nmax-connections-per-user = 3\nsend-queue = 4K\nmax-message = 1K\n",
		directory, directory);
	write_file(directory, "conf", buffer_string(&settings));
	buffer_print(&path, "%s/conf", directory);
	if (config_load(buffer_string(&path), &shared.config, &problems) != 0 ||
	    token_verifier_new(shared.config, &shared.verifier, &problem) < 0)
		abort();
	for (unsigned i = 0; i < FIXTURE_TOKENS; i++) {
		struct token_claims claims = {
			.user = hub_model_name(i % HUB_MODEL_USERS),
			.issued = i < HUB_MODEL_USERS ? FIXTURE_WALL : FIXTURE_WALL + FIXTURE_LIFE,
			.expires = FIXTURE_WALL + FIXTURE_LIFE,
		};

		if (token_sign(shared.config, &claims, &shared.tokens[i], &problem) < 0)
			abort();
	}
}

static void load_once(void)
{
	char directory[] = "/tmp/tidings-hub-XXXXXX";

	if (shared.config)
		return;
	if (!mkdtemp(directory))
		abort();
	load(directory);
	remove_file(directory, "key");
	remove_file(directory, "conf");
	rmdir(directory);
}

/* ---- the hub ---- */

static void open_hub(struct hub *hub)
{
	hub->config = shared.config;
	hub->verifier = shared.verifier;
	hub->clients_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hub->clients_fd < 0 || registry_init(&hub->registry) < 0)
		abort();
	if (feed_new(shared.config, &hub->feed) < 0) /* of a store that is not there: only told of */
		abort();
}

void fixture_begin(struct hub_fixture *fixture)
{
	struct hub *hub = &fixture->hub;

	load_once();
	*fixture = (struct hub_fixture){ .config = shared.config };
	memcpy(fixture->tokens, shared.tokens, sizeof(shared.tokens));
	hub->now = 1000;
	hub->wall = FIXTURE_WALL;
	open_hub(hub);
	inbox_new(shared.config, &hub->inbox);
	strcpy(hub->epoch, fixture_epoch(fixture));
}

/* All but the inbox, whose questions are ended. */
static void close_hub(struct hub *hub)
{
	struct session *session;
	size_t at = 0;

	while ((session = clients_next(&hub->clients, &at)))
		hub_kill(hub, session);
	hub_bury(hub);
	hub_inbox_cancel(hub->inbox);
	feed_free(hub->feed);
	if (hub->clients.count > 0 || hub->live > 0 || hub->users > 0 || hub->registry.count > 0 ||
		hub->newcomers.count > 0 || hub->leavers.count > 0)
		abort(); /* somebody was forgotten */
	clients_release(&hub->clients);
	registry_release(&hub->registry);
	broadcasts_release(&hub->broadcasts);
	message_release(&hub->message);
	buffer_release(&hub->bytes);
	buffer_release(&hub->latest);
	close(hub->clients_fd);
}

void fixture_end(struct hub_fixture *fixture)
{
	close_hub(&fixture->hub);
	inbox_free(fixture->hub.inbox);
}

/* ---- another program ---- */

int fixture_save(struct hub_fixture *fixture)
{
	int state_fd = memfd_create("state", MFD_CLOEXEC);

	if (state_fd < 0 || handover_save(&fixture->hub, &fixture->handover, state_fd) < 0)
		abort();
	return state_fd;
}

struct slice fixture_state(int state_fd)
{
	struct slice bytes = { 0 };
	struct stat status;

	if (fstat(state_fd, &status) < 0)
		abort();
	bytes.len = (size_t)status.st_size;
	bytes.data = mmap(NULL, bytes.len, PROT_READ, MAP_PRIVATE, state_fd, 0);
	if (bytes.data == MAP_FAILED)
		abort();
	return bytes;
}

/* The sockets stay open while the hub is gone: each has a copy far above, with its number. */
static void keep_sockets(struct hub *hub)
{
	struct session *session;
	size_t at = 0;

	while ((session = clients_next(&hub->clients, &at)))
		if (dup2(session->fd, session->fd + FIXTURE_COPIES) < 0)
			abort();
}

static void give_sockets_back(void)
{
	for (int fd = 0; fd < FIXTURE_COPIES; fd++)
		if (dup2(fd + FIXTURE_COPIES, fd) == fd)
			close(fd + FIXTURE_COPIES);
}

int fixture_upgrade(struct hub_fixture *fixture)
{
	int state_fd = fixture_save(fixture);
	struct slice bytes = fixture_state(state_fd);
	struct hub fresh = {
		.inbox = fixture->hub.inbox,
		.now = fixture->hub.now,
		.wall = fixture->hub.wall,
	};

	keep_sockets(&fixture->hub);
	close_hub(&fixture->hub);
	give_sockets_back();
	fixture->hub = fresh;
	open_hub(&fixture->hub);
	if (handover_check(&fixture->hub, bytes) < 0 ||
		handover_load(&fixture->hub, bytes, &fixture->handover) < 0)
		abort();
	catchup_begin_round(&fixture->hub);
	hub_bury(&fixture->hub);
	munmap((void *)bytes.data, bytes.len);
	return state_fd;
}

int fixture_connect(struct hub_fixture *fixture)
{
	struct hub *hub = &fixture->hub;
	struct session *session;
	int fds[2], size = SEND_BUFFER;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		abort();
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	session = session_new(fds[0]);
	if (!session || clients_add(&hub->clients, session) < 0 || hub_watch(hub, session) < 0)
		abort();
	conversation_begin(hub, session);
	return fds[1];
}

static void receive(struct hub *hub, struct session *session)
{
	uint8_t input[4096];
	ssize_t n = 0;

	while (session->state != SESSION_DEAD && (n = recv(session->fd, input, sizeof(input), 0)) > 0)
		conversation_receive(hub, session, input, (size_t)n);
	if (session->state != SESSION_DEAD && (n == 0 || errno != EAGAIN))
		hub_kill(hub, session);
}

void fixture_run(struct hub_fixture *fixture)
{
	struct hub *hub = &fixture->hub;
	struct epoll_event events[8];
	int n;

	while ((n = epoll_wait(hub->clients_fd, events, ARRAY_LENGTH(events), 0)) > 0) {
		for (int i = 0; i < n; i++) {
			struct session *session = events[i].data.ptr;

			if (session->state != SESSION_DEAD && (events[i].events & EPOLLOUT) && session->queue)
				hub_flush(hub, session);
			receive(hub, session);
		}
		hub_bury(hub);
	}
}

void fixture_pass(struct hub_fixture *fixture, uint32_t seconds)
{
	struct hub *hub = &fixture->hub;
	struct session *session;
	size_t at = 0;

	hub->now += seconds;
	hub->wall += seconds;
	while ((session = clients_next_due(&hub->clients, hub->now, &at)))
		conversation_due(hub, session);
	hub_bury(hub);
}

/* ---- what clients send ---- */

void fixture_append_head(struct buffer *to, const struct hub_fixture *fixture, int token,
	struct slice query)
{
	buffer_print(to, "GET %s/ws?", fixture->config->push.path);
	buffer_append_slice(to, query);
	buffer_append_string(to, " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
				 "Sec-WebSocket-Version: 13\r\n"
				 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
	if (token >= 0)
		buffer_print(to, "Authorization: Bearer %s\r\n", fixture->tokens[token]);
	buffer_append_string(to, "\r\n");
}

void fixture_append_stream_head(struct buffer *to, const struct hub_fixture *fixture, int token,
	struct slice last_event_id)
{
	buffer_print(to, "GET %s/stream HTTP/1.1\r\nHost: h\r\n", fixture->config->push.path);
	if (token >= 0)
		buffer_print(to, "Authorization: Bearer %s\r\n", fixture->tokens[token]);
	if (last_event_id.len > 0) {
		buffer_append_string(to, "Last-Event-ID: ");
		buffer_append_slice(to, last_event_id);
		buffer_append_string(to, "\r\n");
	}
	buffer_append_string(to, "\r\n");
}

void fixture_append_frame(struct buffer *to, unsigned opcode, struct slice payload)
{
	static const uint8_t mask[] = { 1, 2, 3, 4 };
	uint8_t header[4] = { (uint8_t)(0x80 | opcode) };
	size_t header_len = 2;

	header[1] = (uint8_t)(0x80 | payload.len);
	if (payload.len > 125) {
		header[1] = 0x80 | 126;
		header[2] = (uint8_t)(payload.len >> 8);
		header[3] = (uint8_t)payload.len;
		header_len = 4;
	}
	buffer_append(to, header, header_len);
	buffer_append(to, mask, sizeof(mask));
	for (size_t i = 0; i < payload.len; i++) {
		uint8_t byte = (uint8_t)payload.data[i] ^ mask[i & 3];

		buffer_append(to, &byte, 1);
	}
}
