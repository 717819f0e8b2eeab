/* A client that checks what it is told, see hub_client.h. */
#include "tests/unit/hub_client.h"

#include "pushd/websocket.h"

#include <errno.h>
#include <sys/socket.h>

#define check(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

static const char *find(struct slice text, const char *name)
{
	return text.len > 0 ? memmem(text.data, text.len, name, strlen(name)) : NULL;
}

/* A number behind this name, which must be there. */
static uint64_t number(struct slice text, const char *name)
{
	const char *at = find(text, name);

	check(at);
	return strtoull(at + strlen(name), NULL, 10);
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

/* ---- messages ---- */

/* What the message says must have been so. Of another life of the store nothing is known. */
static struct counts take_counts(const struct hub_client *client, const struct hub_fixture *fixture,
	struct slice text)
{
	struct counts counts = {
		.seq = number(text, "\"seq\":"),
		.unread = number(text, "\"unreadCount\":"),
		.unseen = number(text, "\"unseenCount\":"),
	};
	struct counts then;

	if (client->lives > 0)
		return counts;
	check(hub_model_counts_at(fixture_model(fixture), client->user, counts.seq, &then));
	check(counts.unread == then.unread && counts.unseen == then.unseen);
	return counts;
}

static void take_connected(struct hub_client *client, const struct hub_fixture *fixture,
	struct slice text)
{
	static const char name[] = "\"epoch\":\"";
	const char *epoch = find(text, name);

	check(!client->greeted && epoch);
	epoch += strlen(name);
	client->greeted = true;
	client->lives =
		(unsigned)(*fixture_epoch(fixture) - *epoch + FIXTURE_EPOCHS) % FIXTURE_EPOCHS;
	client->owed = client->lives > 0;
	if (client->resumed >= 0 && client->epoch == *epoch)
		client->applied.seq = (uint64_t)client->resumed;
	else
		client->resumed = -1;
}

static void take_update(struct hub_client *client, const struct hub_fixture *fixture,
	struct slice text)
{
	bool reset = find(text, "\"reset\":true");
	uint64_t changes = changes_of(text);
	struct counts counts;

	if (reset)
		client->owed = false;
	if (reset && client->counted && client->lives > 0)
		client->lives--; /* a greeting's reset is of the life that is greeted with */
	counts = take_counts(client, fixture, text);
	check(client->greeted);
	if (changes > 0)
		check(client->lives > 0 || (counts.seq > client->applied.seq &&
						   counts.seq <= client->applied.seq + changes));
	else if (!reset && client->lives == 0)
		check(counts.seq >= client->applied.seq);
	client->counted |= changes == 0;
	client->applied = counts;
}

static void take_new(struct hub_client *client, const struct hub_fixture *fixture,
	struct slice text)
{
	struct counts counts = take_counts(client, fixture, text);

	check(client->greeted && (client->counted || client->resumed >= 0));
	check(client->lives > 0 || counts.seq == client->applied.seq + 1);
	check(find(text, client->user ? "\"userId\":\"b\"" : "\"userId\":\"a\"") ||
		find(text, "\"broadcast\":true"));
	client->applied = counts;
}

static void take_count(struct hub_client *client, const struct hub_fixture *fixture,
	struct slice text)
{
	struct counts counts = take_counts(client, fixture, text);

	check(client->greeted);
	check(client->lives > 0 || counts.seq == client->applied.seq ||
		(!client->counted && client->resumed < 0));
	client->counted = true;
	client->applied = counts;
}

static void take_text(struct hub_client *client, const struct hub_fixture *fixture,
	struct slice text)
{
	if (client->heard) {
		buffer_append_slice(client->heard, text);
		buffer_append_string(client->heard, "\n");
	}
	if (client->wild)
		return;
	if (is_type(text, "connected"))
		take_connected(client, fixture, text);
	else if (is_type(text, "new_notification"))
		take_new(client, fixture, text);
	else if (is_type(text, "notification_update"))
		take_update(client, fixture, text);
	else if (is_type(text, "unread_count"))
		take_count(client, fixture, text);
}

/* ---- bytes ---- */

/* Takes the answer's head off; what is no upgrade has an end of its own. */
static bool take_head(struct hub_client *client)
{
	struct slice input = buffer_slice(&client->input);
	const char *end = find(input, "\r\n\r\n");

	if (client->upgraded || !end)
		return client->upgraded;
	check(memcmp(input.data, "HTTP/1.1 ", 9) == 0);
	client->events = memcmp(input.data + 9, "200", 3) == 0;
	client->upgraded = client->events || memcmp(input.data + 9, "101", 3) == 0;
	if (!client->upgraded)
		return false;
	buffer_consume(&client->input, (size_t)(end - input.data) + 4);
	return true;
}

static void take_close(struct hub_client *client, struct slice payload)
{
	const uint8_t *bytes = (const uint8_t *)payload.data;

	client->closed = true;
	if (client->heard && payload.len >= 2)
		buffer_print(client->heard, "close %u %.*s\n", (unsigned)(bytes[0] << 8 | bytes[1]),
			(int)payload.len - 2, payload.data + 2);
}

static void take_payload(struct hub_client *client, const struct hub_fixture *fixture,
	uint8_t first, struct slice payload)
{
	check(!client->closed);
	if (first == (0x80 | WEBSOCKET_TEXT))
		take_text(client, fixture, payload);
	else if (first == (0x80 | WEBSOCKET_CLOSE))
		take_close(client, payload);
	else
		check(first == (0x80 | WEBSOCKET_PING) || first == (0x80 | WEBSOCKET_PONG));
}

/* One frame off the front: whole, final, unmasked; false if there is none. */
static bool take_frame(struct hub_client *client, const struct hub_fixture *fixture)
{
	const uint8_t *bytes = (const uint8_t *)client->input.data;
	size_t have = client->input.len, start = 2, len;

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
	take_payload(client, fixture, bytes[0], (struct slice){ client->input.data + start, len });
	buffer_consume(&client->input, start + len);
	return true;
}

/* ---- streams of events ---- */

/* A field of an event, off its front; absent if it begins with another one. */
static struct slice take_field(struct slice *event, const char *name)
{
	size_t len = strlen(name);
	struct slice value = { 0 };
	const char *end;

	if (event->len < len || memcmp(event->data, name, len) != 0)
		return value;
	end = memchr(event->data, '\n', event->len);
	check(end);
	value = (struct slice){ event->data + len, (size_t)(end - event->data) - len };
	event->len -= (size_t)(end + 1 - event->data);
	event->data = end + 1;
	return value;
}

/* The id is there if the message bears a `seq`, and says it behind the life's name. */
static void check_id(struct slice id, struct slice data)
{
	check((id.data != NULL) == (find(data, "\"seq\":") != NULL));
	if (id.data) {
		check(id.len > 2 && id.data[1] == ':');
		check(strtoull(id.data + 2, NULL, 10) == number(data, "\"seq\":"));
	}
}

static void take_end(struct hub_client *client, struct slice data)
{
	static const char name[] = "\"code\":\"";
	const char *code = find(data, name);

	check(code);
	code += strlen(name);
	client->closed = true;
	if (client->heard)
		buffer_print(client->heard, "end %.*s\n", (int)strcspn(code, "\""), code);
}

static void take_fields(struct hub_client *client, const struct hub_fixture *fixture,
	struct slice event)
{
	_cleanup_(buffer_release) struct buffer type = { 0 };
	struct slice id, data;

	buffer_append_slice(&type, take_field(&event, "event: "));
	id = take_field(&event, "id: ");
	data = take_field(&event, "data: ");
	check(event.len == 0 && is_type(data, buffer_string(&type)));
	check_id(id, data);
	if (slice_is(buffer_slice(&type), "error"))
		take_end(client, data);
	else
		take_text(client, fixture, data);
}

/* One event off the front, or what is none; false if there is nothing. */
static bool take_event(struct hub_client *client, const struct hub_fixture *fixture)
{
	const char *end = find(buffer_slice(&client->input), "\n\n");
	struct slice event;

	if (!end)
		return false;
	check(!client->closed);
	event = (struct slice){ client->input.data, (size_t)(end + 1 - client->input.data) };
	if (!take_field(&event, "retry: ").data && !take_field(&event, ":").data)
		take_fields(client, fixture, event);
	else
		check(event.len == 0);
	buffer_consume(&client->input, (size_t)(end + 2 - client->input.data));
	return true;
}

static bool take_next(struct hub_client *client, const struct hub_fixture *fixture)
{
	return client->events ? take_event(client, fixture) : take_frame(client, fixture);
}

/* ---- the connection ---- */

void hub_client_connect(struct hub_client *client, struct hub_fixture *fixture)
{
	hub_client_forget(client);
	client->fd = fixture_connect(fixture);
	client->resumed = -1;
}

void hub_client_forget(struct hub_client *client)
{
	struct buffer *heard = client->heard;

	if (client->fd >= 0)
		close(client->fd);
	buffer_release(&client->input);
	*client = (struct hub_client){ .fd = -1, .heard = heard };
}

void hub_client_send(struct hub_client *client, struct hub_fixture *fixture, struct slice bytes)
{
	while (client->fd >= 0 && bytes.len > 0) {
		ssize_t n = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0) {
			bytes.data += n;
			bytes.len -= (size_t)n;
		}
		fixture_run(fixture);
	}
}

