/*
 * Sessions: what clients send, what the store answers, what changes and what time does, in any
 * order. The input is a script, a line an action:
 *
 *	+U SINCE EPOCH	a client connects; U: - without a token, a or b with one in the head, h
 *			without even a head; the rest may be absent
 *	?QUERY		one connects as user a with this query
 *	@N		the client that the next lines are about (0 to 7)
 *	>TEXT		it sends a text frame
 *	=U SINCE EPOCH	it sends an auth message with a token of user U; the rest may be absent
 *	!BYTES		it sends these bytes; from then on it is not known what it was told and why
 *	%		it reads nothing until the next one
 *	x		it is gone
 *	*UK		user U's inbox changes; K is c created, r read, s seen, a all read
 *	s		the store works on what it was asked
 *	.		… and its next answer arrives
 *	,		the store's next answer is a failure
 *	tN		N seconds pass
 *	e		the store begins a new life
 *
 * Whatever happens, no client has a gap: `seq` goes up by one a change but where an update tells
 * of something else, and in the end everybody who is still connected has the store's counts.
 */
#include "pushd/websocket.h"
#include "tests/unit/hub_fixture.h"

#include <errno.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 8, LINES_MAX = 400, CHANGES_MAX = 500 };

struct client {
	int fd; /* -1 = none */
	bool paused;
	bool upgraded; /* the head of the answer was taken off */
	bool greeted;
	bool counted; /* the first unread_count has come: `seq` is the last that was applied */
	bool closed;
	bool owed;   /* the store's life has changed, and it was not told yet */
	bool spoken; /* it has brought a token */
	bool wild;   /* it has sent what is not known here */
	unsigned user;
	int64_t resumed; /* the `seq` that it said it has; -1 = none */
	char epoch;	 /* … and in which life of the store */
	struct counts applied;
	struct buffer input;
};

struct play {
	struct hub_fixture fixture;
	struct client clients[CLIENTS];
	unsigned selected;
	unsigned changes;
};

static void check(bool good)
{
	if (!good)
		abort();
}

/* ---- what a client reads ---- */

static const char *find(struct slice text, const char *name)
{
	return memmem(text.data, text.len, name, strlen(name));
}

/* A number behind this name, which must be there. */
static uint64_t number(struct slice text, const char *name)
{
	const char *at = find(text, name);

	check(at);
	return strtoull(at + strlen(name), NULL, 10);
}

static struct counts counts_of(struct slice text)
{
	return (struct counts){
		.seq = number(text, "\"seq\":"),
		.unread = number(text, "\"unreadCount\":"),
		.unseen = number(text, "\"unseenCount\":"),
	};
}

/* How many changes an update names. */
static uint64_t changes_of(struct slice text)
{
	uint64_t n = 0;

	for (const char *at; (at = find(text, "{\"op\":")); n++) {
		text.len -= (size_t)(at + 1 - text.data);
		text.data = at + 1;
	}
	return n;
}

static bool is_type(struct slice text, const char *type)
{
	static const char prefix[] = "{\"type\":\"";
	size_t len = strlen(prefix), type_len = strlen(type);

	return text.len > len + type_len && memcmp(text.data, prefix, len) == 0 &&
	       memcmp(text.data + len, type, type_len) == 0 && text.data[len + type_len] == '"';
}

static void take_connected(struct client *client, struct slice text)
{
	const char *epoch = find(text, "\"epoch\":\"");

	check(!client->greeted && epoch);
	client->greeted = true;
	if (client->resumed >= 0 && client->epoch == epoch[strlen("\"epoch\":\"")])
		client->applied.seq = (uint64_t)client->resumed;
	else
		client->resumed = -1;
}

static void take_update(struct client *client, struct slice text)
{
	struct counts counts = counts_of(text);
	uint64_t changes = changes_of(text);

	check(client->greeted);
	if (changes > 0)
		check(counts.seq > client->applied.seq && counts.seq <= client->applied.seq + changes);
	else if (!find(text, "\"reset\":true"))
		check(counts.seq >= client->applied.seq);
	client->counted |= changes == 0;
	if (find(text, "\"reset\":true"))
		client->owed = false;
	client->applied = counts;
}

static void take_text(struct client *client, struct slice text)
{
	struct counts counts;

	if (client->wild) {
		return;
	} else if (is_type(text, "connected")) {
		take_connected(client, text);
	} else if (is_type(text, "new_notification")) {
		counts = counts_of(text);
		check(client->greeted && (client->counted || client->resumed >= 0));
		check(counts.seq == client->applied.seq + 1);
		check(find(text, client->user ? "\"userId\":\"b\"" : "\"userId\":\"a\""));
		client->applied = counts;
	} else if (is_type(text, "notification_update")) {
		take_update(client, text);
	} else if (is_type(text, "unread_count")) {
		counts = counts_of(text);
		check(client->greeted);
		check(counts.seq == client->applied.seq || (!client->counted && client->resumed < 0));
		client->counted = true;
		client->applied = counts;
	}
}

