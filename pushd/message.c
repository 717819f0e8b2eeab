/* Messages of the contract as JSON, see message.h. */
#include "pushd/message.h"

#include "lib/json.h"
#include "lib/timestamp.h"
#include "pushd/websocket.h"

enum { HEADROOM = WEBSOCKET_HEADER_MAX };

void message_begin(struct buffer *to)
{
	buffer_clear(to);
	if (buffer_reserve(to, HEADROOM))
		to->len = HEADROOM;
}

struct slice message_frame(struct buffer *to)
{
	uint8_t header[WEBSOCKET_HEADER_MAX];
	size_t size;

	if (buffer_status(to) < 0)
		return (struct slice){ 0 };
	size = websocket_frame_header(header, WEBSOCKET_TEXT, to->len - HEADROOM);
	memcpy(to->data + HEADROOM - size, header, size);
	return (struct slice){ to->data + HEADROOM - size, to->len - HEADROOM + size };
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

static void add_counts(struct buffer *to, const struct counts *counts)
{
	add_number(to, ",\"unreadCount\":", counts->unread);
	add_number(to, ",\"unseenCount\":", counts->unseen);
	add_number(to, ",\"seq\":", counts->seq);
}

void message_auth_required(struct buffer *to)
{
	add(to, "{\"type\":\"auth_required\",\"message\":\"Send an auth message with a token\"}");
}

static void add_sentence(struct buffer *to, const char *before, const char *sentence)
{
	add(to, before);
	json_append_string(to, slice_of(sentence));
}

void message_auth_failed(struct buffer *to, enum token_error error)
{
	add_sentence(to, "{\"type\":\"auth_failed\",\"message\":", "Invalid or expired token");
	add_sentence(to, ",\"code\":", token_error_code(error));
	add(to, "}");
}

void message_connected(struct buffer *to, const char *epoch, int64_t expires)
{
	add(to, "{\"type\":\"connected\",\"message\":\"Connected\"");
	add_time(to, ",\"timestamp\":", timestamp_now());
	add_sentence(to, ",\"epoch\":", epoch);
	add_time(to, ",\"expiresAt\":", expires * 1000);
	add(to, "}");
}

void message_token_expiring(struct buffer *to, int64_t expires)
{
	add_time(to, "{\"type\":\"token_expiring\",\"expiresAt\":", expires * 1000);
	add(to, "}");
}

void message_unread_count(struct buffer *to, const struct counts *counts)
{
	add(to, "{\"type\":\"unread_count\"");
	add_counts(to, counts);
	add(to, "}");
}

size_t message_new_head(struct buffer *to, const struct change *change)
{
	add(to, "{\"type\":\"new_notification\",\"notification\":");
	buffer_append_slice(to, change->notification);
	add_time(to, ",\"timestamp\":", change->time);
	return to->len;
}

void message_new_tail(struct buffer *to, size_t head, const struct counts *counts)
{
	to->len = head;
	add_counts(to, counts);
	add(to, "}");
}

void message_new_notification(struct buffer *to, const struct change *change)
{
	message_new_tail(to, message_new_head(to, change), &change->counts);
}

void message_ping(struct buffer *to)
{
	add_time(to, "{\"type\":\"ping\",\"timestamp\":", timestamp_now());
	add(to, "}");
}

void message_pong(struct buffer *to)
{
	add(to, "{\"type\":\"pong\"}");
}

void message_error(struct buffer *to, const char *code, const char *sentence)
{
	add_sentence(to, "{\"type\":\"error\",\"message\":", sentence);
	add_sentence(to, ",\"code\":", code);
	add(to, "}");
}

void message_update(struct buffer *to, const struct counts *counts, struct slice changes,
	struct slice latest, bool reset)
{
	add(to, "{\"type\":\"notification_update\"");
	add_counts(to, counts);
	if (changes.len > 0) {
		add(to, ",\"changes\":[");
		buffer_append_slice(to, changes);
		add(to, "]");
	}
	if (reset)
		add(to, ",\"reset\":true");
	add(to, ",\"latestNotifications\":[");
	buffer_append_slice(to, latest);
	add(to, "]");
	add_time(to, ",\"timestamp\":", timestamp_now());
	add(to, "}");
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

void message_list(struct buffer *to, const struct counts *counts, struct slice notifications,
	const struct uuid *next)
{
	char id[UUID_SIZE];

	add(to, "{\"type\":\"notifications_list\",\"notifications\":[");
	buffer_append_slice(to, notifications);
	add_number(to, "],\"unreadCount\":", counts->unread);
	add_number(to, ",\"seq\":", counts->seq);
	if (next) {
		uuid_format(next, id);
		add_sentence(to, ",\"nextCursor\":", id);
	}
	add(to, "}");
}
