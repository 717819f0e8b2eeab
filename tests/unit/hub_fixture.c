/*
 * A hub with socket pairs and a model of the store, see hub_fixture.h. The functions of
 * lib/inbox.h are defined here: what links this takes nothing of lib/inbox.c.
 */
#include "tests/unit/hub_fixture.h"

#include "pushd/conversation.h"
#include "pushd/delivery.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CHANGES_TOLD = 100, SEND_BUFFER = 1 };

static const char *const USERS[] = { "a", "b" };

/* ---- the model ---- */

struct model {
	struct counts counts;
	struct buffer records; /* each as the answer to CHANGES holds it … */
	size_t *begins;	       /* … and where the one that led to seq i + 1 begins */
};

struct pending {
	struct pending *next;
	struct inbox_request request;
	unsigned user;
	char epoch[64];
	inbox_answered *answered; /* NULL = forgotten */
	void *context;
	bool computed;
	int result;
	struct inbox_answer answer;
};

struct inbox {
	struct pending *first, **end;
	struct inbox_greeting greeting;
	struct model models[ARRAY_LENGTH(USERS)];
};

int inbox_new(const struct config *config, struct inbox **ret_inbox)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	(void)config;
	if (!inbox)
		abort();
	inbox->end = &inbox->first;
	inbox->greeting.epoch[0] = '1';
	*ret_inbox = inbox;
	return 0;
}

static void pending_free(struct pending *pending)
{
	buffer_release(&pending->answer.storage);
	free(pending);
}

static struct pending *take_first(struct inbox *inbox)
{
	struct pending *pending = inbox->first;

	inbox->first = pending->next;
	if (!inbox->first)
		inbox->end = &inbox->first;
	return pending;
}

struct inbox *inbox_free(struct inbox *inbox)
{
	while (inbox->first) {
		struct pending *pending = take_first(inbox);

		if (pending->answered)
			pending->answered(pending->context, -ECANCELED, NULL);
		pending_free(pending);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(USERS); i++) {
		buffer_release(&inbox->models[i].records);
		free(inbox->models[i].begins);
	}
	free(inbox);
	return NULL;
}

int inbox_submit(struct inbox *inbox, const struct inbox_request *request, inbox_answered *answered,
	void *context)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending || request->epoch.len >= sizeof(pending->epoch))
		abort();
	pending->request = *request;
	pending->user = slice_is(request->user, USERS[1]);
	if (!slice_is(request->user, USERS[pending->user]))
		abort(); /* only tokens of the two can be valid */
	if (request->epoch.len > 0)
		memcpy(pending->epoch, request->epoch.data, request->epoch.len);
	pending->answered = answered;
	pending->context = context;
	*inbox->end = pending;
	inbox->end = &pending->next;
	return 0;
}

void inbox_forget(struct inbox *inbox, const void *context)
{
	for (struct pending *pending = inbox->first; pending; pending = pending->next)
		if (pending->context == context)
			pending->answered = NULL;
}

const struct inbox_greeting *inbox_greeting(const struct inbox *inbox)
{
	return &inbox->greeting;
}

struct counts fixture_counts(const struct hub_fixture *fixture, unsigned user)
{
	return fixture->hub.inbox->models[user].counts;
}

static void count(struct counts *counts, enum change_kind kind)
{
	counts->seq++;
	if (kind == CHANGE_CREATED) {
		counts->total++;
		counts->unread++;
		counts->unseen++;
	}
	if (kind == CHANGE_READ && counts->unread > 0)
		counts->unread--;
	if (kind == CHANGE_ALL_READ)
		counts->unread = 0;
	if (kind == CHANGE_SEEN || counts->unseen > counts->unread)
		counts->unseen = kind == CHANGE_SEEN ? 0 : counts->unread;
}

static void keep_record(struct model *model, struct slice record)
{
	size_t n = (size_t)model->counts.seq;

	model->begins = realloc(model->begins, n * sizeof(*model->begins));
	if (!model->begins)
		abort();
	model->begins[n - 1] = model->records.len;
	encode_long(&model->records, record);
}

void fixture_change(struct hub_fixture *fixture, unsigned user, enum change_kind kind)
{
	static const char id[] = "01900000-0000-7000-8000-000000000000";
	_cleanup_(buffer_release) struct buffer record = { 0 }, notification = { 0 };
	struct model *model = &fixture->hub.inbox->models[user];
	struct change change = {
		.kind = kind,
		.time = fixture->hub.wall * 1000,
		.user = slice_of(USERS[user]),
		.ids = kind == CHANGE_CREATED || kind == CHANGE_READ ? slice_of(id) : (struct slice){ 0 },
	};

	if (kind == CHANGE_CREATED)
		buffer_print(&notification, "{\"id\":\"%s\",\"userId\":\"%s\",\"message\":\"%0500d\"}", id,
			USERS[user], 0);
	count(&model->counts, kind);
	change.counts = model->counts;
	change.notification = buffer_slice(&notification);
	change_format(&record, &change);
	keep_record(model, buffer_slice(&record));
	if (change_parse(buffer_slice(&record), &change) < 0)
		abort();
	delivery_change(&fixture->hub, &change);
	hub_bury(&fixture->hub);
}

void fixture_new_epoch(struct hub_fixture *fixture)
{
	char *name = fixture->hub.inbox->greeting.epoch;

	name[0] = name[0] == '9' ? '1' : (char)(name[0] + 1);
	delivery_resync(&fixture->hub);
	hub_bury(&fixture->hub);
}