void hub_client_say(struct hub_client *client, struct hub_fixture *fixture, struct slice text)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	if (text.len > 60000)
		return;
	fixture_append_frame(&bytes, WEBSOCKET_TEXT, text);
	hub_client_send(client, fixture, buffer_slice(&bytes));
}

bool hub_client_read(struct hub_client *client, const struct hub_fixture *fixture)
{
	size_t before = client->input.len;
	char bytes[8192];
	bool moved;
	ssize_t n;

	if (client->fd < 0 || client->paused)
		return false;
	while ((n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buffer_append(&client->input, bytes, (size_t)n);
	check(buffer_status(&client->input) == 0);
	moved = client->input.len > before || n == 0;
	while (take_head(client) && take_next(client, fixture))
		;
	if (n == 0 || errno != EAGAIN)
		hub_client_forget(client);
	return moved;
}

void hub_client_note_new_life(struct hub_client *client)
{
	client->owed |= client->greeted;
	client->lives += client->greeted;
}

void hub_client_check_end(const struct hub_client *client, const struct hub_fixture *fixture)
{
	struct counts counts = hub_model_counts(fixture_model(fixture), client->user);

	if (client->fd < 0 || client->closed || client->wild || !client->upgraded ||
		!client->spoken)
		return;
	check(client->greeted && client->counted && !client->owed);
	check(client->applied.unread == counts.unread && client->applied.unseen == counts.unseen);
	check(client->applied.seq == counts.seq ||
		/* where a stranger begins may rise without a change */
		!hub_model_knows(fixture_model(fixture), client->user));
}