/* Takes the answer's head off; what is no upgrade has an end of its own. */
static bool take_head(struct client *client)
{
	struct slice input = buffer_slice(&client->input);
	const char *end = find(input, "\r\n\r\n");

	if (client->upgraded || !end)
		return client->upgraded;
	check(memcmp(input.data, "HTTP/1.1 ", 9) == 0);
	if (memcmp(input.data + 9, "101", 3) != 0)
		return false;
	client->upgraded = true;
	buffer_consume(&client->input, (size_t)(end - input.data) + 4);
	return true;
}

/* One frame off the front: whole, final, unmasked; false if there is none. */
static bool take_frame(struct client *client)
{
	const uint8_t *bytes = (const uint8_t *)client->input.data;
	size_t have = client->input.len, start = 2, len;
	struct slice payload;

	if (have < 2)
		return false;
	len = bytes[1];
	check(len <= 126);
	if (len == 126 && have < 4)
		return false;
	if (len == 126) {
		len = (size_t)bytes[2] << 8 | bytes[3];
		start = 4;
	}
	if (have < start + len)
		return false;
	check(!client->closed);
	payload = (struct slice){ client->input.data + start, len };
	if (bytes[0] == (0x80 | WEBSOCKET_TEXT))
		take_text(client, payload);
	else if (bytes[0] == (0x80 | WEBSOCKET_CLOSE))
		client->closed = true;
	else
		check(bytes[0] == (0x80 | WEBSOCKET_PING) || bytes[0] == (0x80 | WEBSOCKET_PONG));
	buffer_consume(&client->input, start + len);
	return true;
}

static void client_forget(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	buffer_release(&client->input);
	*client = (struct client){ .fd = -1 };
}

static void client_read(struct client *client)
{
	ssize_t n;

	if (client->fd < 0 || client->paused)
		return;
	do {
		char *to = buffer_reserve(&client->input, 65536);

		check(to);
		n = recv(client->fd, to, 65536, MSG_DONTWAIT);
		if (n > 0)
			client->input.len += (size_t)n;
	} while (n > 0);
	while (take_head(client) && take_frame(client))
		;
	if (n == 0 || errno != EAGAIN)
		client_forget(client);
}

/* Everybody reads and is served until nothing moves. */
static void settle(struct play *play)
{
	for (int round = 0; round < 3; round++) {
		fixture_run(&play->fixture);
		for (size_t i = 0; i < CLIENTS; i++)
			client_read(&play->clients[i]);
	}
}

/* ---- actions ---- */

static void client_send(struct play *play, struct slice bytes)
{
	struct client *client = &play->clients[play->selected];

	while (client->fd >= 0 && bytes.len > 0) {
		ssize_t n = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0) {
			bytes.data += n;
			bytes.len -= (size_t)n;
		}
		fixture_run(&play->fixture);
	}
}

static unsigned user_of(char name)
{
	return name == 'b';
}

/* "U SINCE EPOCH", of which the end may be absent. */
struct place {
	char who;
	unsigned long long since;
	char epoch;
	int given;
};

static struct place parse_place(struct slice line)
{
	_cleanup_(buffer_release) struct buffer copy = { 0 };
	struct place place = { 0 };
	char epoch[2] = "";

	buffer_append_slice(&copy, line);
	place.given = sscanf(buffer_string(&copy), "%c %18llu %1[0-9]", &place.who, &place.since, epoch);
	place.epoch = epoch[0];
	return place;
}

/* The client brings a token, and perhaps where it left off. */
static void note_token(struct client *client, const struct place *place)
{
	if (client->spoken)
		return;
	client->spoken = true;
	client->user = user_of(place->who);
	client->resumed = place->given == 3 ? (int64_t)place->since : -1;
	client->epoch = place->epoch;
}

static struct client *connect_client(struct play *play)
{
	struct client *client = &play->clients[play->selected];

	client_forget(client);
	client->fd = fixture_connect(&play->fixture);
	client->resumed = -1;
	return client;
}

static void do_connect(struct play *play, struct slice line)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 }, query = { 0 };
	struct place place = parse_place(line);
	struct client *client = connect_client(play);
	bool with_token = place.who == 'a' || place.who == 'b';

	if (place.given == 3)
		buffer_print(&query, "since=%llu&epoch=%c", place.since, place.epoch);
	if (with_token)
		note_token(client, &place);
	fixture_append_head(&bytes, &play->fixture, with_token ? (int)user_of(place.who) : -1,
		buffer_slice(&query));
	if (place.who != 'h')
		client_send(play, buffer_slice(&bytes));
}