const char *fixture_epoch(const struct hub_fixture *fixture)
{
	return fixture->hub.inbox->greeting.epoch;
}

/* ---- answers ---- */

size_t fixture_waiting(const struct hub_fixture *fixture)
{
	size_t n = 0;

	for (const struct pending *one = fixture->hub.inbox->first; one; one = one->next)
		n++;
	return n;
}

static void compute_list(struct pending *pending)
{
	const struct notification notification = {
		.created = (int64_t)FIXTURE_WALL * 1000,
		.content = SLICE("\"title\":\"listed\""),
	};

	buffer_append(&pending->answer.storage, notification.id.bytes, UUID_BYTES);
	notification_encode(&pending->answer.storage, &notification);
	pending->answer.items = 1;
}

static void compute_changes(struct pending *pending, const struct inbox *inbox)
{
	const struct model *model = &inbox->models[pending->user];
	uint64_t seq = model->counts.seq, since = pending->request.since;

	if (strcmp(pending->epoch, inbox->greeting.epoch) != 0 || since > seq ||
	    seq - since > CHANGES_TOLD) {
		pending->answer.reset = true;
		return;
	}
	pending->answer.items = (unsigned)(seq - since);
	if (since < seq)
		buffer_append(&pending->answer.storage, model->records.data + model->begins[since],
			model->records.len - model->begins[since]);
}

static void compute(struct hub_fixture *fixture, struct pending *pending)
{
	struct inbox *inbox = fixture->hub.inbox;

	pending->computed = true;
	if (pending->request.operation == INBOX_MARK_READ)
		pending->result = INBOX_NOT_FOUND;
	if (pending->request.operation == INBOX_READ_ALL)
		fixture_change(fixture, pending->user, CHANGE_ALL_READ);
	if (pending->request.operation == INBOX_SEEN)
		fixture_change(fixture, pending->user, CHANGE_SEEN);
	if (pending->request.operation == INBOX_LIST)
		compute_list(pending);
	if (pending->request.operation == INBOX_CHANGES)
		compute_changes(pending, inbox);
	pending->answer.counts = inbox->models[pending->user].counts;
	pending->answer.at = decoder_of(pending->answer.storage.data, pending->answer.storage.len);
}

void fixture_compute(struct hub_fixture *fixture)
{
	for (struct pending *one = fixture->hub.inbox->first; one; one = one->next)
		if (!one->computed)
			compute(fixture, one);
}

void fixture_deliver(struct hub_fixture *fixture, int result)
{
	struct inbox *inbox = fixture->hub.inbox;
	struct pending *pending;

	if (!inbox->first)
		return;
	if (!inbox->first->computed)
		compute(fixture, inbox->first);
	pending = take_first(inbox);
	if (result == 0)
		result = pending->result;
	if (pending->answered)
		pending->answered(pending->context, result, result == 0 ? &pending->answer : NULL);
	pending_free(pending);
}

/* ---- configuration and tokens ---- */

/* Made once, and kept: what a hub only reads. */
static struct shared {
	struct config *config;
	struct token_verifier *verifier;
	char *tokens[ARRAY_LENGTH(USERS)];
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
		"[auth]\nkey-file = %s/key\nquery-token = yes\ncookie = token\n"
		"[push]\nmax-connections-per-user = 3\nsend-queue = 4K\nmax-message = 1K\n",
		directory);
	write_file(directory, "conf", buffer_string(&settings));
	buffer_print(&path, "%s/conf", directory);
	if (config_load(buffer_string(&path), &shared.config, &problems) != 0 ||
	    token_verifier_new(shared.config, &shared.verifier, &problem) < 0)
		abort();
	for (size_t i = 0; i < ARRAY_LENGTH(USERS); i++) {
		struct token_claims claims = {
			.user = USERS[i],
			.issued = FIXTURE_WALL,
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

void fixture_begin(struct hub_fixture *fixture)
{
	struct hub *hub = &fixture->hub;

	load_once();
	*fixture = (struct hub_fixture){ .config = shared.config };
	memcpy(fixture->tokens, shared.tokens, sizeof(shared.tokens));
	hub->config = shared.config;
	hub->verifier = shared.verifier;
	hub->now = 1000;
	hub->wall = FIXTURE_WALL;
	hub->clients_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hub->clients_fd < 0 || registry_init(&hub->registry) < 0)
		abort();
	inbox_new(shared.config, &hub->inbox);
}

void fixture_end(struct hub_fixture *fixture)
{
	struct hub *hub = &fixture->hub;
	struct session *session;
	size_t at = 0;

	while ((session = clients_next(&hub->clients, &at)))
		hub_kill(hub, session);
	hub_bury(hub);
	inbox_free(hub->inbox);
	if (hub->clients.count > 0 || hub->live > 0 || hub->registry.count > 0)
		abort(); /* somebody was forgotten */
	clients_release(&hub->clients);
	registry_release(&hub->registry);
	buffer_release(&hub->message);
	buffer_release(&hub->latest);
	close(hub->clients_fd);
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

void fixture_append_head(struct buffer *to, const struct hub_fixture *fixture, int user,
	struct slice query)
{
	buffer_print(to, "GET %s/ws?", fixture->config->push.path);
	buffer_append_slice(to, query);
	buffer_append_string(to, " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
				 "Sec-WebSocket-Version: 13\r\n"
				 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
	if (user >= 0)
		buffer_print(to, "Authorization: Bearer %s\r\n", fixture->tokens[user]);
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
