/* Messages of the contract as JSON, see message.h. */
#include "pushd/message.h"

#include "lib/json.h"
#include "lib/timestamp.h"
#include "pushd/event_stream.h"
#include "pushd/websocket.h"

enum { HEADROOM = EVENT_STREAM_HEADER_MAX }; /* a frame's header is shorter */

void message_begin(struct message *to)
{
	buffer_clear(&to->text);
	if (buffer_reserve(&to->text, HEADROOM))
		to->text.len = HEADROOM;
	to->type = "";
	to->seq = MESSAGE_NO_SEQ;
}

void message_release(struct message *message)
{
	buffer_release(&message->text);
}

struct slice message_frame(struct message *message)
{
	const struct buffer *text = &message->text;
	uint8_t header[WEBSOCKET_HEADER_MAX];
	size_t size;

	if (buffer_status(text) < 0)
		return (struct slice){ 0 };
	size = websocket_frame_header(header, WEBSOCKET_TEXT, text->len - HEADROOM);
	memcpy(text->data + HEADROOM - size, header, size);
	return (struct slice){ text->data + HEADROOM - size, text->len - HEADROOM + size };
}

/*
 * An event's data is a line. In JSON the ends of lines are white space, and so are blanks; there
 * are none in what we write, but a notification comes from the log as somebody sent it.
 */
static void join_lines(char *text, const char *end)
{
	static const char line_ends[] = { '\n', '\r' };

	for (size_t i = 0; i < sizeof(line_ends); i++)
		for (char *at = text; (at = memchr(at, line_ends[i], (size_t)(end - at)));)
			*at = ' ';
}

struct slice message_event(struct message *message, const char *epoch)
{
	static const struct slice end = SLICE(EVENT_STREAM_TAIL);
	struct buffer *text = &message->text;
	char *tail = buffer_reserve(text, end.len);
	char *begin;

	if (!tail)
		return (struct slice){ 0 };
	join_lines(text->data + HEADROOM, tail);
	memcpy(tail, end.data, end.len);
	begin = event_stream_header(text->data + HEADROOM, message->type, epoch, message->seq);
	return (struct slice){ begin, (size_t)(tail - begin) + end.len };
}

static void add(struct buffer *to, const char *text)
{
	buffer_append_string(to, text);
}

static void add_number(struct buffer *to, const char *before, uint64_t number)
{
	add(to, before);
	buffer_append_decimal(to, number);
}

static void add_time(struct buffer *to, const char *before, int64_t ms)
{
	char text[TIMESTAMP_SIZE];

	timestamp_format(ms, text);
	add(to, before);
	add(to, "\"");
	add(to, text);
	add(to, "\"");
}

/* Begins the object. */
static struct buffer *open_object(struct message *to, const char *type)
{
	to->type = type;
	add(&to->text, "{\"type\":\"");
	add(&to->text, type);
	add(&to->text, "\"");
	return &to->text;
}

static void add_counts(struct message *to, const struct counts *counts)
{
	to->seq = counts->seq;
	add_number(&to->text, ",\"unreadCount\":", counts->unread);
	add_number(&to->text, ",\"unseenCount\":", counts->unseen);
	add_number(&to->text, ",\"seq\":", counts->seq);
}

void message_auth_required(struct message *to)
{
	add(open_object(to, "auth_required"), ",\"message\":\"Send an auth message with a token\"}");
}

static void add_text(struct buffer *to, const char *before, const char *text)
{
	add(to, before);
	json_append_string(to, slice_of(text));
}

void message_auth_failed(struct message *to, enum token_error error)
{
	struct buffer *text = open_object(to, "auth_failed");

	add_text(text, ",\"message\":", "Invalid or expired token");
	add_text(text, ",\"code\":", token_error_code(error));
	add(text, "}");
}

void message_connected(struct message *to, const char *epoch, int64_t expires)
{
	struct buffer *text = open_object(to, "connected");

	add(text, ",\"message\":\"Connected\"");
	add_time(text, ",\"timestamp\":", timestamp_now());
	add_text(text, ",\"epoch\":", epoch);
	add_time(text, ",\"expiresAt\":", expires * 1000);
	add(text, "}");
}