static void do_query(struct play *play, struct slice query)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	connect_client(play)->wild = true;
	fixture_append_head(&bytes, &play->fixture, 0, query);
	client_send(play, buffer_slice(&bytes));
}

static void do_text(struct play *play, struct slice text)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	if (text.len > 60000)
		return;
	fixture_append_frame(&bytes, WEBSOCKET_TEXT, text);
	client_send(play, buffer_slice(&bytes));
}

static void do_auth(struct play *play, struct slice line)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct place place = parse_place(line);

	buffer_print(&text, "{\"type\":\"auth\",\"token\":\"%s\"",
		play->fixture.tokens[user_of(place.who)]);
	if (place.given > 1)
		buffer_print(&text, ",\"since\":%llu", place.since);
	if (place.given > 2)
		buffer_print(&text, ",\"epoch\":\"%c\"", place.epoch);
	buffer_append_string(&text, "}");
	note_token(&play->clients[play->selected], &place);
	do_text(play, buffer_slice(&text));
}

static void do_change(struct play *play, struct slice line)
{
	enum change_kind kind = CHANGE_CREATED;

	if (line.len < 2 || play->changes++ >= CHANGES_MAX)
		return;
	if (line.data[1] == 'r')
		kind = CHANGE_READ;
	if (line.data[1] == 's')
		kind = CHANGE_SEEN;
	if (line.data[1] == 'a')
		kind = CHANGE_ALL_READ;
	fixture_change(&play->fixture, user_of(line.data[0]), kind);
}

static void do_new_epoch(struct play *play)
{
	for (size_t i = 0; i < CLIENTS; i++)
		play->clients[i].owed = play->clients[i].greeted;
	fixture_new_epoch(&play->fixture);
}

static void do_line(struct play *play, struct slice line)
{
	struct slice rest = { line.data + 1, line.len - 1 };
	struct client *client = &play->clients[play->selected];
	unsigned digit = rest.len > 0 && rest.data[0] >= '0' && rest.data[0] <= '9' ?
		(unsigned)(rest.data[0] - '0') : 0;

	switch (line.data[0]) {
	case '+':
		do_connect(play, rest);
		break;
	case '?':
		do_query(play, rest);
		break;
	case '@':
		play->selected = digit % CLIENTS;
		return;
	case '>':
		do_text(play, rest);
		break;
	case '=':
		do_auth(play, rest);
		break;
	case '!':
		client->wild = true;
		client_send(play, rest);
		break;
	case '%':
		client->paused = !client->paused && client->fd >= 0;
		break;
	case 'x':
		client_forget(client);
		return; /* the hub notices when it next looks, or sends */
	case '*':
		do_change(play, rest);
		break;
	case 's':
		fixture_compute(&play->fixture);
		return;
	case '.':
		fixture_deliver(&play->fixture, 0);
		break;
	case ',':
		fixture_deliver(&play->fixture, INBOX_FAILED);
		break;
	case 't':
		fixture_pass(&play->fixture, digit * digit);
		break;
	case 'e':
		do_new_epoch(play);
		break;
	default:
		return;
	}
	if (!(rest.len > 0 && rest.data[rest.len - 1] == '~')) /* unless all this is one moment */
		settle(play);
}

/* The store answers everything and everybody reads: now all must know the same. */
static void finish(struct play *play)
{
	for (size_t i = 0; i < CLIENTS; i++)
		play->clients[i].paused = false;
	for (int round = 0; round < 100; round++) {
		settle(play);
		while (fixture_waiting(&play->fixture) > 0)
			fixture_deliver(&play->fixture, 0);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		const struct client *client = &play->clients[i];
		struct counts counts = fixture_counts(&play->fixture, client->user);

		if (client->fd < 0 || client->closed || client->wild || !client->greeted)
			continue;
		check(client->counted && !client->owed && client->applied.seq == counts.seq);
		check(client->applied.unread == counts.unread && client->applied.unseen == counts.unseen);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice script = { (const char *)data, size };
	struct play play = { 0 };

	fixture_begin(&play.fixture);
	for (size_t i = 0; i < CLIENTS; i++)
		play.clients[i].fd = -1;
	for (int i = 0; i < LINES_MAX && script.len > 0; i++) {
		const char *end = memchr(script.data, '\n', script.len);
		struct slice line = { script.data, end ? (size_t)(end - script.data) : script.len };

		script.data += line.len + (end != NULL);
		script.len -= line.len + (end != NULL);
		if (line.len > 0)
			do_line(&play, line);
	}
	finish(&play);
	for (size_t i = 0; i < CLIENTS; i++)
		client_forget(&play.clients[i]);
	fixture_end(&play.fixture);
	return 0;
}
