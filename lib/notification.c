/*
 * The notification as all programs know it, see notification.h: its types, what
 * names and categories are valid, its JSON and its bytes. What a publisher may
 * ask for is in lib/draft.c.
 *
 * The bytes, integers big endian:
 *
 *	offset	size
 *	0	1	ENCODING_VERSION
 *	1	1	enum notification_type
 *	2	1	flags: FLAG_BROADCAST
 *	3	8	created
 *	11	8	read, 0 = unread
 *	19	8	expires, 0 = never
 *	27		short category, long content
 */
#include "lib/notification.h"

#include "lib/timestamp.h"
#include "lib/utf8.h"

#include <errno.h>

enum { ENCODING_VERSION = 1, FLAG_BROADCAST = 1 };

static const char *const type_names[NOTIFICATION_TYPES] = {
	[NOTIFICATION_INFO] = "info",
	[NOTIFICATION_SUCCESS] = "success",
	[NOTIFICATION_WARNING] = "warning",
	[NOTIFICATION_ERROR] = "error",
};

const char *notification_type_name(enum notification_type type)
{
	return type_names[type];
}

int notification_type_parse(struct slice name, enum notification_type *ret_type)
{
	for (unsigned i = 0; i < NOTIFICATION_TYPES; i++) {
		if (slice_is(name, type_names[i])) {
			*ret_type = (enum notification_type)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool notification_user_valid(struct slice user)
{
	return user.len >= 1 && user.len <= NOTIFICATION_USER_MAX &&
	       utf8_length(user) != UTF8_INVALID && !utf8_has_control(user, "");
}

bool notification_category_valid(struct slice category)
{
	if (category.len < 1 || category.len > NOTIFICATION_CATEGORY_MAX)
		return false;
	for (size_t i = 0; i < category.len; i++) {
		char c = category.data[i];

		if (c == '\0' || !strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", c))
			return false;
	}
	return true;
}

/* Bytes of text that fit into n without cutting a character. */
static size_t whole_characters(struct slice text, size_t n)
{
	if (text.len <= n)
		return text.len;
	while (n > 0 && ((unsigned char)text.data[n] & 0xC0) == 0x80)
		n--;
	return n;
}

void problems_add(struct problems *problems, struct slice field, const char *sentence)
{
	struct problem *problem;
	size_t n;

	if (problems->count == ARRAY_LENGTH(problems->list))
		return;
	problem = &problems->list[problems->count++];
	n = whole_characters(field, sizeof(problem->field) - 1);
	if (n > 0)
		memcpy(problem->field, field.data, n);
	problem->field[n] = '\0';
	problem->sentence = sentence;
}

static void append_time(struct buffer *to, const char *before, int64_t time)
{
	char text[TIMESTAMP_SIZE];

	timestamp_format(time, text);
	buffer_append_string(to, before);
	buffer_append(to, text, TIMESTAMP_LENGTH);
	buffer_append(to, "\"", 1);
}

void notification_format(struct buffer *to, const struct notification *notification)
{
	char id[UUID_SIZE];

	uuid_format(&notification->id, id);
	buffer_append_string(to, "{\"id\":\"");
	buffer_append(to, id, UUID_LENGTH);
	buffer_append_string(to, "\",");
	buffer_append_slice(to, notification->content);
	append_time(to, ",\"createdAt\":\"", notification->created);
	if (notification->read)
		append_time(to, ",\"read\":true,\"readAt\":\"", notification->read);
	else
		buffer_append_string(to, ",\"read\":false");
	if (notification->broadcast)
		buffer_append_string(to, ",\"broadcast\":true");
	buffer_append(to, "}", 1);
}

void notification_encode(struct buffer *to, const struct notification *notification)
{
	encode_u8(to, ENCODING_VERSION);
	encode_u8(to, (uint8_t)notification->type);
	encode_u8(to, notification->broadcast ? FLAG_BROADCAST : 0);
	encode_u64(to, (uint64_t)notification->created);
	encode_u64(to, (uint64_t)notification->read);
	encode_u64(to, (uint64_t)notification->expires);
	encode_short(to, notification->category);
	encode_long(to, notification->content);
}

static int64_t decode_time(struct decoder *from)
{
	uint64_t time = decode_u64(from);

	if (time > TIMESTAMP_MAX)
		from->failed = true;
	return from->failed ? 0 : (int64_t)time;
}

static uint8_t decode_below(struct decoder *from, uint8_t limit)
{
	uint8_t value = decode_u8(from);

	if (value >= limit)
		from->failed = true;
	return from->failed ? 0 : value;
}

void notification_decode(struct decoder *from, struct notification *ret_notification)
{
	struct notification decoded = { 0 };

	if (decode_u8(from) != ENCODING_VERSION)
		from->failed = true;
	decoded.type = (enum notification_type)decode_below(from, NOTIFICATION_TYPES);
	decoded.broadcast = decode_below(from, FLAG_BROADCAST + 1) & FLAG_BROADCAST;
	decoded.created = decode_time(from);
	decoded.read = decode_time(from);
	decoded.expires = decode_time(from);
	decoded.category = decode_short(from);
	decoded.content = decode_long(from);
	if ((decoded.category.len > 0 && !notification_category_valid(decoded.category)) ||
		decoded.content.len < 1 || decoded.content.len > NOTIFICATION_CONTENT_MAX)
		from->failed = true;
	if (from->failed)
		decoded = (struct notification){ 0 };
	decoded.id = ret_notification->id;
	*ret_notification = decoded;
}
