/* What clients hear, see hub_talk.h. */
#include "tests/unit/hub_talk.h"

#include "lib/json.h"
#include "tests/tap.h"

#include <inttypes.h>

struct hub_fixture talk_fixture;
struct hub_client talk_clients[TALK_CLIENTS];
static struct buffer heard[TALK_CLIENTS];

/* ---- what talk_clients hear, in short ---- */

static uint64_t number_of(struct json_object *message, const char *name)
{
	return json_object_get_uint64(json_object_object_get(message, name));
}

static void add_counts(struct buffer *to, const char *what, struct json_object *message)
{
	buffer_print(to, "%s %d %d %d", what, (int)number_of(message, "seq"),
		(int)number_of(message, "unreadCount"), (int)number_of(message, "unseenCount"));
}

static void add_update(struct buffer *to, struct json_object *message)
{
	struct json_object *changes = json_object_object_get(message, "changes");

	add_counts(to, json_object_object_get(message, "reset") ? "reset" : "update", message);
	for (size_t i = 0; changes && i < json_object_array_length(changes); i++) {
		struct json_object *change = json_object_array_get_idx(changes, i);

		buffer_print(to, "%s%s", i > 0 ? "," : " ",
			json_object_get_string(json_object_object_get(change, "op")));
	}
}

static void add_message(struct buffer *to, struct slice line)
{
	_cleanup_(freeing_json) struct json_object *message = NULL;
	const char *type;

	if (line.data[0] != '{') {
		buffer_append_slice(to, line);
		return;
	}
	if (json_parse(line, &message) != 0)
		abort();
	type = json_object_get_string(json_object_object_get(message, "type"));
	if (strcmp(type, "new_notification") == 0)
		add_counts(to, "new", message);
	else if (strcmp(type, "unread_count") == 0)
		add_counts(to, "count", message);
	else if (strcmp(type, "notification_update") == 0)
		add_update(to, message);
	else
		buffer_append_string(to, type);
}

static void settle(void)
{
	bool moved = true;

	while (moved) {
		moved = false;
		fixture_run(&talk_fixture);
		for (size_t i = 0; i < TALK_CLIENTS; i++)
			moved |= hub_client_read(&talk_clients[i], &talk_fixture);
	}
}

void talk_ok_heard(size_t i, const char *expected)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct slice rest;

	settle();
	rest = buffer_slice(&heard[i]);
	while (rest.len > 0) {
		const char *end = memchr(rest.data, '\n', rest.len);
		struct slice line = { rest.data, (size_t)(end - rest.data) };

		buffer_append_string(&text, text.len > 0 ? "; " : "");
		add_message(&text, line);
		rest.len -= line.len + 1;
		rest.data = end + 1;
	}
	ok_string_equal(buffer_string(&text), expected, "client %zu hears", i);
	buffer_clear(&heard[i]);
}

void talk_forget_heard(size_t i)
{
	settle();
	buffer_clear(&heard[i]);
}

/* ---- what happens ---- */

void talk_begin(void)
{
	fixture_begin(&talk_fixture);
	for (size_t i = 0; i < TALK_CLIENTS; i++)
		talk_clients[i] = (struct hub_client){ .fd = -1, .heard = &heard[i] };
}

void talk_end(void)
{
	settle();
	for (size_t i = 0; i < TALK_CLIENTS; i++)
		hub_client_check_end(&talk_clients[i], &talk_fixture);
	for (size_t i = 0; i < TALK_CLIENTS; i++) {
		hub_client_forget(&talk_clients[i]);
		buffer_release(&heard[i]);
	}
	fixture_end(&talk_fixture);
}

static void begin_client(size_t i, unsigned token)
{
	hub_client_connect(&talk_clients[i], &talk_fixture);
	talk_clients[i].spoken = true;
	talk_clients[i].user = token % HUB_MODEL_USERS;
}

void talk_stream(size_t i, unsigned token, const char *id)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	begin_client(i, token);
	if (sscanf(id, "%c:%" SCNd64, &talk_clients[i].epoch, &talk_clients[i].resumed) < 2)
		talk_clients[i].resumed = -1;
	fixture_append_stream_head(&head, &talk_fixture, (int)token, slice_of(id));
	hub_client_send(&talk_clients[i], &talk_fixture, buffer_slice(&head));
	settle();
}

void talk_connect(size_t i, unsigned token, const char *query)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	begin_client(i, token);
	if (sscanf(query, "since=%" SCNd64 "&epoch=%c", &talk_clients[i].resumed,
		    &talk_clients[i].epoch) < 2)
		talk_clients[i].resumed = -1;
	fixture_append_head(&head, &talk_fixture, (int)token, slice_of(query));
	hub_client_send(&talk_clients[i], &talk_fixture, buffer_slice(&head));
	settle();
}

unsigned talk_answer(void)
{
	unsigned n = 0;

	for (size_t waiting; (waiting = fixture_waiting(&talk_fixture)) > 0;)
		for (; waiting > 0; waiting--, n++)
			fixture_deliver(&talk_fixture, 0);
	settle();
	return n;
}

void talk_join(size_t i, unsigned token, const char *expected)
{
	talk_connect(i, token, "");
	talk_answer();
	talk_ok_heard(i, expected);
}