void message_token_expiring(struct message *to, int64_t expires)
{
	struct buffer *text = open_object(to, "token_expiring");

	add_time(text, ",\"expiresAt\":", expires * 1000);
	add(text, "}");
}

void message_unread_count(struct message *to, const struct counts *counts)
{
	struct buffer *text = open_object(to, "unread_count");

	add_counts(to, counts);
	add(text, "}");
}

size_t message_new_head(struct message *to, const struct change *change)
{
	struct buffer *text = open_object(to, "new_notification");

	add(text, ",\"notification\":");
	buffer_append_slice(text, change->notification);
	add_time(text, ",\"timestamp\":", change->time);
	return text->len;
}

void message_new_tail(struct message *to, size_t head, const struct counts *counts)
{
	to->text.len = head;
	add_counts(to, counts);
	add(&to->text, "}");
}

void message_new_notification(struct message *to, const struct change *change)
{
	message_new_tail(to, message_new_head(to, change), &change->counts);
}

void message_ping(struct message *to)
{
	struct buffer *text = open_object(to, "ping");

	add_time(text, ",\"timestamp\":", timestamp_now());
	add(text, "}");
}

void message_pong(struct message *to)
{
	add(open_object(to, "pong"), "}");
}

void message_error(struct message *to, const char *code, const char *sentence)
{
	struct buffer *text = open_object(to, "error");

	add_text(text, ",\"message\":", sentence);
	add_text(text, ",\"code\":", code);
	add(text, "}");
}

void message_update(struct message *to, const struct counts *counts, struct slice changes,
	struct slice latest, bool reset)
{
	struct buffer *text = open_object(to, "notification_update");

	add_counts(to, counts);
	if (changes.len > 0) {
		add(text, ",\"changes\":[");
		buffer_append_slice(text, changes);
		add(text, "]");
	}
	if (reset)
		add(text, ",\"reset\":true");
	add(text, ",\"latestNotifications\":[");
	buffer_append_slice(text, latest);
	add(text, "]");
	add_time(text, ",\"timestamp\":", timestamp_now());
	add(text, "}");
}

/* One entry for each identifier, one without for a change that names none. */
void message_add_changes(struct buffer *changes, const struct change *change)
{
	struct slice rest = change->ids;

	do {
		const char *comma = rest.len > 0 ? memchr(rest.data, ',', rest.len) : NULL;
		size_t len = comma ? (size_t)(comma - rest.data) : rest.len;

		buffer_print(changes, "%s{\"op\":\"%s\"", changes->len > 0 ? "," : "",
			change_operation_name(change->kind));
		if (len > 0)
			buffer_print(changes, ",\"id\":\"%.*s\"", (int)len, rest.data);
		add(changes, "}");
		rest.len -= len + (comma != NULL);
		rest.data = comma ? comma + 1 : NULL;
	} while (rest.len > 0);
}

bool message_add_notifications(struct buffer *to, struct inbox_answer *answer, size_t max,
	struct uuid *ret_last)
{
	struct notification notification;

	while (inbox_next_notification(answer, &notification)) {
		size_t begin = to->len;

		if (begin > 0)
			add(to, ",");
		notification_format(to, &notification);
		if (to->len > max) {
			to->len = begin;
			return false;
		}
		*ret_last = notification.id;
	}
	return true;
}

void message_list(struct message *to, const struct counts *counts, struct slice notifications,
	const struct uuid *next)
{
	struct buffer *text = open_object(to, "notifications_list");
	char id[UUID_SIZE];

	add(text, ",\"notifications\":[");
	buffer_append_slice(text, notifications);
	add_number(text, "],\"unreadCount\":", counts->unread);
	add_number(text, ",\"seq\":", counts->seq);
	if (next) {
		uuid_format(next, id);
		add_text(text, ",\"nextCursor\":", id);
	}
	add(text, "}");
}
